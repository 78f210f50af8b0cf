"""Activations on ordinary and on far-out inputs, the conventions at kinks, and broadcasting arithmetic.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
import torch.nn.functional as F

from golden import Golden, seed

ACTIVATIONS = [("relu", {}, F.relu),
               ("sigmoid", {}, torch.sigmoid),
               ("tanh", {}, torch.tanh),
               ("erf", {}, torch.erf),
               ("gelu_exact", {"approximate": "none"}, F.gelu),
               ("gelu_tanh", {"approximate": "tanh"}, lambda x: F.gelu(x, approximate="tanh")),
               ("elu", {"alpha": 1.0}, F.elu),
               ("elu_alpha", {"alpha": 0.7}, lambda x: F.elu(x, 0.7)),
               ("silu", {}, F.silu),
               ("softplus", {"beta": 1.0, "threshold": 20.0}, F.softplus),
               ("softplus_beta", {"beta": 2.0, "threshold": 20.0}, lambda x: F.softplus(x, 2.0)),
               ("leaky_relu", {"slope": 0.01}, F.leaky_relu),
               ("leaky_relu_slope", {"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2)),
               ("log_sigmoid", {}, F.logsigmoid)]

# No kink among them: from where exp overflows down to where x² underflows to nothing beside x.
FAR = [-1000.0, -710.0, -40.0, -19.0, -6.0, -1e-3, -1e-9, 1e-9, 1e-3, 6.0, 9.9, 10.1, 19.0, 21.0, 40.0, 710.0, 1000.0]


def snake(x, alpha):
    return x + torch.sin(alpha * x) ** 2 / alpha


def activations(g):
    for name, params, fn in ACTIVATIONS:
        op = name.removesuffix("_alpha").removesuffix("_beta").removesuffix("_slope")
        seed(name)
        g.grad(name, op, params, fn, {"x": (2 * torch.randn(4, 7), "A B")}, "A B")
        g.grad(f"{name}_far", op, params, fn, {"x": (torch.tensor(FAR), "A")}, "A")
    seed("snake")
    inputs = {"x": (2 * torch.randn(2, 3, 5), "N C L"), "alpha": (0.3 + 2 * torch.rand(3, 1), "C 1")}
    g.grad("snake", "snake", {}, snake, inputs, "N C L")


KINKS = [("relu", {}, F.relu, [-1.0, 0.0, 1.0]),
         ("leaky_relu", {"slope": 0.2}, lambda x: F.leaky_relu(x, 0.2), [-1.0, 0.0, 1.0]),
         ("elu", {"alpha": 0.7}, lambda x: F.elu(x, 0.7), [-1.0, 0.0, 1.0]),
         ("abs", {}, torch.abs, [-1.0, 0.0, 1.0]),
         ("clamp", {"min": -0.5, "max": 2.0}, lambda x: x.clamp(-0.5, 2.0), [-1.0, -0.5, 0.3, 2.0, 3.0])]


def kinks(g):
    for op, params, fn, values in KINKS:
        seed(f"{op}_kink")
        g.grad(f"{op}_kink", op, params, fn, {"x": (torch.tensor(values), "A")}, "A")
    for op, fn in [("maximum", torch.maximum), ("minimum", torch.minimum)]:
        seed(f"{op}_tie")
        inputs = {"a": (torch.tensor([[1.0, 2.0, 3.0], [0.0, -1.0, 5.0]]), "A B"), "b": (torch.tensor([2.0, 2.0, 5.0]), "B")}
        g.grad(f"{op}_tie", op, {}, fn, inputs, "A B")


BROADCAST = [("same", (3, 4), (3, 4)), ("row", (3, 4), (4,)), ("column", (3, 4), (3, 1)), ("both", (3, 1, 5), (4, 1)),
             ("scalar", (), (2, 3)), ("rank", (5,), (2, 1, 3, 5))]
ARITHMETIC = [("add", torch.add), ("sub", torch.sub), ("mul", torch.mul), ("div", torch.div), ("pow", torch.pow)]
LETTERS = "A B C D".split()


def axes(shape):
    return " ".join(LETTERS[4 - len(shape):])


def broadcasting(g):
    for name, a, b in BROADCAST:
        for op, fn in ARITHMETIC:
            case = f"{op}_broadcast_{name}"
            seed(case)
            left = torch.rand(a) + 0.5 if op == "pow" else torch.randn(a)
            right = torch.rand(b) + 0.5 if op == "div" else torch.randn(b)
            out = torch.broadcast_shapes(a, b)
            g.grad(case, op, {}, fn, {"a": (left, axes(a)), "b": (right, axes(b))}, axes(out))


def main():
    g = Golden()
    activations(g)
    kinks(g)
    broadcasting(g)
    g.save("elementwise.safetensors")


if __name__ == "__main__":
    main()
