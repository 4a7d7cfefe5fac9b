"""Judged numbers beside reliance: layers, slices, perturbations, kept promises, maps, regions."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from evenlight.arrays import Int
from evenlight.data.digits import count, decimals, fixed, number, percent, probability
from evenlight.data.searched import Worst
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.fragile import Fragility
from evenlight.measures.mapped import MapCluster, MapComparison
from evenlight.measures.regions_telling import READINGS, RegionsTelling
from evenlight.measures.slices import Slices
from evenlight.measures.uncertainty import Uncertainty
from evenlight.measures.words import Mechanism, Verdict
from evenlight.result import NAN, Result

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

KEPT: dict[str, Verdict] = {
    "below": "different",
    "not_below": "similar",
    "cannot_tell": "cannot_tell",
    "not_estimable": "not_estimable",
}
"""The verdict behind each word on a promise: above it is no fault, so *similar* has one side."""

FRAGILE = {"size": "SD(f)", "flips": "share of decisions"}
"""Views of fragility that are judged, with the unit of their effect."""


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


def fragile_results(made: Fragility) -> Iterator[Result]:
    """One result a view, contrast and perturbation: the smallest strength at which groups differ.

    Where they differ at none, the largest. The intervals hold together over all strengths, so that
    one of them may be chosen. The step is told in `reason` where there is a number.
    """
    apart, pairs = made.apart, made.contrasts
    tested = [(v.name, v.given) for v in apart.views]
    for name, unit in FRAGILE.items():
        if (name, "nothing") not in tested:
            continue
        v = made.view(name)
        one = partial(
            Result, kind="fragility", grouping=made.grouping, view=f"{name}|nothing", unit=unit,
            margin=float(apart.margin[v]), alpha=made.alpha,
        )  # fmt: skip
        for c, pair in enumerate(pairs):
            for subject in dict.fromkeys(made.perturbation):
                at = (v, c, _telling(made, v, c, subject))
                yield one(
                    pair=pair,
                    subject=subject,
                    verdict=apart.verdict[at].item(),
                    effect=float(apart.effect[at]),
                    low=float(apart.low[at]),
                    high=float(apart.high[at]),
                    n=float(apart.n[v, c].min()) if apart.n[v, c].all() else NAN,
                    p=float(apart.p_maxt[at]),
                    more=float(apart.more[at]),
                    more_in=arm(str(apart.more_in[at]), pair),
                    reason=str(apart.reason[at]) or made.steps[at[2]],
                )


def _telling(made: Fragility, v: int, c: int, perturbation: str) -> int:
    """The step that is told of a perturbation."""
    at: Int = np.flatnonzero(np.array(made.perturbation) == perturbation)
    apart = at[made.apart.verdict[v, c, at] == "different"]
    return int(apart[0] if len(apart) else at[-1])


def worst_results(made: Worst) -> Iterator[Result]:
    """What the half of the people that was not searched shows of the worst combination found."""
    found = [str(s) for s, x in zip(made.steps, made.strength.tolist(), strict=True) if x > 0]
    verdict: Verdict = made.verdict  # type: ignore[assignment]
    yield Result(
        kind="fragility",
        grouping=made.grouping,
        pair=(made.level, made.reference) if made.reference else None,
        subject=made.suite,
        view=f"worst|{made.objective}",
        verdict=verdict,
        effect=made.effect,
        low=made.low,
        high=made.high,
        n=float(made.n_held[0] if not made.reference else made.n_held.min()) or NAN,
        unit="SD(f)",
        margin=made.margin,
        p=made.p,
        alpha=made.alpha,
        reason=made.reason or "; ".join(found) or "no change at all",
    )


def promise_results(made: Uncertainty) -> Iterator[Result]:
    """Coverage less its promise in each group, of sets that are calibrated on everyone."""
    held = made.held
    margin = np.broadcast_to(held.margin, (len(held.measure),))
    for h, m in enumerate(held.measure):
        if made.calibrated[m] != "everyone":
            continue
        promise = float(made.level[m])
        for g, group in enumerate(held.groups):
            part = made.part(group)
            yield Result(
                kind="coverage",
                grouping=made.grouping,
                pair=None,
                subject=group,
                view=f"{promise:g}|everyone",
                verdict=KEPT[str(held.verdict[g, h])],
                effect=float(made.value[part, m]) - promise,
                low=float(held.low[g, h]) - promise,
                high=float(held.high[g, h]) - promise,
                n=float(made.n[part]),
                unit="share",
                margin=float(margin[h]),
                alpha=made.alpha,
                reason=str(held.reason[g, h]),
            )


def width_results(made: Uncertainty) -> Iterator[Result]:
    """How much larger sets must be in one group than in another to hold as often in each."""
    for m, (name, whose) in enumerate(zip(made.measures, made.calibrated, strict=True)):
        if whose != "own group" or name == "coverage" or np.isnan(made.margin[m]):
            continue
        for c, pair in enumerate(made.contrasts):
            yield Result(
                kind="width",
                grouping=made.grouping,
                pair=pair,
                subject=name,
                view=f"{float(made.level[m]):g}|own group",
                verdict=made.verdict[c, m].item(),
                effect=float(made.difference[c, m]),
                low=float(made.difference_low[c, m]),
                high=float(made.difference_high[c, m]),
                n=float(min(made.n[made.part(group)] for group in pair)),
                unit=made.units[m],
                margin=float(made.margin[m]),
                p=float(made.p[c, m]),
                alpha=made.alpha,
                more=float(made.more[c, m]),
                more_in=arm(str(made.more_in[c, m]), pair),
                reason=str(made.difference_reason[c, m]),
            )


def arm(word: str, pair: tuple[str, str]) -> str:
    """The group behind "level" and "reference"."""
    return {"level": pair[0], "reference": pair[1]}.get(word, word)


CARRIED: dict[str, Verdict] = {READINGS[0]: "different", READINGS[-1]: "not_estimable"}
"""The verdict behind a reading of regions; what is not shown of one is not cleared either."""


def map_results(made: MapComparison) -> Iterator[Result]:
    """One result a view and contrast: whether maps differ anywhere, and where most."""
    for v, view in enumerate(made.views):
        for c, pair in enumerate(made.contrasts):
            told = made.told(v, c)
            yield Result(
                kind="map", grouping=made.grouping, pair=pair, subject="map", view=view.key,
                verdict=made.verdict[v, c].item(), effect=told[0].effect if told else NAN, low=NAN,
                high=NAN, n=float(made.n[v, c].min()) if made.n[v, c].all() else NAN, unit="SD(f)",
                margin=NAN, p=told[0].p if told else NAN, alpha=made.alpha,
                reason=str(made.reason[v, c]) or (_placed(told) if told else ""),
            )  # fmt: skip


def _placed(told: tuple[MapCluster, ...]) -> str:
    """Where clusters are, by their regions."""
    first = told[0]
    where = f", {percent(first.share)} of its mass in {first.region}" if first.region else ""
    size = f"{count(first.size)} position{'s' * (first.size != 1)}"
    which = f"the largest of {count(len(told))} clusters" if len(told) > 1 else "one cluster"
    p = probability(first.p)
    return f"{which} of positions ({size}{where}; p {p if p.startswith('<') else '= ' + p})"


def region_results(made: RegionsTelling) -> Iterator[Result]:
    """One result a condition and region that tells the groups and carries output.

    Given nothing a region may carry no more than the prevalence; it is left out where more is held.
    """
    least = min(1, len(made.given) - 1)
    for i, j in np.ndindex(made.reading.shape):
        numbers = [float(a[i, j]) for a in (made.tells, made.tells_low, made.tells_high)]
        if i >= least:
            limits = " to ".join(number(v, digits=2) for v in numbers[1:])
            yield Result(
                kind="region", grouping=made.grouping, pair=None, subject=made.sets[j],
                view=made.given[i], verdict=CARRIED.get(str(made.reading[i, j]), "cannot_tell"),
                effect=float(made.share[i, j]), low=float(made.share_low[i, j]),
                high=float(made.share_high[i, j]), n=NAN, unit="share of variance", margin=NAN,
                p=float(made.share_p[i, j]), q=float(made.tells_q[i, j]), alpha=made.alpha,
                reason=str(made.tells_reason[i, j] or made.share_reason[i, j])
                or f"{number(numbers[0], digits=2)}, {limits}",
            )  # fmt: skip
