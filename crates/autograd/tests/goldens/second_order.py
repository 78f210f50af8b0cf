"""Hessian-vector products of f = <dy, y(inputs)>: dy fixed, one direction "v" + NAME for every input at once.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
import torch.nn.functional as F
from torch.autograd.functional import hvp

from golden import Golden, seed
from elementwise import snake
from reduce import layer_norm


def two_convs(x, w1, b1, w2, b2):
    hidden = F.gelu(F.conv1d(x, w1, b1, stride=2, padding=1))
    return torch.tanh(F.conv1d(hidden, w2, b2, dilation=2))


def conv_and_back(x, w1, w2):
    return F.conv_transpose1d(F.silu(F.conv1d(x, w1, stride=2)), w2, stride=2, padding=1)


def record(g, case, op, params, fn, inputs, y_axes):
    """The gradient too: a Hessian-vector product is only worth checking once that is right."""
    names, leaves = list(inputs), tuple(t for t, _ in inputs.values())
    directions = tuple(torch.randn_like(t) for t in leaves)
    dy = torch.randn(fn(*leaves).shape)
    products = hvp(lambda *args: (dy * fn(*args)).sum(), leaves, directions)[1]
    tracked = [t.clone().requires_grad_() for t in leaves]
    y = fn(*tracked)
    grads = torch.autograd.grad((dy * y).sum(), tracked)
    tensors = {n: inputs[n] for n in names} | {"y": (y, y_axes), "dy": (dy, y_axes)}
    for n, v, grad, product in zip(names, directions, grads, products):
        axes = inputs[n][1]
        tensors |= {"v" + n: (v, axes), "d" + n: (grad, axes), "hv" + n: (product, axes)}
    g.add(case, op, params, tensors)


def main():
    g = Golden()
    seed("two_convs")
    record(g, "two_convs", "tanh(conv1d(gelu_exact(conv1d(x, w1, b1)), w2, b2))",
           {"first": {"stride": 2, "padding": 1, "dilation": 1}, "second": {"stride": 1, "padding": 0, "dilation": 2}}, two_convs,
           {"x": (torch.randn(2, 3, 11), "N C L"), "w1": (torch.randn(4, 3, 4) / 3, "H C K"), "b1": (torch.randn(4), "H"),
            "w2": (torch.randn(5, 4, 2) / 3, "O H J"), "b2": (torch.randn(5), "O")}, "N O M")
    seed("conv_and_back")
    record(g, "conv_and_back", "conv_transpose1d(silu(conv1d(x, w1)), w2)",
           {"first": {"stride": 2, "padding": 0}, "second": {"stride": 2, "padding": 1}}, conv_and_back,
           {"x": (torch.randn(2, 2, 9), "N C L"), "w1": (torch.randn(3, 2, 3), "H C K"), "w2": (torch.randn(3, 4, 3), "H O J")},
           "N O M")
    seed("layer_norm")
    record(g, "layer_norm", "layer_norm over the last axis", {"eps": 1e-5}, layer_norm,
           {"x": (torch.randn(3, 5), "N C"), "gamma": (torch.randn(5), "C"), "beta": (torch.randn(5), "C")}, "N C")
    seed("cross_entropy")
    target = torch.tensor([2, 0, 3])
    record(g, "cross_entropy", "mean over rows of logsumexp(x w) - (x w)[row, target[row]]", {"target": target.tolist()},
           lambda x, w: F.cross_entropy(x @ w, target),
           {"x": (torch.randn(3, 5), "N C"), "w": (torch.randn(5, 4), "C K")}, "")
    seed("softmax")
    record(g, "softmax", "softmax", {"axis": 1}, lambda x: F.softmax(x, 1), {"x": (torch.randn(3, 4), "A B")}, "A B")
    seed("snake")
    record(g, "snake", "snake", {}, snake,
           {"x": (torch.randn(2, 3, 4), "N C L"), "alpha": (0.3 + torch.rand(3, 1), "C 1")}, "N C L")
    for name, fn in [("gelu_exact", F.gelu), ("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")), ("silu", F.silu),
                     ("elu", F.elu), ("softplus", F.softplus), ("tanh", torch.tanh)]:
        seed(f"second {name}")
        record(g, name, name, {}, fn, {"x": (2 * torch.randn(5), "A")}, "A")
    g.save("second_order.safetensors")


if __name__ == "__main__":
    main()
