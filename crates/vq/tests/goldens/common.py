"""The golden file format (it lives with the autograd goldens), f64 inside VQP, and gradients by source.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import sys
from contextlib import contextmanager
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).resolve().parents[3] / "autograd" / "tests" / "goldens"))
from golden import Golden, seed, write  # noqa: E402, F401

# VQP casts to f32 inside its codebooks with `.float()`; with this everything it computes is f64.
FLOAT = torch.Tensor.float
torch.Tensor.float = torch.Tensor.double


@contextmanager
def single():
    """VQP as it is: f32."""
    torch.Tensor.float = FLOAT
    torch.set_default_dtype(torch.float32)
    yield
    torch.Tensor.float = torch.Tensor.double
    torch.set_default_dtype(torch.float64)


def gradients(leaves, y=None, dy=None, **losses):
    """`leaves` maps a name to (tensor, axes). dNAME is the gradient of <dy, y>, dNAME.LOSS that of the scalar LOSS.
    What nothing flows into is left out."""
    sources = {"": (y * dy).sum()} if y is not None else {}
    sources |= {"." + n: value for n, value in losses.items()}
    out = {}
    for suffix, value in sources.items():
        grads = torch.autograd.grad(value, [t for t, _ in leaves.values()], retain_graph=True, allow_unused=True)
        out |= {f"d{n}{suffix}": (grad, axes) for (n, (_, axes)), grad in zip(leaves.items(), grads) if grad is not None}
    return out


def clear_choice(x, codes, gap=1e-3, cosine=False):
    """Asserts that no row is nearly as close to its second code as to its first: f32 must choose alike."""
    rows = x.detach().reshape(-1, x.shape[-1])
    score = rows @ codes.T / rows.norm(dim=1, keepdim=True) if cosine else -torch.cdist(rows, codes)
    best = score.topk(2, dim=1).values
    assert (best[:, 0] - best[:, 1]).min() > gap, (best[:, 0] - best[:, 1]).min()


def clustered(shape, centers=4, spread=0.4):
    """Rows around a few centers, so that a codebook has something to find."""
    means = 1.5 * torch.randn(centers, shape[-1])
    return means[torch.randint(0, centers, shape[:-1])] + spread * torch.randn(shape)
