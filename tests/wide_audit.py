"""A made audit of many features: as many groups, contrasts and subjects as a budget asks for.

Of more than six groups each is compared with the first alone, as `Groups.contrasts` has it.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import combinations
from typing import Any

import numpy as np

from evenlight.data.groups import MOST_PAIRS
from evenlight.findings import Answer
from evenlight.further import Further
from evenlight.measures.comparison import Comparison
from evenlight.measures.intersection import Intersection
from evenlight.record import Audit
from tests.made_audit import HIDDEN, LEVELS, PAIRS, answers, audit

FIVE = ("AFR", "AMR", "EAS", "EUR", "SAS")
SEXES = ("female", "male")

BY_PART = {
    "Composition": ("count", "share", "outcome", "reason", "outcome_reason"),
    "Performance": ("n", "events", "part_reason", "value", "low", "high", "reason"),
    "Quality": ("n", "value", "low", "high", "reason", "passed"),
}
BY_LEVEL = {
    "Comparison": (
        "mean", "importance", "importance_low", "importance_high", "unconverged", "level_reason",
    ),
    "Performance": ("curve_predicted", "curve_observed", "curve_low", "curve_high", "curve_n"),
    "Quality": ("trust", "trust_reason"),
}  # fmt: skip
BY_CONTRAST = {
    "Comparison": ("gap", "unexplained", "gap_reason", "noise_share", "background_share"),
    "Performance": (
        "difference", "difference_low", "difference_high", "p", "verdict", "difference_reason",
        "more", "more_in",
    ),
    "Quality": (
        "difference", "difference_low", "difference_high", "p", "verdict", "difference_reason",
        "apart",
    ),
}  # fmt: skip
BY_SECOND = {
    "Composition": ("cells", "cells_reason"),
    "Comparison": (
        "n", "kept", "population", "effect", "low", "high", "se", "df", "p", "p_maxt", "q",
        "verdict", "extent", "mechanism", "reason", "more", "more_in",
    ),
}  # fmt: skip
"""Arrays of each record by the axis along which groups or contrasts lie."""


@cache
def wide_audit(features: int, groups: int = 5, *, crossed: bool = False) -> Audit:
    """`features` genes in `groups` groups with their contrasts; `crossed` adds sex.

    Beyond five groups they are named G01, G02 and so on.
    """
    levels = _levels(groups)
    pairs = tuple(combinations(levels, 2))
    alone = len(pairs) > MOST_PAIRS
    if alone:
        pairs = tuple((level, levels[0]) for level in levels[1:])
    genes = tuple(f"ENSG{j * 7919 % 10**8:011d}" for j in range(features))
    made = audit(LEVELS, PAIRS, genes)
    if alone:
        made = replace(made, comparisons=tuple(_short(r) for r in made.comparisons))
    return replace(
        made,
        compositions=tuple(_spread(r, levels, pairs) for r in made.compositions),
        performances=tuple(_spread(r, levels, pairs) for r in made.performances),
        comparisons=tuple(_noisy(_spread(r, levels, pairs)) for r in made.comparisons),
        qualities=tuple(_spread(r, levels, pairs) for r in made.qualities),
        reliances=tuple(replace(r, levels=levels) for r in made.reliances),
        dependences=tuple(_spread_curve(r, levels) for r in made.dependences),
        answers=_answered(pairs) if alone else answers((pairs * 3)[:3]),
        sensitivities=(),
        flips=(),
        further=Further(intersections=(_crossed(genes, levels),) if crossed else ()),
    )


def _levels(groups: int) -> tuple[str, ...]:
    return FIVE[:groups] if groups <= len(FIVE) else tuple(f"G{i + 1:02d}" for i in range(groups))


def _short(record: Comparison) -> Comparison:
    """Its first view and *use*, with words of few letters: millions of them fit into memory.

    A page of so many contrasts shows no other view.
    """
    kept = [0, record.view("use")]
    told: dict[str, Any] = {"reason": np.where(record.reason == "", "", HIDDEN)}
    told |= {"more_in": np.where(record.more_in == "", "", "G02")}
    told |= {n: getattr(record, n).astype("<U13") for n in ("verdict", "extent", "mechanism")}
    told = {n: told.get(n, getattr(record, n))[kept] for n in BY_SECOND["Comparison"]}
    return replace(record, views=tuple(record.views[v] for v in kept), **told)


def _answered(pairs: tuple[tuple[str, str], ...]) -> tuple[Answer, ...]:
    """The made questions; those that have a part a contrast have one of each of these."""
    made = answers(pairs[:3])
    names = [f"{level} against {reference}" for level, reference in pairs]
    return tuple(
        answer
        if len(answer.parts) < 3
        else replace(
            answer,
            parts=tuple(replace(answer.parts[i % 3], contrast=names[i]) for i in range(len(names))),
        )
        for answer in made
    )


def _spread(record: Any, levels: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> Any:
    kind = type(record).__name__
    level = np.arange(len(levels)) % 3
    contrast = 1 + np.arange(len(pairs)) % 2
    if kind != "Composition":
        contrast[1:][-1:] = 0
    at = record.parts.index(LEVELS[0]) if hasattr(record, "parts") else 0
    rest = range(at + 3, len(record.parts)) if hasattr(record, "parts") else ()
    parts = np.array([*range(at), *(level + at), *rest])
    named: dict[str, Any] = {}
    for table, places in ((BY_PART, parts), (BY_LEVEL, level), (BY_CONTRAST, contrast)):
        named |= {n: getattr(record, n).take(places, 0) for n in table.get(kind, ())}
    second = parts if kind == "Composition" else contrast
    named |= {n: getattr(record, n).take(second, 1) for n in BY_SECOND.get(kind, ())}
    told: dict[str, Any] = {"levels": levels, "contrasts": pairs}
    if hasattr(record, "parts"):
        told["parts"] = (*record.parts[:at], *levels, *(record.parts[i] for i in rest))
    return replace(record, **named, **{k: v for k, v in told.items() if hasattr(record, k)})


def _spread_curve(record: Any, levels: tuple[str, ...]) -> Any:
    level = np.arange(len(levels)) % 3
    names = ("value", "mean", "low", "high", "n", "reason")
    return replace(record, levels=levels, **{n: getattr(record, n).take(level, 0) for n in names})


def _noisy(record: Comparison) -> Comparison:
    """Numbers that repeat nowhere, as those of people do."""
    rng = np.random.default_rng(5)
    size = np.exp(rng.normal(-3, 1.2, size=record.importance.shape))
    effect = record.effect + rng.normal(0, 0.05, size=record.effect.shape)
    arm = (record.high - record.low) / 2 * rng.uniform(0.7, 1.4, size=record.effect.shape)
    p = np.clip(record.p_maxt * rng.uniform(0.3, 1, size=record.effect.shape), 0.0005, 1)
    return replace(
        record,
        effect=effect,
        low=effect - arm,
        high=effect + arm,
        p_maxt=p,
        importance=size,
        importance_low=size * 0.9,
        importance_high=size * 1.12,
    )


def _crossed(genes: tuple[str, ...], levels: tuple[str, ...]) -> Intersection:
    rng = np.random.default_rng(6)
    cells = tuple((level, sex) for level in levels for sex in SEXES)
    c, m = len(cells), len(genes)
    mean = rng.normal(0, 0.2, size=(c, m))
    return Intersection(
        groupings=("ancestry", "sex"),
        cells=cells,
        subjects=genes,
        quantity="mean attribution",
        unit="SD of the output",
        alpha=0.05,
        draws=2000,
        note="",
        count=np.full(c, 140.0),
        mean=mean,
        low=mean - 0.1,
        high=mean + 0.1,
        pooled=mean * 0.7,
        pooled_low=mean * 0.7 - 0.07,
        pooled_high=mean * 0.7 + 0.07,
        gamma=mean * 0.4,
        weight=np.full((c, m), 0.5),
        p=rng.uniform(size=m),
        p_maxt=np.ones(m),
        q=np.ones(m),
        tau=np.full(m, 0.05),
        main_p=np.full((2, m), 0.2),
        reason=np.full(c, "", dtype="<U40"),
        why=np.full(m, "", dtype="<U40"),
    )
