"""Writes every golden file of this folder anew.

    pip install torch==2.15.0 vector-quantize-pytorch==1.32.0 safetensors numpy scikit-learn
    python make.py
"""
import ema
import estimators
import kmeans
import residual
import scalar
import state_dicts

for module in (ema, estimators, residual, scalar, kmeans, state_dicts):
    module.main()
