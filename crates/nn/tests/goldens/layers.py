"""Layers with all parameters random: outputs, gradients, and batch norm's running statistics.

    pip install torch==2.15.0 safetensors numpy
"""
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

from common import Golden, seed


class ResidualBlock(nn.Module):
    """y = x + conv2(gelu(conv1(gelu(x)))), conv1 dilated and length-preserving, conv2 with one tap."""

    def __init__(self, channels, hidden, dilation):
        super().__init__()
        self.conv1 = nn.Conv1d(channels, hidden, 3, padding=dilation, dilation=dilation)
        self.conv2 = nn.Conv1d(hidden, channels, 1)

    def forward(self, x):
        return x + self.conv2(nn.functional.gelu(self.conv1(nn.functional.gelu(x))))


def randomize(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape))
        for name, b in module.named_buffers():
            if b.is_floating_point():
                b.copy_(torch.rand(b.shape) + 0.5 if name.endswith("var") else torch.randn(b.shape))


def layer(g, case, op, params, module, x, x_axes, y_axes, axes):
    """`axes` names the axes of each state-dict entry. Buffers are stored before, and after if they changed."""
    randomize(module)
    before = {n: b.clone() for n, b in module.named_buffers()}
    parameters = dict(module.named_parameters())
    if x.is_floating_point():
        x.requires_grad_()
    y = module(x)
    dy = torch.randn(y.shape)
    leaves = ({"x": x} if x.requires_grad else {}) | parameters
    grads = torch.autograd.grad(y, list(leaves.values()), dy)
    tensors = {"x": (x, x_axes), "y": (y, y_axes), "dy": (dy, y_axes)}
    tensors |= {n: (p, axes[n]) for n, p in parameters.items()}
    tensors |= {"d" + n: (grad, x_axes if n == "x" else axes[n]) for n, grad in zip(leaves, grads)}
    tensors |= {n: (b, axes[n]) for n, b in before.items()}
    tensors |= {f"after.{n}": (b, axes[n]) for n, b in module.named_buffers() if not torch.equal(b, before[n])}
    g.add(case, op, params, tensors)


AFFINE = {"weight": "C", "bias": "C"}
BATCH = AFFINE | {"running_mean": "C", "running_var": "C", "num_batches_tracked": ""}


def linear_and_conv(g):
    for case, bias in [("linear", True), ("linear_no_bias", False)]:
        seed(case)
        layer(g, case, "Linear", {}, nn.Linear(4, 5, bias=bias), torch.randn(2, 3, 4), "N L I", "N L O",
              {"weight": "O I", "bias": "O"})
    for case, kw in [("conv1d", dict(kernel_size=3, padding=1)), ("conv1d_stride2", dict(kernel_size=4, stride=2, padding=1)),
                     ("conv1d_dilation2_groups2", dict(kernel_size=3, dilation=2, groups=2, padding=2, bias=False))]:
        seed(case)
        layer(g, case, "Conv1d", kw, nn.Conv1d(4, 6, **kw), torch.randn(2, 4, 9), "N C L", "N O M",
              {"weight": "O C/G K", "bias": "O"})
    for case, kw in [("conv_transpose1d", dict(kernel_size=4, stride=2, padding=1)),
                     ("conv_transpose1d_output_padding", dict(kernel_size=3, stride=2, padding=1, output_padding=1, groups=2))]:
        seed(case)
        layer(g, case, "ConvTranspose1d", kw, nn.ConvTranspose1d(4, 6, **kw), torch.randn(2, 4, 5), "N C L", "N O M",
              {"weight": "C O/G K", "bias": "O"})
    ids = torch.tensor([[0, 3, 3, 6], [2, 6, 3, 1], [0, 0, 2, 3]])
    for case, kw in [("embedding", {}), ("embedding_padding_idx", {"padding_idx": 3})]:
        seed(case)
        layer(g, case, "Embedding", kw, nn.Embedding(7, 5, **kw), ids, "N L", "N L D", {"weight": "K D"})


def norms(g):
    seed("layer_norm")
    layer(g, "layer_norm", "LayerNorm", {"normalized": ["C"], "eps": 1e-5}, nn.LayerNorm(5), 3 * torch.randn(2, 4, 5) + 1, "N L C",
          "N L C", AFFINE)
    seed("layer_norm_no_affine")
    layer(g, "layer_norm_no_affine", "LayerNorm", {"normalized": ["C"], "eps": 1e-3}, nn.LayerNorm(5, 1e-3, False),
          torch.randn(2, 4, 5), "N L C", "N L C", {})
    seed("layer_norm_two_axes")
    layer(g, "layer_norm_two_axes", "LayerNorm", {"normalized": ["L", "C"], "eps": 1e-5}, nn.LayerNorm((4, 5)),
          torch.randn(2, 4, 5), "N L C", "N L C", {"weight": "L C", "bias": "L C"})
    for groups in (1, 2, 6):
        case = f"group_norm{groups}"
        seed(case)
        layer(g, case, "GroupNorm", {"groups": groups, "eps": 1e-5}, nn.GroupNorm(groups, 6), 2 * torch.randn(2, 6, 5) - 1,
              "N C L", "N C L", AFFINE)
    for case, eps in [("rms_norm", 1e-6), ("rms_norm_default_eps", None)]:
        seed(case)
        layer(g, case, "RMSNorm", {"eps": eps or torch.finfo(torch.float64).eps}, nn.RMSNorm(5, eps), torch.randn(2, 4, 5),
              "N L C", "N L C", {"weight": "C"})
    for case, shape, layout, momentum in [("batch_norm_train", (3, 4, 5), "N C L", 0.1),
                                          ("batch_norm_train_momentum", (2, 3, 4), "N C L", 0.3),
                                          ("batch_norm_train_no_length", (6, 4), "N C", 0.1)]:
        seed(case)
        layer(g, case, "BatchNorm1d", {"training": True, "momentum": momentum, "eps": 1e-5},
              nn.BatchNorm1d(shape[1], momentum=momentum), 2 * torch.randn(shape) + 1, layout, layout, BATCH)
    seed("batch_norm_eval")
    layer(g, "batch_norm_eval", "BatchNorm1d", {"training": False, "eps": 1e-5}, nn.BatchNorm1d(4).eval(),
          torch.randn(3, 4, 5), "N C L", "N C L", BATCH)


def composed(g):
    kw = dict(kernel_size=3, stride=2, padding=1)
    v, magnitude = "parametrizations.weight.original1", "parametrizations.weight.original0"
    seed("weight_norm_conv1d")
    layer(g, "weight_norm_conv1d", "weight_norm(Conv1d)", kw | {"dim": 0}, weight_norm(nn.Conv1d(4, 5, **kw)),
          torch.randn(2, 4, 9), "N C L", "N O M", {magnitude: "O 1 1", v: "O C K", "bias": "O"})
    seed("weight_norm_conv_transpose1d")
    layer(g, "weight_norm_conv_transpose1d", "weight_norm(ConvTranspose1d)", kw | {"dim": 0},
          weight_norm(nn.ConvTranspose1d(4, 5, **kw)), torch.randn(2, 4, 6), "N C L", "N O M",
          {magnitude: "C 1 1", v: "C O K", "bias": "O"})
    seed("weight_norm_linear")
    layer(g, "weight_norm_linear", "weight_norm(Linear)", {"dim": 0}, weight_norm(nn.Linear(4, 5)), torch.randn(3, 4), "N I", "N O",
          {magnitude: "O 1", v: "O I", "bias": "O"})
    for dilation in (1, 3):
        case = f"residual_block_dilation{dilation}"
        seed(case)
        layer(g, case, "ResidualBlock", {"dilation": dilation}, ResidualBlock(4, 5, dilation), torch.randn(2, 4, 9), "N C L",
              "N C L", {"conv1.weight": "H C K", "conv1.bias": "H", "conv2.weight": "C H 1", "conv2.bias": "C"})


def main():
    g = Golden()
    linear_and_conv(g)
    norms(g)
    composed(g)
    g.save("layers.safetensors")


if __name__ == "__main__":
    main()
