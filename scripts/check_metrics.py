#!/usr/bin/env python3
"""Rank correlations, AUC and calibration error as scipy and scikit-learn have them, for TestPython of internal/metrics.

Reads a JSON list of {X, Y, Confidence, Label, Right} and prints a list of {Spearman, Kendall, AUC, ECE}. The calibration
error is built on scikit-learn's calibration_curve, with confidence stretched from [0.5, 1] to [0, 1] for its bins.
"""
import json
import sys

import numpy as np
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import roc_auc_score

BINS = 15
results = []
for s in json.load(sys.stdin):
    confidence, right = np.array(s["Confidence"]), np.array(s["Right"], dtype=float)
    stretched = 2 * confidence - 1
    share, mean = calibration_curve(right, stretched, n_bins=BINS, strategy="uniform")
    counts = np.histogram(stretched, bins=np.linspace(0, 1, BINS + 1))[0]
    counts = counts[counts > 0]
    results.append({
        "Spearman": stats.spearmanr(s["X"], s["Y"]).statistic,
        "Kendall": stats.kendalltau(s["X"], s["Y"]).statistic,
        "AUC": roc_auc_score(s["Label"], s["X"]),
        "ECE": float(np.sum(counts * np.abs(share - (mean + 1) / 2)) / counts.sum()),
    })
json.dump(results, sys.stdout)
