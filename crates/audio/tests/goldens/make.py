"""Makes features.safetensors, the reference values of tests/goldens.rs.

Needs numpy, librosa and safetensors. `script_*` follows the plain NumPy front end of the speech experiment line by
line; `htk_*` and `slaney_*` come from librosa. usage: python make.py
"""
import pathlib

import librosa
import numpy as np
from safetensors.numpy import save_file


def script_bank(rate, n_fft, mels):
    mel = lambda f: 2595 * np.log10(1 + f / 700)
    inverse = lambda m: 700 * (10 ** (m / 2595) - 1)
    points, f = inverse(np.linspace(mel(0), mel(rate / 2), mels + 2)), np.fft.rfftfreq(n_fft, 1 / rate)
    bank = np.zeros((mels, len(f)))
    for i in range(mels):
        left, center, right = points[i : i + 3]
        bank[i] = np.maximum(0, np.minimum((f - left) / (center - left), (right - f) / (right - center)))
    return bank.astype("f4")


def script_features(x, n_fft=256, hop=64):
    if len(x) < n_fft + 31 * hop:
        x = np.pad(x, (0, n_fft + 31 * hop - len(x)))
    n = 1 + (len(x) - n_fft) // hop
    frames = np.stack([x[i * hop : i * hop + n_fft] for i in range(n)]) * np.hanning(n_fft).astype("f4")
    power = np.abs(np.fft.rfft(frames, axis=1)) ** 2
    return np.log(power @ script_bank(8000, n_fft, 80).T + 1e-5).astype("f4")


def librosa_features(x, **options):
    mel = librosa.feature.melspectrogram(y=x, pad_mode="constant", **options)
    return np.ascontiguousarray(np.log(mel + 1e-5).T, dtype="f4")  # safetensors writes memory as it lies


def sound(rate, seconds, seed):
    """Gliding harmonics that swell and die away, over a little noise."""
    t, rng = np.arange(int(rate * seconds)) / rate, np.random.default_rng(seed)
    phase = 2 * np.pi * np.cumsum(150 + 60 * np.sin(7 * t)) / rate
    x = sum(np.sin(k * phase) / k for k in range(1, 12)) * np.sin(np.pi * t / seconds) ** 2
    return (0.2 * x + 0.003 * rng.standard_normal(len(t))).astype("f4")


x8, x22 = sound(8000, 0.35, 0), sound(22050, 0.25, 1)
short = x8[900:1400].copy()
slaney = dict(sr=22050, n_fft=512, hop_length=200, n_mels=40, fmin=50, fmax=11000)
htk = dict(sr=8000, n_fft=256, hop_length=64, n_mels=32, fmin=0, fmax=4000, htk=True, norm=None)
save_file(
    {
        "x8": x8,
        "x22": x22,
        "short": short,
        "script_bank": script_bank(8000, 256, 80),
        "script_x8": script_features(x8),
        "script_short": script_features(short),
        "script_silence": script_features(np.zeros(3000, "f4")),
        "slaney_bank": librosa.filters.mel(sr=22050, n_fft=512, n_mels=40, fmin=50, fmax=11000),
        "slaney_centered_power": librosa_features(x22, center=True, power=2.0, **slaney),
        "slaney_inside_magnitude": librosa_features(x22, center=False, power=1.0, **slaney),
        "htk_centered_power": librosa_features(x8, center=True, power=2.0, **htk),
        "htk_inside_power": librosa_features(x8, center=False, power=2.0, **htk),
    },
    pathlib.Path(__file__).with_name("features.safetensors"),
)
