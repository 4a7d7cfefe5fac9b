"""Overlap of two masks, for segmentation: one number a picture."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float


def dice(truth: Bool, found: Bool) -> Float:
    """2 |A and B| / (|A| + |B|) of masks (n, ...), (n,); 1 where both are empty.

    >>> dice(np.array([[1, 1, 0], [0, 0, 0]], bool), np.array([[1, 0, 0], [0, 0, 0]], bool))
    array([0.66666667, 1.        ])
    """
    both, a, b = _sizes(truth, found)
    return np.divide(2 * both, a + b, out=np.ones_like(both), where=a + b > 0)


def iou(truth: Bool, found: Bool) -> Float:
    """|A and B| / |A or B| of masks (n, ...), (n,); 1 where both are empty."""
    both, a, b = _sizes(truth, found)
    return np.divide(both, a + b - both, out=np.ones_like(both), where=a + b > 0)


def _sizes(truth: Bool, found: Bool) -> tuple[Float, Float, Float]:
    if truth.shape != found.shape:
        raise ValueError(f"masks have shapes {truth.shape} and {found.shape}")
    a = truth.reshape(len(truth), -1).astype(float)
    b = found.reshape(len(found), -1).astype(float)
    return (a * b).sum(axis=1), a.sum(axis=1), b.sum(axis=1)
