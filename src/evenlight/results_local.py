"""Judged numbers of local ancestry: one a subject, in the strictest view that was asked."""

from __future__ import annotations

from collections.abc import Iterator

from evenlight.measures.local_comparison import LocalComparison
from evenlight.result import Result


def local_results(made: LocalComparison) -> Iterator[Result]:
    """One result a subject of local ancestry, given the own genotype where that was asked.

    Given nothing every variant that is used differs where its frequency does: that is in the table.
    """
    v = len(made.given) - 1
    for j, subject in enumerate(made.subjects):
        yield Result(
            kind="local_ancestry", grouping=f"copies of {made.ancestry}", pair=None,
            subject=subject, view=made.given[v], verdict=made.verdict[v, j].item(),
            effect=float(made.effect[v, j]), low=float(made.low[v, j]),
            high=float(made.high[v, j]), n=float(made.n), unit="SD(f)", margin=made.margin,
            p=float(made.p_maxt[v, j]), q=float(made.q[v, j]), alpha=made.alpha,
            reason=str(made.reason[v, j]) or made.places[j],
        )  # fmt: skip
