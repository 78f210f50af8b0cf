"""conv1d and conv_transpose1d: every way to be wrong by one.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
import torch.nn.functional as F

from golden import Golden, seed

#        name                    N  C  L   O  K  stride dilation groups pad    bias
CONV = [("plain",                3, 4, 11, 5, 3, 1, 1, 1, (0, 0), True),
        ("no_bias",              2, 3, 9,  5, 4, 1, 1, 1, (0, 0), False),
        ("same",                 2, 3, 10, 6, 5, 1, 1, 1, (2, 2), True),
        ("batch_one",            1, 4, 9,  3, 3, 1, 1, 1, (1, 1), True),
        ("one_tap",              3, 4, 7,  5, 1, 1, 1, 1, (0, 0), True),
        ("one_tap_stride2",      2, 3, 8,  4, 1, 2, 1, 1, (0, 0), True),
        ("one_channel_in",       3, 1, 10, 4, 3, 1, 1, 1, (1, 1), True),
        ("one_channel_out",      2, 5, 8,  1, 3, 1, 1, 1, (1, 1), True),
        ("one_everything",       1, 1, 1,  1, 1, 1, 1, 1, (0, 0), True),
        ("kernel_covers_length", 2, 3, 5,  4, 5, 1, 1, 1, (0, 0), True),
        ("kernel_over_length",   2, 3, 2,  4, 5, 1, 1, 1, (2, 2), True),
        ("stride2",              2, 3, 12, 5, 4, 2, 1, 1, (1, 1), True),
        ("stride2_remainder",    3, 2, 13, 5, 4, 2, 1, 1, (0, 0), True),
        ("stride3_remainder",    1, 4, 17, 3, 3, 3, 1, 1, (0, 0), True),
        ("stride3_over_taps",    2, 3, 16, 4, 2, 3, 1, 1, (1, 0), True),
        ("causal",               2, 3, 9,  4, 3, 1, 1, 1, (2, 0), True),
        ("causal_dilation3",     3, 2, 11, 4, 3, 1, 3, 1, (6, 0), True),
        ("asymmetric",           2, 3, 9,  5, 4, 1, 1, 1, (1, 2), True),
        ("asymmetric_stride2",   3, 4, 10, 2, 5, 2, 1, 1, (3, 1), True),
        ("dilation2",            2, 3, 12, 4, 3, 1, 2, 1, (2, 2), True),
        ("dilation2_stride2",    3, 2, 14, 5, 3, 2, 2, 1, (1, 1), True),
        ("dilation3_stride2_remainder", 2, 3, 15, 4, 3, 2, 3, 1, (0, 1), True),
        ("groups2",              2, 4, 9,  6, 3, 1, 1, 2, (1, 1), True),
        ("groups3_stride2",      3, 6, 11, 3, 4, 2, 1, 3, (1, 1), True),
        ("depthwise",            2, 5, 9,  5, 3, 1, 1, 5, (1, 1), True),
        ("depthwise_doubled",    3, 3, 10, 6, 4, 1, 1, 3, (2, 1), False),
        ("depthwise_stride2_dilation2", 1, 4, 13, 4, 3, 2, 2, 4, (2, 2), True)]

#           name                 N  C  L  O  K  stride pad output_padding dilation groups bias
TRANSPOSE = [("plain",           3, 4, 7, 5, 3, 1, 0, 0, 1, 1, True),
             ("no_bias",         2, 3, 6, 4, 4, 1, 0, 0, 1, 1, False),
             ("batch_one",       1, 3, 6, 4, 3, 2, 1, 0, 1, 1, True),
             ("one_tap",         3, 4, 5, 2, 1, 1, 0, 0, 1, 1, True),
             ("one_tap_stride2", 2, 3, 5, 4, 1, 2, 0, 1, 1, 1, True),
             ("one_channel",     2, 1, 6, 1, 3, 2, 1, 1, 1, 1, True),
             ("length_one",      2, 3, 1, 4, 5, 3, 0, 0, 1, 1, True),
             ("padding2",        2, 3, 8, 5, 5, 1, 2, 0, 1, 1, True),
             ("stride2",         2, 4, 7, 3, 4, 2, 1, 0, 1, 1, True),
             ("stride2_output_padding1", 3, 2, 6, 5, 3, 2, 1, 1, 1, 1, True),
             ("stride3",         2, 3, 5, 4, 3, 3, 0, 0, 1, 1, True),
             ("stride3_output_padding2", 1, 4, 5, 3, 5, 3, 1, 2, 1, 1, True),
             ("stride3_over_taps", 3, 2, 5, 4, 2, 3, 0, 1, 1, 1, True),
             ("dilation2",       2, 3, 7, 4, 3, 1, 1, 0, 2, 1, True),
             ("dilation2_stride2_output_padding1", 3, 2, 6, 4, 3, 2, 2, 1, 2, 1, True),
             ("groups2",         2, 4, 6, 6, 3, 2, 1, 0, 1, 2, True),
             ("depthwise",       3, 5, 6, 5, 4, 2, 1, 0, 1, 5, True),
             ("depthwise_doubled", 2, 3, 7, 6, 3, 1, 1, 0, 1, 3, False)]


def bias_input(bias, channels):
    return {"b": (torch.randn(channels), "O")} if bias else {}


def conv1d(g):
    for name, n, c, length, o, k, stride, dilation, groups, pad, bias in CONV:
        case = f"conv1d_{name}"
        seed(case)
        inputs = {"x": (torch.randn(n, c, length), "N C L"), "w": (torch.randn(o, c // groups, k), "O C/G K")}
        inputs |= bias_input(bias, o)
        params = {"stride": stride, "dilation": dilation, "groups": groups, "pad_left": pad[0], "pad_right": pad[1]}
        g.grad(case, "conv1d", params, lambda x, w, b=None: F.conv1d(F.pad(x, pad), w, b, stride, 0, dilation, groups),
               inputs, "N O M")


def conv_transpose1d(g):
    for name, n, c, length, o, k, stride, pad, out_pad, dilation, groups, bias in TRANSPOSE:
        case = f"conv_transpose1d_{name}"
        seed(case)
        inputs = {"x": (torch.randn(n, c, length), "N C L"), "w": (torch.randn(c, o // groups, k), "C O/G K")}
        inputs |= bias_input(bias, o)
        params = {"stride": stride, "padding": pad, "output_padding": out_pad, "dilation": dilation, "groups": groups}
        g.grad(case, "conv_transpose1d", params,
               lambda x, w, b=None: F.conv_transpose1d(x, w, b, stride, pad, out_pad, groups, dilation), inputs, "N O M")


def main():
    g = Golden()
    conv1d(g)
    conv_transpose1d(g)
    g.save("conv.safetensors")


if __name__ == "__main__":
    main()
