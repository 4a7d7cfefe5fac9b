"""The card of a comparison for notebooks: verdicts, then the largest differences."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from evenlight.arrays import Text
from evenlight.data.cards import ROWS, card, small_table
from evenlight.data.digits import count, estimate, plain
from evenlight.data.shown import short
from evenlight.measures.words import SPOKEN, VERDICTS

if TYPE_CHECKING:
    from evenlight.measures.comparison import Comparison


def told_verdicts(verdict: Text, reason: Text) -> str:
    """How many have each verdict, "different" first; where most cannot be asked, the usual reason.

    >>> told_verdicts(np.array(["similar", "different", "similar"]), np.array(["", "", ""]))
    '1 different, 2 similar'
    """
    found = Counter(verdict.ravel().tolist())
    words = ("different", "similar", "cannot_tell", "not_estimable")
    told = ", ".join(f"{count(found[w])} {SPOKEN[w]}" for w in words if found[w])
    if 2 * found["not_estimable"] <= verdict.size:
        return told
    usual = Counter(reason[verdict == "not_estimable"].tolist()).most_common(1)[0][0]
    return f"{told} ({short(usual, 300)})"


def comparison_facts(comparison: Comparison) -> list[str]:
    """Grouping, size and margin of a comparison."""
    return [
        f"by {short(comparison.grouping)}",
        f"{count(len(comparison.subjects))} subjects ({short(comparison.subject_kind, 30)})",
        f"margin {plain(comparison.margin)} SD of the output",
        f"{count(comparison.draws)} draws",
    ]


def comparison_told(comparison: Comparison) -> list[str]:
    """The verdicts on differences of attribution, at the same outcome where that was compared."""
    given = "outcome" if any(v.given == "outcome" for v in comparison.views) else "nothing"
    return [
        f"{_view(comparison, i)}: {told_verdicts(comparison.verdict[i], comparison.reason[i])}"
        for i, view in enumerate(comparison.views)
        if view.name == "signed" and view.scale == "margin" and view.given in ("nothing", given)
    ]


def comparison_card(comparison: Comparison) -> str:
    """How many subjects have each verdict, and the largest differences with interval and n."""
    facts = comparison_facts(comparison)
    heads = ("View and contrast", *(SPOKEN[v] for v in VERDICTS))
    counts = small_table("Verdicts", heads, _counts(comparison)[: 2 * ROWS])
    heads = (
        "Subject",
        "View and contrast",
        "Difference [95 % interval]",
        "n",
        "Verdict",
        "Mechanism",
    )
    return card(
        "Comparison",
        facts,
        [counts, small_table("Largest differences", heads, _largest(comparison))],
    )


def _counts(comparison: Comparison) -> list[tuple[str, ...]]:
    v, c, _ = comparison.verdict.shape
    return [
        (
            _place(comparison, i, k),
            *(str(int((comparison.verdict[i, k] == w).sum())) for w in VERDICTS),
        )
        for i in range(v)
        for k in range(c)
    ]


def _largest(comparison: Comparison) -> list[tuple[str, ...]]:
    size = np.nan_to_num(np.abs(comparison.effect), nan=-1.0)
    order = np.argsort(-size.ravel(), kind="stable")[:ROWS]
    places = zip(*(a.tolist() for a in np.unravel_index(order, size.shape)), strict=True)
    return [_row(comparison, at) for at in places if size[at] >= 0]


def _row(comparison: Comparison, at: tuple[int, ...]) -> tuple[str, ...]:
    numbers = (float(a[at]) for a in (comparison.effect, comparison.low, comparison.high))
    n = comparison.n[at[0], at[1]].tolist()
    return (
        comparison.subjects[at[2]],
        _place(comparison, at[0], at[1]),
        estimate(*numbers, reason=str(comparison.reason[at]), sign=True),
        " and ".join(count(float(k)) for k in n),
        SPOKEN[str(comparison.verdict[at])],
        str(comparison.mechanism[at]),
    )


def _place(comparison: Comparison, i: int, k: int) -> str:
    level, reference = comparison.contrasts[k]
    return f"{_view(comparison, i)}: {short(level, 30)} against {short(reference, 30)}"


def _view(comparison: Comparison, i: int) -> str:
    view = comparison.views[i]
    given = "" if view.given == "nothing" else f" given {view.given}"
    scale = "" if view.scale == "margin" else f" on the {view.scale}"
    return f"{view.name}{given}{scale}"
