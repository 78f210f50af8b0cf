"""How gradients pass a codebook: straight-through, rotation, DiVeQ, IBQ, SimVQ, learnable codes, and codebook losses.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import torch
import torch.nn.functional as F
from vector_quantize_pytorch import SimVQ, VectorQuantize
from vector_quantize_pytorch.vector_quantize_pytorch import rotate_to

from common import Golden, clear_choice, gradients, seed

BASE = {"dim": 5, "codebook_size": 8}
FIXED = {"ema_update": False, "learnable_codebook": True}  # codes move by gradient only


def quantizer(case, params, shape=(2, 9, 5)):
    seed(case)
    while True:
        vq = VectorQuantize(**params).train()
        vq._codebook.embed.data.copy_(torch.randn(vq._codebook.embed.shape))
        x = (1.5 * torch.randn(shape)).requires_grad_()
        try:
            clear_choice(x, vq._codebook.embed[0])
            return vq, x
        except AssertionError:
            continue


def rows_of(vq, x, axes="B N"):
    """The leaves: VQP keeps codes as [1, K, D]."""
    return {"x": (x, f"{axes} D"), "embed": (vq._codebook.embed, "1 K D")}


def record(g, case, params, vq, x, with_y=True, **picked):
    """`picked` maps a name to the field of VQP's loss breakdown."""
    y, indices, loss, parts = vq(x, return_loss_breakdown=True)
    dy = torch.randn(y.shape)
    leaves = {n: v for n, v in rows_of(vq, x).items() if v[0].requires_grad}
    losses = {n: getattr(parts, field) for n, field in picked.items()}
    rows = rows_of(vq, x) | {"indices": (indices, "B N")} | {n: (v, "") for n, v in losses.items()}
    if with_y:
        rows |= {"y": (y, "B N D"), "dy": (dy, "B N D")}
    rows |= gradients(leaves, *((y, dy) if with_y else ()), **losses)
    # One codebook, so drop the axis of codebooks.
    rows = {n: (t[0], "K D") if axes == "1 K D" else (t, axes) for n, (t, axes) in rows.items()}
    g.add(case, "VectorQuantize", params, rows)


def estimators(g):
    for case, params in [("straight_through", {"rotation_trick": False, "ema_update": False}),
                         ("rotation", {"rotation_trick": True, "ema_update": False}),
                         ("diveq", {"directional_reparam": True, "directional_reparam_variance": 0.0,
                                    "threshold_ema_dead_code": 1e-12}),
                         ("learnable", FIXED | {"rotation_trick": False}),
                         ("learnable_rotation", FIXED | {"rotation_trick": True})]:
        params = BASE | params
        vq, x = quantizer(case, params)
        losses = {"commitment": "commitment"} if case.startswith(("straight", "learnable")) else {}
        record(g, case, params, vq, x, **losses)

    seed("rotation_pairs")
    x, q = torch.randn(8, 5), torch.randn(8, 5)
    q[1], q[2] = 2 * x[1], -3 * x[2]      # parallel, antiparallel
    x[3], x[4] = 1e-8 * x[3], 0 * x[4]    # shorter than the 1e-6 at which VQP clamps a norm, and zero
    q[5] = 0
    q[6] = -x[6] + 1e-4 * torch.randn(5)  # nearly antiparallel
    g.grad("rotation_pairs", "rotate_to", {}, lambda x: rotate_to(x, q), {"x": (x, "N D")}, "N D", {"q": (q, "N D")})


def codebook_losses(g):
    for case, params in [("orthogonal", {"orthogonal_reg_weight": 1.0}),
                         ("orthogonal_active", {"orthogonal_reg_weight": 1.0, "orthogonal_reg_active_codes_only": True})]:
        params = BASE | FIXED | params | {"codebook_size": 16 if "active" in case else 8}
        vq, x = quantizer(case, params)
        record(g, case, params, vq, x, with_y=False, orthogonal="orthogonal_reg")
    # [N, 1, D]: the mean runs over all rows. [B, N, D]: VQP takes it over B alone, position by position.
    for case, shape in [("diversity", (14, 1, 5)), ("diversity_per_position", (2, 7, 5))]:
        params = BASE | FIXED | {"codebook_diversity_loss_weight": 1.0, "codebook_diversity_temperature": 1.5}
        vq, x = quantizer(case, params, shape)
        record(g, case, params, vq, x, with_y=False, diversity="codebook_diversity")


def sim_vq(g):
    for case, rotation in [("sim_vq", False), ("sim_vq_rotation", True)]:
        params = {"dim": 5, "codebook_size": 9, "frozen_codebook_dim": 4, "rotation_trick": rotation,
                  "input_to_quantize_commit_loss_weight": 0.25, "commitment_weight": 1.0}
        seed(case)
        vq, x = SimVQ(**params).train(), torch.randn(2, 7, 5).requires_grad_()
        with torch.no_grad():
            vq.code_transform.weight.mul_(4)
        clear_choice(x, vq.codebook.detach())
        y, indices, loss = vq(x)
        dy = torch.randn(y.shape)
        leaves = {"x": (x, "B N D"), "code_transform.weight": (vq.code_transform.weight, "D F")}
        rows = leaves | {"frozen_codebook": (vq.frozen_codebook, "K F"), "y": (y, "B N D"), "dy": (dy, "B N D"),
                         "indices": (indices, "B N"), "loss": (loss, "")}
        g.add(case, "SimVQ", params, rows | gradients(leaves, y, dy, loss=loss))


def ibq(g):
    """Index backpropagation (2412.02692): straight-through on the one-hot index, so every code gets a gradient."""
    seed("ibq")
    x, embed = torch.randn(2, 7, 5).requires_grad_(), torch.randn(8, 5).requires_grad_()
    beta = 0.25
    logits = x @ embed.T
    soft = F.softmax(logits, -1)
    indices = soft.argmax(-1)
    assert (logits.topk(2).values.diff().abs() > 1e-3).all()
    hard = F.one_hot(indices, 8).double()
    y = (hard + soft - soft.detach()) @ embed
    q = hard @ embed
    losses = {"double": ((y - x) ** 2).mean(), "commitment": ((q.detach() - x) ** 2).mean(),
              "codebook": beta * ((q - x.detach()) ** 2).mean()}
    dy = torch.randn(y.shape)
    leaves = {"x": (x, "B N D"), "embed": (embed, "K D")}
    rows = leaves | {"y": (y, "B N D"), "dy": (dy, "B N D"), "indices": (indices, "B N")} | {n: (v, "") for n, v in losses.items()}
    g.add("ibq", "IBQ", {"beta": beta}, rows | gradients(leaves, y, dy, **losses))


def main():
    g = Golden()
    estimators(g)
    codebook_losses(g)
    sim_vq(g)
    ibq(g)
    g.save("estimators.safetensors")


if __name__ == "__main__":
    main()
