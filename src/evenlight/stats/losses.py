"""What each row's prediction costs."""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Float

KINDS = ("binary", "continuous")
"""Outcomes whose prediction has a loss here."""

FLOOR = 1e-12
"""No probability is further than this from 0 or 1 taken to be, so that no loss is infinite."""


def row_loss(y: Float, response: Float, *, kind: str) -> Float:
    """Loss (n,) of predicted responses (n,): logarithmic (nats) if binary, else the squared error.

    NaN where the outcome is unknown.

    >>> row_loss(np.array([1.0, 0.0]), np.array([0.5, 0.9]), kind="binary").round(3).tolist()
    [0.693, 2.303]
    """
    if kind == "binary":
        share = np.clip(response, FLOOR, 1 - FLOOR)
        out: Float = -(y * np.log(share) + (1 - y) * np.log1p(-share))
        return out
    square: Float = (response - y) ** 2
    return square
