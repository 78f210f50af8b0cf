"""Stacks of codebooks: values, codes, losses and gradients of residual and grouped residual VQ.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy
"""
import torch
from vector_quantize_pytorch import GroupedResidualVQ, ResidualVQ

from common import Golden, clear_choice, gradients, seed

LEVELS = {"num_quantizers": 4, "codebook_size": 8, "decay": 0.9, "eps": 1e-5, "commitment_weight": 0.25, "rotation_trick": False}


def residuals(stack, x):
    """What each level quantizes, with a check that none of its choices is close."""
    rest = stack.project_in(x).detach()
    for layer in stack.layers:
        codes = layer._codebook.embed[0]
        clear_choice(rest, codes)
        rest = rest - codes[torch.cdist(rest.flatten(0, -2), codes).argmin(-1)].view_as(rest)


def build(case, kind, params, shape):
    """Codes that shrink level by level."""
    seed(case)
    while True:
        stack = kind(**params)
        stacks = stack.rvqs if kind is GroupedResidualVQ else [stack]
        for rvq in stacks:
            for level, layer in enumerate(rvq.layers):
                codes = torch.randn(layer._codebook.embed.shape) * 0.6 ** level
                layer._codebook.embed.data.copy_(codes)
                layer._codebook.embed_avg.data.copy_(codes)
        x = 1.2 * torch.randn(shape)
        try:
            for rvq, part in zip(stacks, x.chunk(len(stacks), -1)):
                residuals(rvq, part)
            return stack, x
        except AssertionError:
            continue


def books(stack):
    return torch.stack([layer._codebook.embed[0] for layer in stack.layers]).clone()


def evaluation(g):
    params = {"dim": 5} | LEVELS
    stack, x = build("residual_eval", ResidualVQ, params, (2, 7, 5))
    y, indices, losses, codes = stack.eval()(x, return_all_codes=True)
    assert losses.abs().sum() == 0 and torch.allclose(stack.get_output_from_indices(indices), y) and torch.allclose(codes.sum(0), y)
    g.add("residual_eval", "ResidualVQ", params, {"x": (x, "B N D"), "embed": (books(stack), "Q K D"), "y": (y, "B N D"),
                                                  "indices": (indices, "B N Q"), "all_codes": (codes, "Q B N D")})

    params |= {"quantize_dropout": True}
    stack, _ = build("residual_dropped", ResidualVQ, params, (2, 7, 5))
    indices = torch.tensor([[[3, 0, 7, 1], [2, 5, -1, -1], [6, -1, -1, -1]], [[0, 1, 2, -1], [4, 4, 4, 4], [-1, -1, -1, -1]]])
    g.add("residual_dropped", "ResidualVQ decode", params, {"embed": (books(stack), "Q K D"), "indices": (indices, "B N Q"),
                                                            "y": (stack.eval().get_output_from_indices(indices), "B N D")})

    params = {"dim": 5, "beam_size": 3} | LEVELS | {"commitment_weight": 1.0}
    stack, x = build("residual_beam", ResidualVQ, params, (2, 9, 5))
    y, indices, losses = stack.eval()(x)
    greedy = stack(x, beam_size=1)
    assert not torch.equal(greedy[1], indices), "the beam must find something"
    g.add("residual_beam", "ResidualVQ", params, {"x": (x, "B N D"), "embed": (books(stack), "Q K D"), "y": (y, "B N D"),
                                                  "indices": (indices, "B N Q"), "greedy_indices": (greedy[1], "B N Q"),
                                                  "losses": (losses, "Q")})


def training(g):
    for case, extra, shape in [("residual_train", {}, (2, 9, 5)), ("residual_train_projected", {"dim": 6, "codebook_dim": 4}, (2, 9, 6))]:
        params = {"dim": 5} | LEVELS | extra
        stack, x = build(case, ResidualVQ, params, shape)
        embed0, x = books(stack), x.requires_grad_()
        y, indices, losses = stack.train()(x)
        dy = torch.randn(y.shape)
        axes = "B N I" if extra else "B N D"
        layout = {"project_in.weight": "D I", "project_in.bias": "D", "project_out.weight": "I D", "project_out.bias": "I"}
        leaves = {"x": (x, axes)} | {n: (p, layout[n]) for n, p in stack.named_parameters()}
        rows = leaves | {"embed0": (embed0, "Q K D"), "y": (y, axes), "dy": (dy, axes), "indices": (indices, "B N Q"),
                         "losses": (losses, "Q")}
        rows |= gradients(leaves, y, dy, loss=losses.sum())
        for n, layout_n in [("cluster_size", "Q K"), ("embed_avg", "Q K D"), ("embed", "Q K D")]:
            rows[n] = (torch.stack([getattr(layer._codebook, n)[0] for layer in stack.layers]), layout_n)
        if not extra:
            assert torch.allclose(rows["dx"][0], 4 * dy), "VQP multiplies the gradient by the number of levels"
        g.add(case, "ResidualVQ", params, rows)


def grouped(g):
    params = {"dim": 6, "groups": 2} | LEVELS | {"num_quantizers": 3}
    stack, x = build("grouped_residual_eval", GroupedResidualVQ, params, (2, 7, 6))
    y, indices, _ = stack.eval()(x)
    g.add("grouped_residual_eval", "GroupedResidualVQ", params,
          {"x": (x, "B N D"), "embed": (torch.stack([books(rvq) for rvq in stack.rvqs]), "G Q K D/G"), "y": (y, "B N D"),
           "indices": (indices, "G B N Q")})


def main():
    g = Golden()
    evaluation(g)
    training(g)
    grouped(g)
    g.save("residual.safetensors")


if __name__ == "__main__":
    main()
