"""The format of every golden file, shared by the scripts of all crates.

A file is a safetensors file. Its metadata map has one entry per case, a JSON object
    {"op": ..., "params": {...}, "tensors": {name: axes}}
and the tensor NAME of the case CASE is stored as "CASE/NAME". Gradients are named "d" + NAME.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import json
import struct
import zlib
from pathlib import Path

import torch
from safetensors import safe_open

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
torch.use_deterministic_algorithms(True)

DTYPES = {torch.float64: "F64", torch.float32: "F32", torch.int64: "I64", torch.bool: "BOOL"}


def seed(name):
    """Each case has its own random stream, so adding a case leaves the others as they are."""
    torch.manual_seed(zlib.crc32(name.encode()))


def write(path, tensors, metadata=None):
    """The safetensors format with a sorted header: the official writer shuffles the metadata."""
    header, blobs, offset = {}, [], 0
    if metadata:
        header["__metadata__"] = dict(sorted(metadata.items()))
    for name in sorted(tensors, key=lambda n: (-tensors[n].element_size(), n)):
        t = tensors[name].detach().contiguous()
        blob = t.numpy().tobytes()
        header[name] = {"dtype": DTYPES[t.dtype], "shape": list(t.shape), "data_offsets": [offset, offset + len(blob)]}
        blobs.append(blob)
        offset += len(blob)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))
    with safe_open(path, "pt") as f:  # what was written is what the official reader reads
        assert set(f.keys()) == set(tensors) and (f.metadata() or {}) == (metadata or {})
        for name, t in tensors.items():
            assert torch.equal(torch.nan_to_num(f.get_tensor(name)), torch.nan_to_num(t.detach())), name
    print(f"{Path(path).name}: {len(tensors)} tensors, {len(metadata or {})} cases, {Path(path).stat().st_size} bytes")


class Golden:
    def __init__(self):
        self.tensors, self.metadata = {}, {}

    def add(self, case, op, params, tensors):
        """Records a case; `tensors` maps a name to (tensor, axes)."""
        assert case not in self.metadata, case
        axes = {}
        for name, (t, layout) in tensors.items():
            t = t.detach().clone()
            assert len(layout.split()) == t.ndim, (case, name, layout, t.shape)
            assert t.dtype != torch.float64 or name.startswith("x") or torch.isfinite(t).all(), (case, name)
            self.tensors[f"{case}/{name}"] = t
            axes[name] = layout
        self.metadata[case] = json.dumps({"op": op, "params": params, "tensors": axes})

    def grad(self, case, op, params, fn, inputs, y_axes, extra=None, dy=None):
        """Runs y = fn(*inputs) and records inputs, y, a cotangent dy (random unless given) and the gradient
        of <dy, y> for every floating input. Call `seed` before drawing the inputs."""
        leaves = {n: t.detach().clone().requires_grad_(t.is_floating_point()) for n, (t, _) in inputs.items()}
        y = fn(*leaves.values())
        dy = torch.randn(y.shape) if dy is None else dy
        wanted = [n for n, t in leaves.items() if t.requires_grad]
        grads = torch.autograd.grad(y, [leaves[n] for n in wanted], dy)
        out = {n: (leaves[n], axes) for n, (_, axes) in inputs.items()}
        out |= {"y": (y, y_axes), "dy": (dy, y_axes)}
        out |= {"d" + n: (g, inputs[n][1]) for n, g in zip(wanted, grads)}
        self.add(case, op, params, out | (extra or {}))

    def save(self, path):
        write(path, self.tensors, self.metadata)
