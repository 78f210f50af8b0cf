"""Writes every golden file of this folder anew.

    pip install torch==2.15.0 safetensors numpy
    python make.py
"""
import init
import layers
import losses
import optimizers

for module in (layers, losses, optimizers, init):
    module.main()
