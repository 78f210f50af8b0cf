"""Finds the golden file format, which lives with the autograd goldens.

    pip install torch==2.15.0 safetensors numpy
"""
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[3] / "autograd" / "tests" / "goldens"))
from golden import Golden, seed, write  # noqa: E402, F401
