"""Matrix products, pooling, upsampling, padding and row lookup.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
import torch.nn.functional as F

from golden import Golden, seed

#          name                     a              axes        b             axes        y axes
MATMUL = [("plain",                 (3, 4),        "M K",      (4, 5),       "K N",      "M N"),
          ("inner_one",             (3, 1),        "M K",      (1, 5),       "K N",      "M N"),
          ("row_by_column",         (1, 4),        "M K",      (4, 1),       "K N",      "M N"),
          ("batch",                 (2, 3, 4),     "A M K",    (2, 4, 5),    "A K N",    "A M N"),
          ("batch_by_matrix",       (6, 2, 3),     "A M K",    (3, 5),       "K N",      "A M N"),
          ("matrix_by_batch",       (2, 3),        "M K",      (6, 3, 5),    "A K N",    "A M N"),
          ("batch_one_by_many",     (1, 2, 3),     "1 M K",    (4, 3, 5),    "A K N",    "A M N"),
          ("two_batch_axes",        (2, 1, 3, 4),  "A 1 M K",  (5, 4, 6),    "B K N",    "A B M N"),
          ("batch_both_ways",       (3, 1, 2, 4),  "A 1 M K",  (1, 2, 4, 5), "1 B K N",  "A B M N"),
          ("left_transposed",       (2, 4, 3),     "A K M",    (2, 4, 5),    "A K N",    "A M N"),
          ("right_transposed",      (2, 3, 4),     "A M K",    (2, 5, 4),    "A N K",    "A M N"),
          ("both_transposed",       (2, 4, 3),     "A K M",    (5, 4),       "N K",      "A M N")]


def matmul(g):
    for name, a, a_axes, b, b_axes, y_axes in MATMUL:
        case = f"matmul_{name}"
        seed(case)
        ta, tb = name in ("left_transposed", "both_transposed"), name in ("right_transposed", "both_transposed")
        g.grad(case, "matmul", {"transpose_a": ta, "transpose_b": tb},
               lambda a, b: (a.mT if ta else a) @ (b.mT if tb else b), {"a": (torch.randn(a), a_axes), "b": (torch.randn(b), b_axes)},
               y_axes)


#        name                    L   K  stride pad count_include_pad
POOL = [("plain",                10, 2, 2, 0, True),
        ("remainder",            11, 3, 3, 0, True),
        ("overlap",              9,  3, 1, 0, True),
        ("stride_over_window",   12, 2, 3, 0, True),
        ("padded_counted",       9,  4, 2, 1, True),
        ("padded_not_counted",   9,  4, 2, 1, False),
        ("whole",                6,  6, 6, 0, True)]


def pooling(g):
    for name, length, k, stride, pad, count in POOL:
        case = f"avg_pool1d_{name}"
        seed(case)
        g.grad(case, "avg_pool1d", {"window": k, "stride": stride, "padding": pad, "count_include_pad": count},
               lambda x: F.avg_pool1d(x, k, stride, pad, False, count), {"x": (torch.randn(2, 3, length), "N C L")}, "N C M")
    for scale in (1, 2, 3):
        case = f"upsample_nearest_{scale}"
        seed(case)
        g.grad(case, "upsample_nearest", {"scale": scale}, lambda x: F.interpolate(x, scale_factor=scale, mode="nearest"),
               {"x": (torch.randn(2, 3, 5), "N C L")}, "N C M")


def padding(g):
    for mode in ("constant", "reflect", "replicate"):
        for left, right in [(2, 3), (4, 0), (0, 1)]:
            case = f"pad_{mode}_{left}_{right}"
            seed(case)
            params = {"mode": mode, "left": left, "right": right} | ({"value": 0.5} if mode == "constant" else {})
            fill = {"value": 0.5} if mode == "constant" else {}
            g.grad(case, "pad", params, lambda x: F.pad(x, (left, right), mode, **fill),
                   {"x": (torch.randn(2, 3, 5), "N C L")}, "N C M")


def gather(g):
    seed("gather_rows")
    ids = torch.tensor([[0, 3, 3, 6, 1], [3, 0, 6, 6, 5], [1, 1, 1, 0, 3]])  # rows 2 and 4 are never chosen
    g.grad("gather_rows", "gather_rows", {}, lambda table, ids: table[ids],
           {"table": (torch.randn(7, 4), "K D"), "ids": (ids, "N L")}, "N L D")
    seed("gather_rows_vector")
    g.grad("gather_rows_vector", "gather_rows", {}, lambda table, ids: table[ids],
           {"table": (torch.randn(3, 2), "K D"), "ids": (torch.tensor([2, 2, 0, 2, 1, 0, 2]), "N")}, "N D")


def main():
    g = Golden()
    matmul(g)
    pooling(g)
    padding(g)
    gather(g)
    g.save("shape.safetensors")


if __name__ == "__main__":
    main()
