"""The bounds of PyTorch's default initializations, and a whole model as its users would save it.

    pip install torch==2.15.0 safetensors numpy
"""
import math

import torch
from safetensors.torch import load_file, save_file
from torch import nn

from common import Golden, seed, write


def defaults(g):
    """Uniform on ±bound: the formula, checked against PyTorch's own draws (large layers come close to their bound)."""
    cases = [("linear", nn.Linear, (300, 200), {}, 300),
             ("conv1d", nn.Conv1d, (40, 60, 5), {}, 40 * 5),
             ("conv1d_groups4", nn.Conv1d, (40, 60, 5), {"groups": 4}, 10 * 5),
             ("conv_transpose1d", nn.ConvTranspose1d, (40, 60, 5), {}, 60 * 5),
             ("conv_transpose1d_groups4", nn.ConvTranspose1d, (40, 60, 5), {"groups": 4}, 15 * 5)]
    for case, kind, args, kw, fan_in in cases:
        seed(case)
        module, bound = kind(*args, **kw), 1 / math.sqrt(fan_in)
        largest = module.weight.abs().max().item()
        assert 0.998 * bound < largest <= bound and 0.9 * bound < module.bias.abs().max().item() <= bound, case
        names = ["in", "out", "taps"]
        g.add(f"default_{case}", kind.__name__, dict(zip(names, args)) | kw | {"fan_in": fan_in}, {"bound": (torch.tensor(bound), "")})


def functions(g):
    """weight [300, 200]: fan_in 200, fan_out 300. Uniform ones have a bound, normal ones a standard deviation."""
    shape, fan_in, fan_out = (300, 200), 200, 300
    cases = [("xavier_uniform", {"gain": 1.0}, nn.init.xavier_uniform_, math.sqrt(6 / (fan_in + fan_out))),
             ("xavier_uniform_tanh", {"gain": 5 / 3}, nn.init.xavier_uniform_, 5 / 3 * math.sqrt(6 / (fan_in + fan_out))),
             ("xavier_normal", {"gain": 1.0}, nn.init.xavier_normal_, math.sqrt(2 / (fan_in + fan_out))),
             ("kaiming_uniform", {"a": 0.0}, nn.init.kaiming_uniform_, math.sqrt(6 / fan_in)),
             ("kaiming_uniform_leaky", {"a": 0.2}, nn.init.kaiming_uniform_, math.sqrt(6 / (1 + 0.04) / fan_in)),
             ("kaiming_normal", {"a": 0.0}, nn.init.kaiming_normal_, math.sqrt(2 / fan_in)),
             ("kaiming_normal_fan_out", {"a": 0.0, "mode": "fan_out"}, nn.init.kaiming_normal_, math.sqrt(2 / fan_out))]
    for case, params, fn, scale in cases:
        seed(case)
        t = fn(torch.empty(shape), **params)
        uniform = "uniform" in case
        measured = t.abs().max().item() if uniform else t.std().item()
        assert abs(measured / scale - 1) < 0.02, case
        g.add(case, case, params | {"fan_in": fan_in, "fan_out": fan_out},
              {"bound" if uniform else "std": (torch.tensor(scale), "")})


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(9, 6)
        self.encoder = nn.Sequential(nn.Conv1d(6, 8, 3, padding=1), nn.BatchNorm1d(8), nn.GELU(),
                                     nn.Conv1d(8, 10, 4, stride=2, padding=1))
        self.norm = nn.LayerNorm(10)
        self.head = nn.Linear(10, 7)
        self.decoder = nn.ModuleDict({"up": nn.ConvTranspose1d(7, 5, 4, stride=2, padding=1), "norm": nn.GroupNorm(5, 5)})

    def forward(self, ids):
        encoded = self.encoder(self.embed(ids).mT)                # [N, 10, L/2]
        head = self.head(self.norm(encoded.mT))                   # [N, L/2, 7]
        return encoded, head, self.decoder["norm"](self.decoder["up"](head.mT))  # the last [N, 5, L]


def model():
    seed("tiny model")
    net = Tiny().float()
    ids = torch.randint(0, 9, (3, 12))
    for _ in range(3):  # gives the running statistics something to say
        net(torch.randint(0, 9, (4, 12)))
    with torch.no_grad():
        for p in net.parameters():
            if p.ndim == 1:  # biases, and the norms' ones and zeros
                p += 0.3 * torch.randn(p.shape).float()
        net.eval()
        encoded, head, y = net(ids)
    save_file(net.state_dict(), "tiny_model.safetensors", {"format": "pt"})
    again = Tiny().float().eval()
    again.load_state_dict(load_file("tiny_model.safetensors"))
    assert torch.equal(again(ids)[2], y)
    write("tiny_model_io.safetensors", {"x": ids, "encoded": encoded, "head": head, "y": y})


def main():
    g = Golden()
    defaults(g)
    functions(g)
    g.save("init.safetensors")
    model()


if __name__ == "__main__":
    main()
