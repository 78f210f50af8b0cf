"""Codebooks learnt by EMA, step by step: plain, masked, with heads, cosine, accumulated, affine, behind a projection.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
from copy import deepcopy

import torch
from vector_quantize_pytorch import VectorQuantize

from common import Golden, clear_choice, clustered, gradients, seed


def far_codes(vq):
    """VQP's own start is a tiny ball; random unit-size codes make the first step choose among all of them."""
    book = vq._codebook
    codes = torch.randn(book.embed.shape)
    if book.use_cosine_sim:
        codes = torch.nn.functional.normalize(codes, dim=-1)
    book.embed.data.copy_(codes)
    book.embed_avg.data.copy_(codes)


def state(book):
    return {"cluster_size": book.cluster_size, "embed_avg": book.embed_avg, "embed": book.embed}


def drawn(build, steps, shape, heads=1, masks=None):
    """Draws codes and inputs until no row is on the fence between two codes at any step (see clear_choice)."""
    while True:
        vq = build().train()
        far_codes(vq)
        trial, xs = deepcopy(vq), [clustered(shape) for _ in range(steps)]
        book = trial._codebook
        try:
            for s, x in enumerate(xs):
                if not book.affine_param:
                    for part, codes in zip(trial.project_in(x).chunk(heads, -1), book.embed.expand(heads, -1, -1)):
                        clear_choice(part, codes, cosine=book.use_cosine_sim)
                trial(x, mask=masks[s] if masks is not None else None)
        except AssertionError:
            continue
        return vq, xs


def series(g, case, params, steps, shape, axes="B N", masks=None, heads=1, keep_y=False):
    """The state after each step, stacked; dx is the gradient of <dy, y> + loss."""
    seed(case)
    vq, xs = drawn(lambda: VectorQuantize(**params), steps, shape, heads, masks)
    book, separate = vq._codebook, params.get("separate_codebook_per_head", False)
    squeeze = (lambda t: t) if separate else (lambda t: t[0])
    h = "H " if separate else ""
    rows = {"embed0": (squeeze(book.embed).clone(), h + "K D")}
    kept = {n: [] for n in ("x", "dy", "dx", "y", "indices", "loss", "cluster_size", "embed_avg", "embed")}
    if book.affine_param:
        kept |= {n: [] for n in ("batch_mean", "batch_variance", "codebook_mean", "codebook_variance")}
    for s, x in enumerate(xs):
        x = x.requires_grad_()
        y, indices, loss = vq(x, mask=masks[s] if masks is not None else None)
        dy = torch.randn(y.shape)
        dx, = torch.autograd.grad((y * dy).sum() + loss, x)
        step = {"x": x, "dy": dy, "dx": dx, "y": y, "indices": indices, "loss": loss}
        step |= {n: squeeze(t) for n, t in state(book).items()}
        if book.affine_param:
            step |= {n: getattr(book, n)[0, 0] for n in ("batch_mean", "batch_variance", "codebook_mean", "codebook_variance")}
        for n in kept:
            kept[n].append(step[n].detach().clone())
    layout = {"x": f"S {axes} D", "dy": f"S {axes} D", "dx": f"S {axes} D", "y": f"S {axes} D", "loss": "S",
              "indices": f"S {axes}" + (" H" if heads > 1 else ""), "cluster_size": f"S {h}K", "embed_avg": f"S {h}K D",
              "embed": f"S {h}K D"}
    if not keep_y:
        del kept["y"]
    rows |= {n: (torch.stack(v), layout.get(n, "S D")) for n, v in kept.items()}
    if masks is not None:
        rows["mask"] = (masks.long(), "S B N")
    g.add(case, "VectorQuantize", params, rows)
    return vq


PLAIN = {"dim": 5, "codebook_size": 8, "decay": 0.9, "eps": 1e-5, "commitment_weight": 0.25, "rotation_trick": False}


def accumulate(g):
    """Three micro-batches with one EMA at the end equal one batch."""
    case = "ema_accumulated"
    seed(case)
    vq, xs = drawn(lambda: VectorQuantize(**PLAIN), 1, (3, 7, 5))
    whole, embed0 = deepcopy(vq), vq._codebook.embed[0].clone()
    whole(xs[0])
    for i, part in enumerate(xs[0].chunk(3)):
        vq(part, accum_ema_update=i < 2)
    assert all(torch.allclose(a, b, atol=1e-13) for a, b in zip(whole.state_dict().values(), vq.state_dict().values()))
    g.add(case, "VectorQuantize", PLAIN, {
        "x": (xs[0], "M N D"), "embed0": (embed0, "K D"), "cluster_size": (vq._codebook.cluster_size[0], "K"),
        "embed_avg": (vq._codebook.embed_avg[0], "K D"), "embed": (vq._codebook.embed[0], "K D")})


def projection(g):
    params = {"dim": 7, "codebook_size": 8, "codebook_dim": 3, "decay": 0.8, "eps": 1e-5, "commitment_weight": 0.25,
              "rotation_trick": False}
    seed("projection")
    vq, (x,) = drawn(lambda: VectorQuantize(**params), 1, (2, 6, 7))
    x.requires_grad_()
    embed0 = vq._codebook.embed[0].clone()
    y, indices, loss = vq(x)
    dy = torch.randn(y.shape)
    layout = {"project_in.weight": "D I", "project_in.bias": "D", "project_out.weight": "I D", "project_out.bias": "I"}
    leaves = {"x": (x, "B N I")} | {n: (p, layout[n]) for n, p in vq.named_parameters()}
    rows = leaves | {"embed0": (embed0, "K D"), "y": (y, "B N I"), "dy": (dy, "B N I"), "indices": (indices, "B N"), "loss": (loss, "")}
    rows |= gradients(leaves, y, dy, loss=loss)
    g.add("projection", "VectorQuantize", params, rows | {n: (t[0], "K D"[:1 + 2 * (t.ndim == 3)]) for n, t in state(vq._codebook).items()})


def main():
    g = Golden()
    series(g, "ema", PLAIN, 20, (2, 12, 5))
    masks = torch.rand(3, 2, 9, generator=torch.Generator().manual_seed(1)) < 0.7
    series(g, "ema_masked", PLAIN | {"eps": 1e-3}, 3, (2, 9, 5), masks=masks, keep_y=True)
    heads = {"dim": 6, "codebook_dim": 3, "heads": 2, "codebook_size": 8, "decay": 0.8, "eps": 1e-5, "commitment_weight": 1.0,
             "rotation_trick": False}
    series(g, "ema_heads_shared", heads, 3, (2, 7, 6), heads=2, keep_y=True)
    series(g, "ema_heads_separate", heads | {"separate_codebook_per_head": True}, 3, (2, 7, 6), heads=2, keep_y=True)
    series(g, "cosine", PLAIN | {"use_cosine_sim": True}, 5, (2, 9, 5), keep_y=True)
    affine = PLAIN | {"affine_param": True, "affine_param_batch_decay": 0.99, "affine_param_codebook_decay": 0.9}
    series(g, "affine", affine, 4, (2, 9, 5), keep_y=True)
    accumulate(g)
    projection(g)
    g.save("ema.safetensors")


if __name__ == "__main__":
    main()
