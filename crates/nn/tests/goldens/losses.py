"""Losses as scalars, with dy = 1: the stored gradients are those of the loss itself.

    pip install torch==2.15.0 safetensors numpy
"""
import warnings

import torch
import torch.nn.functional as F

from common import Golden, seed

warnings.filterwarnings("ignore", "reduction: 'mean'")  # kl_div's advice; the goldens want all three
ONE = torch.ones(())


def loss(g, case, op, params, fn, inputs):
    g.grad(case, op, params, fn, inputs, "", dy=ONE)


def regression(g):
    for op, fn, options in [("mse", F.mse_loss, [{}]), ("l1", F.l1_loss, [{}]),
                            ("smooth_l1", F.smooth_l1_loss, [{"beta": 1.0}, {"beta": 0.5}]),
                            ("huber", F.huber_loss, [{"delta": 1.0}, {"delta": 1.5}])]:
        for option in options:
            for reduction in ("mean", "sum"):
                case = "_".join([op, *(f"{k}{v}" for k, v in option.items()), reduction])
                seed(case)
                x, target = torch.randn(2, 3, 4), torch.randn(2, 3, 4)
                target[0, 0, 0] = x[0, 0, 0]  # |0| has gradient 0
                loss(g, case, op, option | {"reduction": reduction}, lambda x, t: fn(x, t, reduction=reduction, **option),
                     {"x": (x, "A B C"), "target": (target, "A B C")})


CROSS_ENTROPY = [("plain", {}), ("sum", {"reduction": "sum"}), ("smoothing", {"label_smoothing": 0.1}),
                 ("ignore", {"ignore_index": -100}), ("ignore_class", {"ignore_index": 2}),
                 ("ignore_smoothing", {"ignore_index": -100, "label_smoothing": 0.2})]


def classification(g):
    for name, option in CROSS_ENTROPY:
        for shape, x_axes, t_axes in [((6, 5), "N K", "N"), ((3, 5, 4), "N K L", "N L")]:
            case = f"cross_entropy_{name}" + ("_length" if len(shape) == 3 else "")
            seed(case)
            target = torch.randint(0, 5, shape[:1] + shape[2:])
            if "ignore" in name:
                target.view(-1)[[1, 3]] = option["ignore_index"]
            loss(g, case, "cross_entropy", {"reduction": "mean"} | option, lambda x, t: F.cross_entropy(x, t, **option),
                 {"x": (2 * torch.randn(shape), x_axes), "target": (target, t_axes)})
    for name, smoothing in [("", 0.0), ("_smoothing", 0.1)]:
        case = f"cross_entropy_class_weights{name}"
        seed(case)
        weights = torch.rand(5) + 0.2
        params = {"reduction": "mean", "class_weights": weights.tolist(), "label_smoothing": smoothing}
        loss(g, case, "cross_entropy", params, lambda x, t: F.cross_entropy(x, t, weights, label_smoothing=smoothing),
             {"x": (2 * torch.randn(6, 5), "N K"), "target": (torch.randint(0, 5, (6,)), "N")})
    seed("cross_entropy_probabilities")
    loss(g, "cross_entropy_probabilities", "cross_entropy_probabilities", {"reduction": "mean"}, F.cross_entropy,
         {"x": (2 * torch.randn(6, 5), "N K"), "target": (F.softmax(torch.randn(6, 5), 1), "N K")})


def probabilities(g):
    for name, option in [("plain", {}), ("sum", {"reduction": "sum"}), ("pos_weight", {"pos_weight": [0.5, 2.0, 3.0, 1.0]})]:
        case = f"bce_with_logits_{name}"
        seed(case)
        x = 3 * torch.randn(5, 4)
        x[0, :2] = torch.tensor([60.0, -60.0])
        kw = {k: torch.tensor(v) if k == "pos_weight" else v for k, v in option.items()}
        loss(g, case, "bce_with_logits", {"reduction": "mean"} | option,
             lambda x, t: F.binary_cross_entropy_with_logits(x, t, **kw), {"x": (x, "N C"), "target": (torch.rand(5, 4), "N C")})
    for reduction in ("batchmean", "mean", "sum"):
        for log_target in (False, True):
            case = f"kl_div_{reduction}" + ("_log_target" if log_target else "")
            seed(case)
            target = F.log_softmax(torch.randn(4, 5), 1)
            loss(g, case, "kl_div", {"reduction": reduction, "log_target": log_target},
                 lambda x, t: F.kl_div(x, t, reduction=reduction, log_target=log_target),
                 {"x": (F.log_softmax(torch.randn(4, 5), 1), "N K"), "target": (target if log_target else target.exp(), "N K")})
    seed("kl_div_zero_target")
    target = torch.tensor([[0.0, 0.25, 0.75], [1.0, 0.0, 0.0]])  # its own gradient is infinite at 0
    g.grad("kl_div_zero_target", "kl_div", {"reduction": "batchmean", "log_target": False},
           lambda x: F.kl_div(x, target, reduction="batchmean"), {"x": (F.log_softmax(torch.randn(2, 3), 1), "N K")}, "",
           {"target": (target, "N K")}, ONE)
    seed("kl_div_tiny_target")
    target = torch.tensor([[1e-43, 1e-150, 1.0], [0.5, 1e-300, 0.5]])  # below every f32: logarithms of f64 reach further
    loss(g, "kl_div_tiny_target", "kl_div", {"reduction": "batchmean", "log_target": False},
         lambda x, t: F.kl_div(x, t, reduction="batchmean"), {"x": (F.log_softmax(torch.randn(2, 3), 1), "N K"), "target": (target, "N K")})


def main():
    g = Golden()
    regression(g)
    classification(g)
    probabilities(g)
    g.save("losses.safetensors")


if __name__ == "__main__":
    main()
