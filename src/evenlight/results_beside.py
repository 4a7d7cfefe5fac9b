"""Judged numbers of what stands beside reliance: layers that encode a group, and worst slices."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.data.digits import decimals, fixed
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.slices import Slices
from evenlight.measures.words import Mechanism, Verdict
from evenlight.result import Result

USED: dict[str, tuple[Mechanism, str]] = {
    "encoded_and_used": (
        "use",
        "The output uses it: {used} of the groups' difference in output goes when the layer's "
        "means no longer differ.",
    ),
    "encoded_not_used": (
        "none",
        "No use was seen: the output moves by less than the margin when the layer's means no "
        "longer differ. Encoding is no evidence of use.",
    ),
    "cannot_tell": (
        "unresolved",
        "Whether the output uses it cannot be told. Encoding is no evidence of use.",
    ),
}
"""The mechanism of a finding on a layer, and what is said of use, by the reading of the table."""

CONFIRMED: dict[str, Verdict] = {
    "confirmed": "different",
    "not_confirmed": "cannot_tell",
    "not_estimable": "not_estimable",
}
"""The verdict behind each word of a slice; one that is not confirmed is not cleared either."""


def encoded_results(made: EncodedUsed) -> Iterator[Result]:
    """One result a layer and pair of groups, in the strictest question that was asked of it.

    Within the levels of the competing explanation where there is one; what the layers hold of that
    itself stands in the table alone.
    """
    grouping = made.groupings[0]
    beside = next((b for g, b in zip(made.groupings, made.besides, strict=True) if b), "")
    for i in range(len(made.layers)):
        if made.groupings[i] == grouping and made.besides[i] == beside:
            yield _layer(made, i)


def _layer(made: EncodedUsed, i: int) -> Result:
    mechanism, said = USED.get(str(made.reading[i]), USED["cannot_tell"])
    verdict: Verdict = made.encoded[i].item()
    return Result(
        kind="encoding",
        grouping=made.groupings[i],
        pair=made.contrasts[i],
        subject=made.layers[i],
        view=f"{made.given}|{made.besides[i]}",
        verdict=verdict,
        effect=float(made.auc[i]),
        low=float(made.auc_low[i]),
        high=float(made.auc_high[i]),
        n=float(made.n[i].min()) or float("nan"),
        unit="AUC",
        margin=made.margins[0],
        p=float(made.auc_p[i]),
        alpha=made.alpha,
        mechanism=mechanism if verdict == "different" else "",
        reason=str(made.reason[i]) or said.format(used=_used(made, i)),
    )


def _used(made: EncodedUsed, i: int) -> str:
    """How much of the gap goes, with its limits."""
    low, high = float(made.used_low[i]), float(made.used_high[i])
    places = decimals(high - low)
    shown = [fixed(v, places) for v in (float(made.used[i]), low, high)]
    return f"{shown[0]} SD(f) ({shown[1]} to {shown[2]})"


def slice_results(made: Slices) -> Iterator[Result]:
    """One result a slice; the effect is that in the half which did not find it."""
    unit = {"loss": "in loss"}.get(made.of, "")
    for i, name in enumerate(made.names):
        yield Result(
            kind="slice",
            grouping="",
            pair=None,
            subject=name,
            view=made.of,
            verdict=CONFIRMED[str(made.verdict[i])],
            effect=float(made.effect[i]),
            low=float(made.low[i]),
            high=float(made.high[i]),
            n=float(made.n[i, 1]) if np.all(made.n[i, 1] > 0) else float("nan"),
            unit=unit,
            margin=float("nan"),
            p=float(made.holm[i]),
            alpha=made.alpha,
            reason=str(made.reason[i]),
        )
