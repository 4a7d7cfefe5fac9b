"""The largest value of a function within bounds: random search, then a local one.

Points are drawn at random, the upper corner first, since more of everything is often the worst;
then steps are tried around the best, in one coordinate or in all, and halved when none is better
for a while (the random search of Solis and Wets 1981, Math Oper Res 6:19, with shrinking steps).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from evenlight.arrays import Float

PATIENCE = 8
"""So many tries in a row without a better one halve the step."""

FIRST, LEAST = 0.25, 0.01
"""The first step, and the smallest one, as shares of the bounds."""


def climbed(
    of: Callable[[Float], float],
    bounds: tuple[Float, Float],
    *,
    drawn: int,
    refined: int,
    rng: np.random.Generator,
) -> tuple[Float, Float]:
    """The best point (q,) of `drawn` + `refined` evaluations, and the best value after each (e,).

    `bounds` are the lowest and highest values of each coordinate, (q,). The function is to give the
    same value for the same point.

    >>> made, best = climbed(lambda x: -float(((x - 0.3) ** 2).sum()), (np.zeros(2), np.ones(2)),
    ...                      drawn=40, refined=80, rng=np.random.default_rng(0))
    >>> made.round(1).tolist(), len(best)
    ([0.3, 0.3], 120)
    """
    low, high = bounds
    best, value = high.copy(), of(high)
    trace = [value]
    for point in low + (high - low) * rng.random((drawn - 1, len(low))):
        found = of(point)
        if found > value:
            best, value = point, found
        trace.append(value)
    step, waited = FIRST, 0
    for _ in range(refined):
        point = _near(best, low, high, step, rng)
        found = of(point)
        waited = 0 if found > value else waited + 1
        if found > value:
            best, value = point, found
        if waited >= PATIENCE:
            step, waited = max(step / 2, LEAST), 0
        trace.append(value)
    return best, np.array(trace)


def _near(best: Float, low: Float, high: Float, step: float, rng: np.random.Generator) -> Float:
    """A point around the best, all coordinates moved or, as often, one of them."""
    move = step * (high - low) * rng.normal(size=len(low))
    if rng.random() < 0.5:
        move[np.arange(len(low)) != rng.integers(len(low))] = 0.0
    near: Float = np.clip(best + move, low, high)
    return near
