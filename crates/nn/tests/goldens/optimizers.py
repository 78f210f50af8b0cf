"""Twenty steps of every optimizer, alone and under every learning-rate schedule; clipping.

    pip install torch==2.15.0 safetensors numpy
"""
import math
from unittest.mock import patch

import torch
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import SGD, Adafactor, Adam, AdamW, Optimizer
from torch.optim import lr_scheduler as S

from common import Golden, seed

STEPS, KEPT = 20, [1, 2, 5, 20]


class Lion(Optimizer):
    """Chen et al. 2023 (2302.06675), algorithm 2: decoupled decay, the sign of an interpolation."""

    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, (b1, b2), decay = group["lr"], group["betas"], group["weight_decay"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = b1 * m + (1 - b1) * p.grad
                assert c.abs().min() > 1e-7, "a sign that rounding could turn"
                p -= lr * (c.sign() + decay * p)
                m.copy_(b2 * m + (1 - b2) * p.grad)


class Muon(Optimizer):
    """PyTorch's own Muon for matrices, kept from rounding to bfloat16, and its AdamW for the rest."""

    def __init__(self, params, lr, momentum, weight_decay, betas):
        params = list(params)
        super().__init__(params, {"lr": lr})
        matrices = [p for p in params if p.ndim == 2]
        self.muon = torch.optim.Muon(matrices, lr=lr, momentum=momentum, weight_decay=weight_decay, adjust_lr_fn="match_rms_adamw")
        self.adam = AdamW([p for p in params if p.ndim < 2], lr=lr, betas=betas, weight_decay=weight_decay)

    def step(self):
        with patch.object(torch, "bfloat16", torch.float64):
            for inner in (self.muon, self.adam):
                for group in inner.param_groups:
                    group["lr"] = self.param_groups[0]["lr"]
                inner.step()


AMSGRAD = {"betas": (0.9, 0.8), "amsgrad": True}  # with beta2 0.999 the running maximum would never bind
OPTIMIZERS = {
    "sgd": (SGD, {"lr": 0.1}),
    "sgd_momentum": (SGD, {"lr": 0.1, "momentum": 0.9}),
    "sgd_nesterov": (SGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    "sgd_weight_decay": (SGD, {"lr": 0.1, "weight_decay": 0.2}),
    "sgd_nesterov_weight_decay": (SGD, {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.2}),
    "adam": (Adam, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8}),
    "adam_large_eps": (Adam, {"lr": 0.05, "betas": (0.8, 0.95), "eps": 0.1}),
    "adam_weight_decay": (Adam, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.2}),
    "adam_amsgrad": (Adam, {"lr": 0.05, "eps": 1e-8} | AMSGRAD),
    "adamw": (AdamW, {"lr": 0.05, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.2}),
    "adamw_amsgrad": (AdamW, {"lr": 0.05, "eps": 1e-8, "weight_decay": 0.2} | AMSGRAD),
    "adafactor": (Adafactor, {"lr": 0.2, "beta2_decay": -0.8, "eps": (1e-15, 1e-3), "d": 1.0, "weight_decay": 0.0}),
    "adafactor_weight_decay": (Adafactor, {"lr": 0.3, "beta2_decay": -0.6, "eps": (1e-15, 1e-3), "d": 1.2, "weight_decay": 0.1}),
    "lion": (Lion, {"lr": 0.02, "betas": (0.9, 0.99), "weight_decay": 0.0}),
    "lion_weight_decay": (Lion, {"lr": 0.02, "betas": (0.9, 0.99), "weight_decay": 0.3}),
    "muon": (Muon, {"lr": 0.05, "momentum": 0.95, "weight_decay": 0.0, "betas": (0.9, 0.999)}),
    "muon_weight_decay": (Muon, {"lr": 0.05, "momentum": 0.8, "weight_decay": 0.2, "betas": (0.9, 0.99)})}


def half_cosine(a, b, share):
    return b + (a - b) * (1 + math.cos(math.pi * share)) / 2


def one_cycle(t):
    return half_cosine(1 / 25, 1, t / 11) if t <= 11 else half_cosine(1, 1 / 25e4, (t - 11) / 28)


def triangle(t):
    low = 1 / 10
    return low + (1 - low) * (t / 9 if t <= 9 else (18 - t) / 9) if t <= 18 else low + (low / 100 - low) * (t - 18) / 21


def warmup_cosine(opt, lr):
    parts = [S.LinearLR(opt, 0.1, 1.0, 8), S.CosineAnnealingLR(opt, 32, 0.05 * lr)]
    return S.SequentialLR(opt, parts, milestones=[8])


# name: (params, PyTorch's scheduler, the multiplier of the base rate at step t counted from 0)
SCHEDULES = {
    "constant": ({}, lambda o, lr: S.ConstantLR(o, 1.0), lambda t: 1.0),
    "warmup": ({"start": 0.1, "steps": 8}, lambda o, lr: S.LinearLR(o, 0.1, 1.0, 8), lambda t: 0.1 + 0.9 * min(t, 8) / 8),
    "cosine": ({"min": 0.05, "steps": 40}, lambda o, lr: S.CosineAnnealingLR(o, 40, 0.05 * lr),
               lambda t: half_cosine(1, 0.05, t / 40)),
    "step": ({"every": 6, "factor": 0.5}, lambda o, lr: S.StepLR(o, 6, 0.5), lambda t: 0.5 ** (t // 6)),
    "exponential": ({"factor": 0.93}, lambda o, lr: S.ExponentialLR(o, 0.93), lambda t: 0.93 ** t),
    "one_cycle": ({"steps": 40, "rise": 0.3, "div": 25.0, "final_div": 1e4},
                  lambda o, lr: S.OneCycleLR(o, lr, 40, pct_start=0.3, cycle_momentum=False), one_cycle),
    "linear": ({"end": 0.1, "steps": 30}, lambda o, lr: S.LinearLR(o, 1.0, 0.1, 30), lambda t: 1 - 0.9 * min(t, 30) / 30),
    "piecewise": ({"milestones": [4, 9, 15, 30], "factor": 0.4}, lambda o, lr: S.MultiStepLR(o, [4, 9, 15, 30], 0.4),
                  lambda t: 0.4 ** sum(t >= m for m in (4, 9, 15, 30))),
    "warmup_cosine": ({"start": 0.1, "warmup": 8, "min": 0.05, "steps": 40}, warmup_cosine,
                      lambda t: 0.1 + 0.9 * t / 8 if t < 8 else half_cosine(1, 0.05, (t - 8) / 32))}
# Values only.
MORE_SCHEDULES = {
    "polynomial": ({"steps": 30, "power": 2.0}, lambda o, lr: S.PolynomialLR(o, 30, 2.0), lambda t: (1 - min(t, 30) / 30) ** 2),
    "one_cycle_linear_three_phase": (
        {"steps": 40, "rise": 0.25, "div": 10.0, "final_div": 100.0, "anneal": "linear", "three_phase": True},
        lambda o, lr: S.OneCycleLR(o, lr, 40, pct_start=0.25, div_factor=10, final_div_factor=100, anneal_strategy="linear",
                                   three_phase=True, cycle_momentum=False), triangle)}


def problem():
    seed("least squares")
    return torch.randn(7, 5), torch.randn(7, 3), torch.randn(3, 5), torch.randn(3)


def run(optimizer, options, schedule=None):
    """Yields the parameters and the loss before the step, of 20 steps on ||X Wᵀ + b − T||² / (2·7)."""
    x, target, w, b = problem()
    w.requires_grad_(), b.requires_grad_()
    opt = optimizer([w, b], **options)
    rate = schedule(opt, options["lr"]) if schedule else None
    for _ in range(STEPS):
        opt.zero_grad()
        loss = ((x @ w.T + b - target) ** 2).sum() / (2 * len(x))
        loss.backward()
        opt.step()
        if rate:
            rate.step()
        yield w.detach().clone(), b.detach().clone(), loss.detach()


def trajectories():
    g = Golden()
    x, target, w, b = problem()
    g.add("problem", "loss = sum((x wᵀ + b - target)²) / (2 N)", {"steps": STEPS, "kept": KEPT},
          {"x": (x, "N I"), "target": (target, "N O"), "w": (w, "O I"), "b": (b, "O")})
    for name, (optimizer, options) in OPTIMIZERS.items():
        path = list(run(optimizer, options))
        ws, bs = (torch.stack([path[t - 1][i] for t in KEPT]) for i in (0, 1))
        g.add(name, optimizer.__name__, options, {"w": (ws, "T O I"), "b": (bs, "T O"), "losses": (torch.stack([p[2] for p in path]), "S")})
    plain = OPTIMIZERS["adam_amsgrad"][1] | {"amsgrad": False}
    assert not torch.allclose(list(run(Adam, plain))[-1][0], g.tensors["adam_amsgrad/w"][-1]), "the maximum must bind"
    clipping(g)
    g.save("optimizers.safetensors")


def clipping(g):
    seed("clipping")
    grads = {"a": torch.randn(3, 4), "b": torch.randn(5), "c": torch.randn(())}
    g.add("clip_gradients", "the gradients before clipping", {}, {n: (t, " ".join("AB"[:t.ndim])) for n, t in grads.items()})
    for case, p, limit in [("clip_norm", 2.0, 1.5), ("clip_norm_unclipped", 2.0, 50.0), ("clip_norm1", 1.0, 3.0),
                           ("clip_norm_inf", math.inf, 0.7), ("clip_value", None, 0.6)]:
        leaves = {n: torch.zeros_like(t) for n, t in grads.items()}
        for n, leaf in leaves.items():
            leaf.grad = grads[n].clone()
        total = clip_grad_value_(leaves.values(), limit) if p is None else clip_grad_norm_(leaves.values(), limit, p)
        tensors = {n: (leaf.grad, " ".join("AB"[:leaf.ndim])) for n, leaf in leaves.items()}
        if p is not None:
            tensors["norm"] = (total, "")
        g.add(case, "clip_value" if p is None else "clip_norm", {"limit": limit} | ({"p": str(p)} if p else {}), tensors)


def schedules():
    g = Golden()
    for name, (params, scheduler, formula) in (SCHEDULES | MORE_SCHEDULES).items():
        opt = SGD([torch.zeros(1)], lr=1.0)
        rate, values = scheduler(opt, 1.0), []
        for t in range(40):
            values.append(opt.param_groups[0]["lr"])
            assert abs(values[t] - formula(t)) < 1e-12, (name, t, values[t], formula(t))
            opt.step()
            if t < 39:
                rate.step()
        g.add(name, "schedule", params, {"multiplier": (torch.tensor(values), "S")})
    for name, (optimizer, options) in OPTIMIZERS.items():
        for rate, (params, scheduler, _) in SCHEDULES.items():
            w, b, _ = list(run(optimizer, options, scheduler))[-1]
            g.add(f"{name}+{rate}", optimizer.__name__, {"optimizer": name, "schedule": rate}, {"w": (w, "O I"), "b": (b, "O")})
    g.save("schedules.safetensors")


def main():
    trajectories()
    schedules()


if __name__ == "__main__":
    main()
