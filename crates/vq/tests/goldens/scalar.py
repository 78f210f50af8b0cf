"""Quantizers without a codebook: FSQ, LFQ, BSQ and latent quantization.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import torch
import torch.nn.functional as F
from vector_quantize_pytorch import FSQ, LFQ, LatentQuantize

from common import Golden, gradients, seed


def fsq(g):
    edges = torch.tensor([0.0, -0.0, 100.0, -100.0, 1e-3, -1e-3])
    for name, levels, symmetric in [("odd", [5, 7, 3], False), ("even", [8, 4, 6], False), ("mixed", [8, 5, 4, 3], False),
                                    ("odd_symmetric", [5, 7, 3], True), ("even_symmetric", [8, 2, 6], True),
                                    ("mixed_symmetric", [2, 5, 4, 3], True)]:
        case = f"fsq_{name}"
        seed(case)
        d = len(levels)
        vq = FSQ(levels, preserve_symmetry=symmetric).train()
        x = torch.cat([1.5 * torch.randn(2, 7, d), edges.expand(d, 2, 6).permute(1, 2, 0)], 1).requires_grad_()
        y, indices = vq(x)
        dy = torch.randn(y.shape)
        codes = vq.implicit_codebook
        assert torch.allclose(codes[indices.long()], y)
        rows = {"x": (x, "B N D"), "y": (y, "B N D"), "dy": (dy, "B N D"), "indices": (indices.long(), "B N"), "codes": (codes, "K D")}
        g.add(case, "FSQ", {"levels": levels, "preserve_symmetry": symmetric}, rows | gradients({"x": (x, "B N D")}, y, dy))


def entropy(p):
    return -(p * p.log()).sum(-1)


def binary(g):
    for name, spherical, tau, scale, gamma in [("lfq", False, 1.0, 0.4, 1.0), ("lfq_clamped", False, 100.0, 1.0, 0.7),
                                               ("bsq", True, 1.0, 1.0, 1.0), ("bsq_clamped", True, 100.0, 1.0, 0.7)]:
        seed(name)
        params = {"dim": 4, "codebook_size": 16, "entropy_loss_weight": 0.1, "commitment_loss_weight": 0.25, "diversity_gamma": gamma,
                  "spherical": spherical}
        vq = LFQ(**params).train()
        x = (scale * torch.randn(2, 7, 4)).requires_grad_()
        (y, indices, loss), parts = vq(x, inv_temperature=tau, return_loss_breakdown=True)
        dy = torch.randn(y.shape)
        leaves, losses = {"x": (x, "B N D")}, dict(parts._asdict())
        u = F.normalize(x, dim=-1) if spherical else x
        c = 0.5 if spherical else 1.0  # ±1/√D on the sphere, D = 4
        p = torch.sigmoid(4 * tau * c * u)  # each bit alone: the exponent 2τ·(u·code) splits into a sum over bits
        bits = torch.stack([p, 1 - p], -1)
        if "clamped" not in name:
            assert torch.allclose(entropy(bits).sum(-1).mean(), losses["per_sample_entropy"]), "the joint entropy is the sum over bits"
            losses["batch_entropy_by_bit"] = entropy(bits.flatten(0, 1).mean(0)).sum()
        rows = leaves | {"y": (y, "B N D"), "dy": (dy, "B N D"), "indices": (indices.long(), "B N")}
        rows |= {n: (v, "") for n, v in losses.items()} | {"loss": (loss, "")}
        g.add(name, "LFQ", params | {"inv_temperature": tau}, rows | gradients(leaves, y, dy, **losses))
    x = torch.tensor([[[0.0, 1.0, -0.0, -1.0], [1e-9, -1e-9, 3.0, 0.0]]])
    y, indices, _ = LFQ(dim=4, codebook_size=16).eval()(x)
    g.add("lfq_zeros", "LFQ", {"dim": 4, "codebook_size": 16}, {"x": (x, "B N D"), "y": (y, "B N D"), "indices": (indices.long(), "B N")})


def latent(g):
    for name, levels in [("odd", [5, 3, 7]), ("even", [4, 6, 8]), ("mixed", [5, 4, 3])]:
        case = f"latent_{name}"
        seed(case)
        vq = LatentQuantize(levels, 3).eval()
        x = 0.4 * torch.randn(2, 3, 8)
        y, indices, loss = vq(x)
        assert loss == 0
        values = [v.detach() for v in vq.values_per_latent]
        digits = torch.stack([(x[:, i, :, None] - v).abs().argmin(-1) for i, v in enumerate(values)], -1)
        exact = (digits * torch.tensor([1, levels[0], levels[0] * levels[1]])).sum(-1)
        assert torch.equal(exact, indices.long())
        rows = {"x": (x, "B D N"), "y": (y, "B D N"), "indices": (exact, "B N")}
        g.add(case, "LatentQuantize", {"levels": levels}, rows | {f"values{i}": (v, "V") for i, v in enumerate(values)})


def main():
    g = Golden()
    fsq(g)
    binary(g)
    latent(g)
    g.save("scalar.safetensors")


if __name__ == "__main__":
    main()
