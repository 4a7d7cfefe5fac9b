"""A first look within seconds: a few rows, and what all of them would take."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Int
from evenlight.data import cards
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.explain import Method, explain
from evenlight.models.probe import settled

ROWS = 200
"""Most rows of a preview."""

FIRST = 4
"""Rows on which the pace is found."""

SECONDS = 10.0
"""Time that a preview aims at; 15 s are promised."""


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """*Preview, no verdict*: attributions of some rows, and what all `rows` would take.

    `seconds` the preview took; `whole_seconds` and `whole_bytes` are forecasts for all rows, on
    this machine: the time at the pace of these rows, without what only a first call pays (libraries
    that load, functions that compile), and the memory of the result.
    """

    attributions: Attributions
    rows: int
    seconds: float
    whole_seconds: float
    whole_bytes: int

    @property
    def note(self) -> str:
        """One sentence that must stand wherever a preview is shown."""
        return (
            f"Preview, no verdict: {self.attributions.n} of {self.rows:,} rows. All of them would "
            f"take about {_spoken(self.whole_seconds)} and {self.whole_bytes / 1e6:,.1f} MB."
        )

    def to_frame(self) -> pd.DataFrame:
        """Features by mean |attribution|, largest first; for maps the mean over all positions."""
        values = np.abs(self.attributions.values)
        if values.ndim != 2:
            return pd.DataFrame({"feature": ["all positions"], "size": [float(values.mean())]})
        names = list(self.attributions.features.names)
        frame = pd.DataFrame({"feature": names, "size": values.mean(axis=0)})
        return frame.sort_values("size", ascending=False, kind="stable", ignore_index=True)

    def __repr__(self) -> str:
        return f"{self.note}\n{self.to_frame().head(10).to_string(index=False)}"

    def _repr_html_(self) -> str:
        card = cards.card("Preview, no verdict", [self.note], [])
        return card + cards.attributions_card(self.attributions)


def _spoken(seconds: float) -> str:
    """Seconds, or minutes or hours where these are read more easily.

    >>> _spoken(2.31), _spoken(1260.0), _spoken(9000.0)
    ('2.3 s', '21 minutes', '2.5 hours')
    """
    if seconds < 120:
        return f"{seconds:.2g} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} minutes" if seconds < 7200 else f"{seconds / 3600:.1f} hours"


def preview(
    model: object,
    cohort: Cohort,
    *,
    method: Method = "auto",
    target: int | str | None = None,
    seed: int = 0,
    **own: Any,
) -> Preview:
    """Attributions of at most 200 rows within about 10 s, and what the whole would take.

    The rows are drawn by seed, the background from the whole cohort; `own` as in `explain`. Shows
    size and speed, and never a verdict on groups.

    >>> people = pd.DataFrame({"sex": ["f", "m"] * 50}, index=[f"r{i}" for i in range(100)])
    >>> cohort = Cohort(np.arange(200.0).reshape(100, 2), people, features=["age", "dose"])
    >>> found = preview(lambda x: x @ np.array([1.0, 2.0]), cohort)
    >>> found.attributions.n, found.rows, found.to_frame()["feature"].tolist()
    (100, 100, ['dose', 'age'])
    """
    if isinstance(target, list | tuple):
        raise AttributionError("a preview is of one target; say one of them as target=")
    begun = time.perf_counter()
    model = settled(model, cohort)
    mixed = cohort.order[np.random.default_rng(seed).permutation(cohort.n)]
    asked = {"method": method, "target": target, "seed": seed, "background": cohort, **own}
    few, cold = _timed(model, cohort, mixed[:FIRST], asked)  # with what only a first call pays
    again, warm = _timed(model, cohort, mixed[: FIRST if cold < SECONDS / 4 else 1], asked)
    slowest = min(cold / few.n, warm / again.n)
    if (fit := _fit(begun, slowest, cohort)) <= FIRST:
        return _told(few, cohort, begun, each=slowest, start=0.0)
    made, long = _timed(model, cohort, mixed[:fit], asked)
    each = max(long - warm, 0.0) / (made.n - again.n)
    left = SECONDS - (time.perf_counter() - begun) - warm
    most = min(ROWS, cohort.n)
    if made.n < most and each * most < left:  # what each call costs looked like slow rows
        made, long = _timed(model, cohort, mixed[:most], asked)
        each = max(long - warm, 0.0) / (made.n - again.n)
    return _told(made, cohort, begun, each=each, start=max(warm - each * again.n, 0.0))


def _fit(begun: float, each: float, cohort: Cohort) -> int:
    """How many rows fit in the time that is left, at so many seconds each."""
    left = SECONDS - (time.perf_counter() - begun)
    return int(min(ROWS, cohort.n, left / each)) if left > 0 else FIRST


def _timed(
    model: object, cohort: Cohort, index: Int, asked: dict[str, Any]
) -> tuple[Attributions, float]:
    """Attributions of some rows, and the seconds they took."""
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)  # few rows tell little of the background
        made = explain(model, cohort.take(index), **asked)
    return made, time.perf_counter() - begun


def _told(
    made: Attributions, cohort: Cohort, begun: float, *, each: float, start: float
) -> Preview:
    arrays = [a for a in (made.values, made.spread, made.sensitivity) if a is not None]
    size = sum(a[0].nbytes for a in arrays) * cohort.n
    seconds = time.perf_counter() - begun
    return Preview(made, cohort.n, seconds, start + each * cohort.n, size)
