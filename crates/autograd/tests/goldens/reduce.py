"""Softmax, logsumexp, normalizations written out, and how maxima share a gradient among ties.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
import torch.nn.functional as F

from golden import Golden, seed


def softmax_family(g):
    for op, fn in [("softmax", F.softmax), ("log_softmax", F.log_softmax)]:
        for axis in range(3):
            case = f"{op}_axis{axis}"
            seed(case)
            x = 3 * torch.randn(3, 4, 5)
            g.grad(case, op, {"axis": axis}, lambda x: fn(x, dim=axis), {"x": (x, "A B C")}, "A B C")
        seed(f"{op}_large")
        x = torch.randn(3, 4) * torch.tensor([[1.0], [300.0], [1.0]]) + torch.tensor([[0.0], [0.0], [1e4]])
        g.grad(f"{op}_large", op, {"axis": 1}, lambda x: fn(x, dim=1), {"x": (x, "A B")}, "A B")
    seed("softmax_masked")
    x = torch.randn(3, 5)
    x[0, 1:3] = x[2, 4] = -torch.inf
    g.grad("softmax_masked", "softmax", {"axis": 1}, lambda x: F.softmax(x, dim=1), {"x": (x, "A B")}, "A B")


def logsumexp(g):
    letters = "A B C".split()
    for dims in [(0,), (1,), (2,), (0, 1), (0, 2), (1, 2), (0, 1, 2)]:
        for keep in (False, True):
            case = "logsumexp_axes" + "".join(map(str, dims)) + ("_keepdim" if keep else "")
            seed(case)
            out = " ".join(("1" if i in dims else a) for i, a in enumerate(letters) if keep or i not in dims)
            g.grad(case, "logsumexp", {"axes": dims, "keepdim": keep}, lambda x: torch.logsumexp(x, dims, keep),
                   {"x": (2 * torch.randn(2, 3, 4), "A B C")}, out)
    seed("logsumexp_large")
    x = torch.tensor([[1e4, 1e4 + 1, -1e4], [-800.0, -801.0, -805.0], [0.0, -torch.inf, 2.0]])
    g.grad("logsumexp_large", "logsumexp", {"axes": [1], "keepdim": False}, lambda x: torch.logsumexp(x, 1),
           {"x": (x, "A B")}, "A")


def layer_norm(x, gamma, beta, eps=1e-5):
    mean = x.mean(-1, keepdim=True)
    var = ((x - mean) ** 2).mean(-1, keepdim=True)
    return (x - mean) / torch.sqrt(var + eps) * gamma + beta


def rms_norm(x, gamma, eps=1e-6):
    return x / torch.sqrt((x ** 2).mean(-1, keepdim=True) + eps) * gamma


def normalizations(g):
    seed("layer_norm")
    x, gamma, beta = 3 * torch.randn(2, 3, 5) + 1, torch.randn(5), torch.randn(5)
    assert torch.allclose(layer_norm(x, gamma, beta), F.layer_norm(x, (5,), gamma, beta), atol=1e-13)
    g.grad("layer_norm", "layer_norm", {"eps": 1e-5}, layer_norm,
           {"x": (x, "N L C"), "gamma": (gamma, "C"), "beta": (beta, "C")}, "N L C")
    seed("rms_norm")
    x, gamma = torch.randn(2, 4, 5), torch.randn(5)
    assert torch.allclose(rms_norm(x, gamma), F.rms_norm(x, (5,), gamma, 1e-6), atol=1e-13)
    g.grad("rms_norm", "rms_norm", {"eps": 1e-6}, rms_norm, {"x": (x, "N L C"), "gamma": (gamma, "C")}, "N L C")
    for axis in (1, 2):
        seed(f"l2_normalize_axis{axis}")
        g.grad(f"l2_normalize_axis{axis}", "l2_normalize", {"axis": axis, "eps": 1e-12},
               lambda x: F.normalize(x, dim=axis), {"x": (torch.randn(2, 3, 5), "A B C")}, "A B C")
    # Row 0 is shorter than eps: it is divided by eps, and its norm gets no gradient. Row 1 is zero.
    seed("l2_normalize_short_rows")
    x = torch.randn(4, 5)
    x[0] *= 0.01
    x[1] = 0.0
    g.grad("l2_normalize_short_rows", "l2_normalize", {"axis": 1, "eps": 0.25}, lambda x: F.normalize(x, dim=1, eps=0.25),
           {"x": (x, "A B")}, "A B")
    for correction in (0, 1):
        seed(f"variance{correction}")
        g.grad(f"variance_correction{correction}", "variance", {"axes": [0, 2], "correction": correction},
               lambda x: x.var((0, 2), correction=correction), {"x": (torch.randn(2, 3, 4), "A B C")}, "B")


def extrema(g):
    """Small integers, so that every row has ties."""
    for op, fn in [("amax", torch.amax), ("amin", torch.amin)]:
        for dims, keep, out in [((1,), False, "A C"), ((2,), True, "A B 1"), ((0, 2), False, "B"), ((0, 1, 2), False, "")]:
            case = f"{op}_axes" + "".join(map(str, dims)) + ("_keepdim" if keep else "")
            seed(case)
            x = torch.randint(0, 3, (3, 4, 5)).double()
            g.grad(case, op, {"axes": dims, "keepdim": keep, "ties": "shared equally"}, lambda x: fn(x, dims, keep),
                   {"x": (x, "A B C")}, out)
    for op, fn in [("max_with_index", torch.max), ("min_with_index", torch.min)]:
        seed(op)
        x = torch.randint(0, 3, (4, 6)).double()
        index = fn(x, 1).indices
        g.grad(op, op, {"axis": 1, "ties": "all to the returned index"}, lambda x: fn(x, 1).values, {"x": (x, "A B")}, "A",
               {"index": (index, "A")})
    for op, fn in [("sum", torch.sum), ("mean", torch.mean)]:
        for dims, keep, out in [((1,), False, "A C"), ((0, 2), True, "1 B 1"), ((0, 1, 2), False, "")]:
            case = f"{op}_axes" + "".join(map(str, dims)) + ("_keepdim" if keep else "")
            seed(case)
            g.grad(case, op, {"axes": dims, "keepdim": keep}, lambda x: fn(x, dims, keep),
                   {"x": (torch.randn(2, 3, 4), "A B C")}, out)


def main():
    g = Golden()
    softmax_family(g)
    logsumexp(g)
    normalizations(g)
    extrema(g)
    g.save("reduce.safetensors")


if __name__ == "__main__":
    main()
