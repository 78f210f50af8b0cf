"""Holds this project's ops, norms and losses against PyTorch's own test samples (OpInfo), values and gradients, in f64.

    pip install torch==2.15.0 safetensors numpy expecttest
    python opinfo.py            # writes the cases, lets `cargo run --example opinfo` answer (or the program named), compares

Nothing may differ by more than 1e-10 of the largest number. The conventions in which the two differ by intent:

- Channels and classes are on the last axis here; samples are turned on the way in, and results on the way out.
- A vector is no matrix and a scalar no axis here: it is given as [1, k], [k, 1] or [1].
- Losses want an x and a target of one shape, and classes as indices: samples that broadcast, or whose targets are
  probabilities, are left out. The mean over no rows at all is 0 here and NaN there. Class weights are not negative here:
  samples get their magnitudes.
- softplus is one formula here; PyTorch's is x itself beyond a threshold, so samples with a low one are left out.
- Batch normalization refuses a single row in training (PyTorch too), and layers refuse what has no channels.
- What we have no op for (rounded division, bounds that are tensors, pads that cut, norms other than 2, …) is left out.

At the end stands how many samples agree, and how many were left out and why.
"""
import json
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch.testing._internal.common_methods_invocations import op_db

from golden import write

warnings.filterwarnings("ignore")
ROOT = Path(__file__).resolve().parents[4]


class LeftOut(Exception):
    """A sample that means something we do not have; the reason."""


def need(condition, reason):
    if not condition:
        raise LeftOut(reason)


def value(x):
    """A number that JSON can hold."""
    x = float(x)
    return x if abs(x) < float("inf") else str(x)


def const(x, like):
    return x if isinstance(x, torch.Tensor) else torch.tensor(float(x), dtype=like.dtype)


def floats(*tensors):
    need(all(t.dtype == torch.float64 for t in tensors), "not f64")
    return list(tensors)


class Case:
    """An op of ours with parameters; `inputs` pairs each leaf of PyTorch with how it is turned into ours."""

    def __init__(self, op, inputs, turn_y=lambda y: y, **params):
        self.op, self.params, self.turn_y = op, params, turn_y
        self.inputs = [t if isinstance(t, tuple) else (t, lambda x: x) for t in inputs]


# --- one translation per kind of op: sample -> Case -----------------------------------------------------------------

def unary(op):
    return lambda x, **kw: Case(op, floats(x))


def binary(op):
    def case(x, y, alpha=1, rounding_mode=None):
        need(rounding_mode is None, "rounded division")
        need(not isinstance(alpha, complex), "complex")
        return Case(op, floats(const(x, y if isinstance(y, torch.Tensor) else x), const(y, x)), alpha=value(alpha))
    return case


def reduction(op):
    def case(x, dim=None, keepdim=False, dtype=None):
        need(dtype in (None, torch.float64), "another dtype")
        dims = list(range(x.ndim)) if dim is None or dim == () or dim == [] else [dim] if isinstance(dim, int) else list(dim)
        axes = sorted({d % x.ndim for d in dims}) if x.ndim else []
        return Case(op, floats(x), axes=axes, keepdim=bool(keepdim))
    return case


def along(op, sign=1):
    def case(x, dim=None, dtype=None, _stacklevel=3):
        need(dtype in (None, torch.float64), "another dtype")
        at = (lambda t: t.reshape(1)) if x.ndim == 0 else (lambda t: t)
        return Case(op, [(x, lambda t: sign * at(t))], at, axis=dim % max(x.ndim, 1))
    return case


def matmul(x, y):
    a = (lambda t: t[None]) if x.ndim == 1 else (lambda t: t)
    b = (lambda t: t[:, None]) if y.ndim == 1 else (lambda t: t)
    return Case("matmul", [(x, a), (y, b)], lambda z: z.reshape((a(x) @ b(y)).shape))


def linear(x, w, bias=None):
    a = (lambda t: t[None]) if x.ndim == 1 else (lambda t: t)
    need(w.ndim == 2, "a single output without axis")
    return Case("linear", [(x, a), w] + ([] if bias is None else [bias]), a)


def shaped(op):
    """Ops whose result is the same numbers under another shape, or repeated to one."""
    def case(y, x, *args, **kw):
        return Case(op, floats(x), shape=list(y.shape))
    case.wants_result = True
    return case


def permute(x, dims):
    dims = dims if isinstance(dims, (list, tuple)) else [dims]
    return Case("permute", floats(x), axes=[d % x.ndim for d in dims])


def transpose(x, a, b):
    axes = list(range(x.ndim))
    if axes:
        axes[a], axes[b] = axes[b], axes[a]
    return Case("permute", floats(x), axes=axes)


def t(x):
    return Case("permute", floats(x), axes=list(range(x.ndim))[::-1])


def concat(parts, dim=0):
    parts = floats(*parts)
    need(len({p.ndim for p in parts}) == 1, "parts without elements and axes")
    return Case("concat", parts, axis=dim % parts[0].ndim)


def stack(parts, dim=0):
    return Case("stack", floats(*parts), axis=dim % (parts[0].ndim + 1))


def narrow(x, dim, start, length):
    dim, start = dim % x.ndim, int(start) % max(x.shape[dim], 1) if int(start) < 0 else int(start)
    return Case("slice", floats(x), axis=dim, start=start, end=start + int(length))


def index_select(x, dim, index):
    first = (lambda t: t.reshape(1)) if x.ndim == 0 else (lambda t: t.movedim(dim, 0))
    return Case("gather_rows", [(x, first)], first, rows=index.reshape(-1).tolist())


def gather(x, dim, index, sparse_grad=False):
    need(x.ndim == index.ndim == 1, "an index of several axes")
    return Case("gather_rows", floats(x), rows=index.tolist())


def take_along_dim(x, index, dim=None):
    need(x.ndim == index.ndim == 1, "an index of several axes")
    return Case("gather_rows", floats(x), rows=index.tolist())


def scatter_add(x, dim, index, source):
    need(x.ndim == index.ndim == 1 and len(index) == len(source), "an index of several axes")
    return Case("index_add", floats(x, source), rows=index.tolist(), alpha=1)


def index_add(x, dim, index, source, alpha=1):
    first = (lambda t: t.reshape(1)) if x.ndim == 0 else (lambda t: t.movedim(dim, 0))
    return Case("index_add", [(x, first), (source, first)], first, rows=index.reshape(-1).tolist(), alpha=value(alpha))


def embedding(index, w, padding_idx=None, max_norm=None, scale_grad_by_freq=False, **kw):
    need(padding_idx is None and max_norm is None and not scale_grad_by_freq, "an embedding with extra rules")
    return Case("gather_rows", [w], lambda y: y.reshape(index.numel(), -1), rows=index.reshape(-1).tolist())


def where(x, condition, y):
    shape = torch.broadcast_shapes(x.shape, condition.shape, y.shape)
    need(torch.broadcast_shapes(x.shape, y.shape) == shape, "a condition that is larger than both values")
    return Case("select", floats(x, y), condition=condition.expand(shape).reshape(-1).int().tolist())


def clamp(x, low=None, high=None, min=None, max=None):
    low, high = low if low is not None else min, high if high is not None else max
    need(not isinstance(low, torch.Tensor) and not isinstance(high, torch.Tensor), "bounds that are tensors")
    return Case("clamp", floats(x), min=value(-float("inf") if low is None else low), max=value(float("inf") if high is None else high))


def pow(x, p):
    x, p = const(x, p if isinstance(p, torch.Tensor) else x), const(p, x)
    return Case("pow", floats(x, p))


def softplus(x, beta=1, threshold=20):
    need(threshold >= 20, "a softplus with a low threshold")
    return Case("softplus", floats(x), beta=value(beta))


def normalize(x, p=2.0, dim=1, eps=1e-12, out=None):
    need(p == 2.0, "a norm other than 2")
    return Case("l2_normalize", floats(x), axis=dim % x.ndim, eps=eps)


# --- sequences: [batch, channel, length] there, [batch, length, channel] here ----------------------------------------

def batched(x):
    return x[None] if x.ndim == 2 else x


def last(x):
    return batched(x).transpose(1, 2)


def one(x):
    return x[0] if isinstance(x, (tuple, list)) else x


def avg_pool1d(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True):
    kernel, pad = one(kernel_size), one(padding)
    stride = kernel if stride in (None, ()) else one(stride)
    need(not ceil_mode, "windows beyond the end")
    return Case("avg_pool1d", [(x, last)], last, kernel=kernel, stride=stride, padding=pad, count_include_pad=count_include_pad)


def conv1d(x, w, bias=None, stride=1, padding=0, dilation=1, groups=1):
    dilation, total = one(dilation), one(dilation) * (w.shape[2] - 1)
    left, right = {"valid": (0, 0), "same": (total // 2, total - total // 2)}.get(padding, (one(padding),) * 2) \
        if isinstance(padding, str) else (one(padding),) * 2
    return Case("conv1d", [(x, last), (w, lambda w: w.permute(2, 1, 0))] + ([] if bias is None else [bias]), last,
                stride=one(stride), pad_left=left, pad_right=right, dilation=dilation, groups=groups)


def conv_transpose1d(x, w, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1):
    return Case("conv_transpose1d", [(x, last), (w, lambda w: w.permute(2, 0, 1))] + ([] if bias is None else [bias]), last,
                stride=one(stride), pad_left=one(padding), pad_right=one(padding), output_padding=one(output_padding),
                dilation=one(dilation), groups=groups)


def interpolate(x, size=None, scale_factor=None, **kw):
    need(x.ndim == 3, "more than one length")
    scale = one(scale_factor) if scale_factor is not None else one(size) / x.shape[2]
    need(scale == int(scale) and scale >= 1, "a scale that is no whole number")
    return Case("upsample_nearest1d", [(x, last)], last, factor=int(scale))


def pad(x, pads, mode="constant", value=0.0):
    need(all(p >= 0 for p in pads), "pads that cut")
    triples = [[x.ndim - 1 - k, pads[2 * k], pads[2 * k + 1]] for k in range(len(pads) // 2)]
    return Case("pad", floats(x), pads=sum(triples, []), mode=mode, value=float(value or 0.0))


# --- norms -----------------------------------------------------------------------------------------------------------

def trailing(op):
    def case(x, shape, weight=None, bias=None, eps=1e-5):
        n = torch.Size(shape).numel()
        need(n > 0, "a norm without channels")
        need(eps is None or eps >= 0, "a negative eps")
        rows = lambda t: t.reshape(-1, n)
        ones, zeros = torch.ones(n), torch.zeros(n)
        entries = [ones if weight is None else (weight, lambda t: t.reshape(n))]
        if op == "layer_norm":
            entries.append(zeros if bias is None else (bias, lambda t: t.reshape(n)))
        return Case(op, [(x, rows)] + entries, rows, eps=torch.finfo(x.dtype).eps if eps is None else eps)
    return case


def rms_norm(x, shape, weight=None, eps=None):
    return trailing("rms_norm")(x, shape, weight, None, eps)


def channels_last(x):
    return x.reshape(x.shape[0], x.shape[1], -1).transpose(1, 2) if x.numel() else x.reshape(x.shape[0], x.shape[1], 1).transpose(1, 2)


def affine(x, weight, bias):
    c = x.shape[1]
    return [torch.ones(c) if weight is None else weight, torch.zeros(c) if bias is None else bias]


def group_norm(x, groups, weight=None, bias=None, eps=1e-5):
    need(x.shape[1] > 0, "a norm without channels")
    need(eps >= 0, "a negative eps")
    return Case("group_norm", [(x, channels_last)] + affine(x, weight, bias), channels_last, groups=groups, eps=eps)


def instance_norm(x, running_mean=None, running_var=None, weight=None, bias=None, use_input_stats=True, momentum=0.1, eps=1e-5):
    need(use_input_stats, "an instance norm by running statistics")
    return group_norm(x, x.shape[1], weight, bias, eps)


def batch_norm(x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    need(x.numel() > 0, "a batch without rows")
    need(eps >= 0, "a negative eps")
    c = x.shape[1]
    running = [torch.zeros(c) if mean is None else mean.detach(), torch.ones(c) if var is None else var.detach()]
    return Case("batch_norm", [(x, channels_last)] + affine(x, weight, bias) + running, channels_last, training=training, eps=eps)


# --- losses ----------------------------------------------------------------------------------------------------------

def pairwise(op, *names):
    def case(x, target, reduction="mean", weight=None, pos_weight=None, log_target=False, size_average=None, reduce=None, **kw):
        need(weight is None and pos_weight is None, "a weight per element")
        need(size_average is None and reduce is None, "a reduction by its old names")
        need(x.shape == target.shape, "a target that broadcasts")
        params = {name: value(kw.get(name, 1.0)) for name in names}
        return Case(op, floats(x, target), reduction=reduction, log_target=log_target, **params)
    return case


def cross_entropy(x, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean", label_smoothing=0.0):
    need(size_average is None and reduce is None, "a reduction by its old names")
    need(not target.is_floating_point(), "targets that are probabilities")
    need((target != ignore_index).any() or reduction != "mean", "a mean over no rows")
    classes = (lambda t: t) if x.ndim == 1 else (lambda t: t.movedim(1, -1))
    nobody = 10**9  # an index that no class has
    targets = [nobody if i == ignore_index else i for i in target.reshape(-1).tolist()]
    return Case("cross_entropy", [(x, classes)], targets=targets, ignore=nobody, reduction=reduction,
                label_smoothing=label_smoothing, weights=[] if weight is None else weight.tolist())


TABLE = {
    "abs": unary("abs"), "exp": unary("exp"), "log": unary("ln"), "sqrt": unary("sqrt"), "square": unary("square"),
    "sin": unary("sin"), "cos": unary("cos"), "tanh": unary("tanh"), "sigmoid": unary("sigmoid"), "neg": unary("neg"),
    "nn.functional.relu": unary("relu"), "nn.functional.silu": unary("silu"), "nn.functional.logsigmoid": unary("log_sigmoid"),
    "nn.functional.gelu": lambda x, approximate="none": Case("gelu", floats(x), approximate=approximate),
    "nn.functional.elu": lambda x, alpha=1.0: Case("elu", floats(x), alpha=alpha),
    "nn.functional.leaky_relu": lambda x, negative_slope=0.01: Case("leaky_relu", floats(x), slope=negative_slope),
    "nn.functional.softplus": softplus, "clamp": clamp, "reciprocal": lambda x: Case("div", [torch.tensor(1.0), x]),
    "add": binary("add"), "sub": binary("sub"), "mul": binary("mul"), "div": binary("div"), "true_divide": binary("div"),
    "rsub": lambda x, y, alpha=1: binary("sub")(y, x, alpha), "pow": pow, "float_power": pow, "maximum": binary("maximum"),
    "minimum": binary("minimum"), "max.binary": binary("maximum"), "min.binary": binary("minimum"), "where": where,
    "sum": reduction("sum"), "mean": reduction("mean"), "amax": reduction("max"), "amin": reduction("min"),
    "logsumexp": reduction("logsumexp"), "max.reduction_no_dim": reduction("max"), "min.reduction_no_dim": reduction("min"),
    "softmax": along("softmax"), "log_softmax": along("log_softmax"), "nn.functional.softmin": along("softmax", -1),
    "nn.functional.normalize": normalize, "matmul": matmul, "mm": matmul, "bmm": matmul, "nn.functional.linear": linear,
    "reshape": shaped("reshape"), "view": shaped("reshape"), "flatten": shaped("reshape"), "ravel": shaped("reshape"),
    "squeeze": shaped("reshape"), "unsqueeze": shaped("reshape"), "expand": shaped("broadcast_to"),
    "broadcast_to": shaped("broadcast_to"), "permute": permute, "transpose": transpose, "t": t, "cat": concat, "stack": stack,
    "narrow": narrow, "index_select": index_select, "gather": gather, "take_along_dim": take_along_dim,
    "scatter_add": scatter_add, "index_add": index_add, "nn.functional.embedding": embedding,
    "nn.functional.pad": pad, "nn.functional.avg_pool1d": avg_pool1d, "nn.functional.interpolate.nearest": interpolate,
    "nn.functional.conv1d": conv1d, "nn.functional.conv_transpose1d": conv_transpose1d,
    "nn.functional.layer_norm": trailing("layer_norm"), "nn.functional.rms_norm": rms_norm,
    "nn.functional.group_norm": group_norm, "nn.functional.instance_norm": instance_norm, "nn.functional.batch_norm": batch_norm,
    "nn.functional.mse_loss": pairwise("mse"), "nn.functional.l1_loss": pairwise("l1"),
    "nn.functional.smooth_l1_loss": pairwise("smooth_l1", "beta"), "nn.functional.huber_loss": pairwise("huber", "delta"),
    "nn.functional.kl_div": pairwise("kl_div"), "nn.functional.binary_cross_entropy_with_logits": pairwise("bce_with_logits"),
    "nn.functional.cross_entropy": cross_entropy,
}
NOT_OURS = ("complex", "circular", "negative", "rounding", "linear_cross_entropy", "chunked", "triton")


def translated():
    """(name, translation, OpInfo) of every op that the table knows; variants by the name of their op."""
    for info in op_db:
        name = info.name + ("." + info.variant_test_name if info.variant_test_name else "")
        translation = TABLE.get(name, TABLE.get(info.name) if info.name not in ("max", "min", "nn.functional.interpolate") else None)
        if translation and not any(word in name for word in NOT_OURS):
            yield name, translation, info


def draw(name, translation, info, sample):
    """The case of a sample, with PyTorch's value and gradients: ours in layout."""
    if name == "nn.functional.cross_entropy" and sample.kwargs.get("weight") is not None:
        sample.kwargs["weight"] = sample.kwargs["weight"].abs()
    y = info.op(sample.input, *sample.args, **sample.kwargs)
    need(isinstance(y, torch.Tensor) and y.dtype == torch.float64, "not one tensor of f64")
    arguments = (y, sample.input) if getattr(translation, "wants_result", False) else (sample.input,)
    if name == "nn.functional.embedding":  # OpInfo has table and index the other way round
        case = embedding(sample.args[0], sample.input, **sample.kwargs)
    else:
        case = translation(*arguments, *sample.args, **sample.kwargs)
    u = torch.randn(y.shape)
    leaves = [leaf for leaf, _ in case.inputs]
    wanted = [k for k, leaf in enumerate(leaves) if leaf.requires_grad]
    grads = torch.autograd.grad(y, [leaves[k] for k in wanted], u, allow_unused=True) if wanted and y.requires_grad else []
    turned = {f"d{k}": case.inputs[k][1](g) for k, g in zip(wanted, grads) if g is not None}
    tensors = {str(k): turn(leaf).detach().clone() for k, (leaf, turn) in enumerate(case.inputs)}
    return case, tensors | {"u": case.turn_y(u)}, {"y": case.turn_y(y).detach()} | turned


def main():
    torch.manual_seed(0)
    cases, expected, metadata, left_out = {}, {}, {}, Counter()
    for name, translation, info in translated():
        for i, sample in enumerate(info.sample_inputs("cpu", torch.float64, requires_grad=True)):
            key = f"{name} {i}"
            try:
                case, tensors, answer = draw(name, translation, info, sample)
            except LeftOut as reason:
                left_out[str(reason)] += 1
                continue
            metadata[key] = json.dumps({"op": case.op, "params": case.params})
            cases |= {f"{key}/{k}": t for k, t in tensors.items()}
            expected[key] = answer
    with tempfile.TemporaryDirectory() as folder:
        paths = [str(Path(folder) / file) for file in ("cases.safetensors", "answers.safetensors")]
        write(paths[0], cases, metadata)
        program = sys.argv[1:] or ["cargo", "run", "--quiet", "-p", "gradbook-nn", "--example", "opinfo", "--"]
        subprocess.run([*program, *paths], cwd=ROOT, check=True)
        answers = load_file(paths[1])
    wrong = []
    for key, tensors in expected.items():
        for k, e in tensors.items():
            got = answers.get(f"{key}/{k}")
            if got is None:  # nothing reached the input: as good as zeros
                got = torch.zeros_like(e)
            scale = max(1.0, e[e.isfinite()].abs().max().item() if e.isfinite().any() else 1.0)
            if got.shape != e.shape or not torch.allclose(got, e, rtol=0, atol=1e-10 * scale, equal_nan=True):
                wrong.append(f"{key} {k} {metadata[key]}: {got.reshape(-1)[:6].tolist()} instead of {e.reshape(-1)[:6].tolist()}"
                             f" {list(got.shape)} {list(e.shape)}")
    print("\n".join(wrong))
    print(f"{len(expected) - len({w.split(' {')[0].rsplit(' ', 1)[0] for w in wrong})} of {len(expected)} samples agree, "
          f"of {len({key.split()[0] for key in expected})} ops; left out:")
    for reason, count in left_out.most_common():
        print(f"  {count:4} {reason}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
