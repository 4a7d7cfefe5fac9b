"""An outcome that is held fixed, against its definition."""

from __future__ import annotations

import numpy as np

from evenlight.stats.held import held_outcome


def test_classes_are_held_as_they_are() -> None:
    """Codes stay, unknown is -1, nothing is binned and nothing is left inside."""
    y = np.array([2.0, 0.0, np.nan, 1.0])
    for kind in ("binary", "categorical"):
        own = held_outcome(y, np.array([0, 1, 0, 1]), kind=kind, bins=5)
        assert own.piece.tolist() == [2, 0, -1, 1]
        assert (own.bins, own.y) == (0, None)


def test_numbers_are_cut_at_pooled_quantiles() -> None:
    """Bins hold equal shares of all known people, and the number itself is kept for its slope."""
    rng = np.random.default_rng(0)
    y, group = rng.normal(size=400), np.arange(400) % 2
    y[7] = np.nan
    own = held_outcome(y, group, kind="continuous")
    assert own.bins == 10
    assert own.y is y
    assert own.piece[7] == -1
    slow = [sum(v >= np.nanquantile(y, q / 10) for q in range(1, 10)) for v in y[np.isfinite(y)]]
    assert own.piece[np.isfinite(y)].tolist() == slow
    assert held_outcome(y, group, kind="continuous", bins=3).bins == 3


def test_events_and_censored_times_are_cut_apart() -> None:
    """Rows of one residual are in one piece only where both ended alike; unknown is -1."""
    y, group = np.repeat([-0.5, 0.5], 100), np.arange(200) % 2
    event = (np.arange(200) % 4 < 2).astype(float)
    event[0] = np.nan
    own = held_outcome(y, group, kind="survival", event=event)
    assert own.piece[0] == -1
    assert len(np.unique(own.piece[1:])) == 4
    assert len(np.unique(held_outcome(y, group, kind="continuous").piece)) == 2
