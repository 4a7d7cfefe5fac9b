"""Evidence that was measured: performance, explanations, reliance, images."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from evenlight.arrays import Float
from evenlight.data.digits import count, estimate
from evenlight.data.shown import metric_name, short, versus
from evenlight.language import spoken
from evenlight.measures.performance import Performance
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.evidence_stated import listed

Found = tuple[list[str], str]

TRUSTED = {"reliable": "pass", "unreliable": "fail", "unknown": "could not be checked"}
"""What is said of the checks of explanations in a group."""

LEVERS = "Sets of features were swapped, shuffled or taken out and the gap measured again: {of}."
FLIPS = "The recorded attribute was set otherwise, all else held: {of}."


def performance(audit: Audit) -> Found:
    """E06: metrics with limits by group."""
    told = _finite(record.value for record in audit.performances)
    where = [f"/performances/{i}/{part}" for i in told for part in ("value", "low", "high", "n")]
    if not told:
        return [], spoken("Performance was not measured in a group that may be shown.")
    return where, _lowest(audit.performances[told[0]])


def _lowest(record: Performance) -> str:
    """The first metric that was had, where it is lowest and where it is highest."""
    m = int(np.argmax(np.isfinite(record.value).any(axis=0)))
    had = [r for r in range(len(record.parts)) if np.isfinite(record.value[r, m])]
    rows = [r for r in had if record.parts[r] in record.levels] or had
    rows.sort(key=lambda r: float(record.value[r, m]))
    low, *high = (
        spoken(
            "{value} in {group}",
            value=estimate(record.value[r, m], record.low[r, m], record.high[r, m]),
            group=short(record.parts[r]),
        )
        for r in dict.fromkeys((rows[0], rows[-1]))
    )
    return spoken(
        "By {grouping}, {metric}: {values} (pointwise 95 % limits).",
        grouping=short(record.grouping),
        metric=metric_name(record.metrics[m]),
        values=spoken("{low} to {high}", low=low, high=high[0]) if high else low,
    )


def differences(audit: Audit) -> Found:
    """E07: differences of performance with limits and verdict."""
    told = _finite(record.difference for record in audit.performances)
    if not told:
        return [], spoken("No difference of performance between two groups could be measured.")
    parts = ("difference", "difference_low", "difference_high", "p", "verdict")
    where = [f"/performances/{i}/{part}" for i in told for part in parts]
    return _with_answers(audit, ("performance",), where, spoken("Differences stand in the record."))


def heterogeneity(audit: Audit) -> Found:
    """E08: where among the strata of the cohort, sites as a rule, performance is worst."""
    over, where = _sliced(audit, lambda over: bool(over & set(audit.cohort.strata)))
    if not where:
        return [], spoken(
            "Performance over sites was not asked (a stratum in reliance.slices of the plan); "
            "strata are held fixed in comparisons, which is another question."
        )
    return where, spoken(
        "The worst slices were searched over {over}, and measured again in other people.", over=over
    )


def crossed(audit: Audit) -> Found:
    """E27: the worst slices of searches that cross groups."""
    over, where = _sliced(audit, lambda over: len(over) > 1)
    if not where:
        return [], spoken(
            "Performance where groups are crossed was not asked (reliance.slices of the plan, two "
            "or more)."
        )
    return where, spoken(
        "Slices and crosses of {over} were searched for those in which it is worst.", over=over
    )


def _sliced(audit: Audit, wanted: Callable[[set[str]], bool]) -> tuple[str, list[str]]:
    """What was searched, and pointers to searches that found a number, over columns wanted."""
    made = audit.further.slices
    which = [i for i in _finite(one.effect for one in made) if wanted(set(made[i].over))]
    over = listed([name for i in which for name in made[i].over])
    return over, [f"/further/slices/{i}" for i in which]


def attributed(audit: Audit) -> Found:
    """E09: method, scale and background."""
    background = audit.provenance.get("background") or {}
    told = {
        "method": audit.model.method,
        "target": short(audit.model.target),
        "scale": audit.model.scale,
    }
    where = ["/model/method", "/model/scale", "/model/target"]
    if background:
        where.append("/provenance/background")
    if "explainer" in audit.provenance:
        where.append("/provenance/explainer")
    if not background:
        return where, spoken("Method {method}, output {target} on the {scale}.", **told)
    return where, spoken(
        "Method {method}, output {target} on the {scale}, background of {rows} rows.",
        **told,
        rows=count(background.get("size")),
    )


def quality(audit: Audit) -> Found:
    """E10: residuals, stability, agreement and randomised weights, by group."""
    told = _finite(record.value for record in audit.qualities)
    if not told:
        return [], spoken("The explanations were not checked in a group that may be shown.")
    record = audit.qualities[told[0]]
    said = ", ".join(
        f"{short(level)} {spoken(TRUSTED[str(word)])}"
        for level, word in zip(record.levels, record.trust, strict=True)
    )
    parts = ("value", "low", "high", "threshold", "passed", "trust")
    where = [f"/qualities/{i}/{part}" for i in told for part in parts]
    return where, spoken(
        "Checks of the explanations by {grouping}: {groups}.",
        grouping=short(record.grouping),
        groups=said,
    )


def importance(audit: Audit) -> Found:
    """E11: mean absolute attribution of each group with limits."""
    told = _finite(record.importance for record in audit.comparisons)
    if not told:
        return [], spoken("Importance was not measured in a group that may be shown.")
    record = audit.comparisons[told[0]]
    summed = np.nansum(np.atleast_2d(record.importance), axis=0)
    first = record.subjects[int(np.argmax(summed))]
    parts = ("importance", "importance_low", "importance_high")
    where = [f"/comparisons/{i}/{part}" for i in told for part in parts]
    return where, spoken(
        "Most important over all groups of {grouping}: {feature}.",
        grouping=short(record.grouping),
        feature=short(first),
    )


def use(audit: Audit) -> Found:
    """E12: differences of use and attribution with limits, verdict and mechanism."""
    told = _finite(record.effect for record in audit.comparisons)
    if not told:
        return [], spoken("No difference of use or attribution could be measured.")
    parts = ("effect", "low", "high", "q", "verdict", "mechanism")
    where = [f"/comparisons/{i}/{part}" for i in told for part in parts]
    kinds = ("use", "attribution", "map")
    return _with_answers(audit, kinds, where, spoken("Differences stand in the record."))


def ranks(audit: Audit) -> Found:
    """E13: how far rankings agree."""
    told = _finite(record.value for record in audit.further.agreements)
    where = [f"/further/agreements/{i}" for i in told]
    if not where:
        return [], spoken("Agreement of rankings was not measured (measure.further in the plan).")
    by = listed([audit.further.agreements[i].grouping for i in told])
    return where, spoken(
        "Rankings of groups are compared by {by}, beside what chance would give.", by=by
    )


def association(audit: Audit) -> Found:
    """E14: how far the values of features tell the group."""
    told = _finite(record.association for record in audit.reliances)
    beside = _finite(record.share for record in audit.further.associations)
    where = [f"/reliances/{i}/association" for i in told]
    where += [f"/further/associations/{i}" for i in beside]
    if not where:
        return [], spoken("How far features tell the group was not measured.")
    if not told:
        return where, spoken("Associations of features with the group stand in the record.")
    record = audit.reliances[told[0]]
    first = record.subjects[int(np.nanargmax(record.association))]
    return where, spoken(
        "What tells {grouping} most: {feature}.",
        grouping=short(record.grouping),
        feature=short(first),
    )


def reliance(audit: Audit) -> Found:
    """E15: the share of the output that follows the group, and its support within groups."""
    told = _finite(record.share for record in audit.reliances)
    if not told:
        return [], spoken("Reliance on what tells the group was not measured.")
    where = [
        f"/reliances/{i}/{part}"
        for i in told
        for part in ("share", "low", "high", "verdict", "total", "slope")
    ]
    where += [f"/further/shortcuts/{i}" for i in range(len(audit.further.shortcuts))]
    return _with_answers(audit, ("reliance",), where, spoken("Shares stand in the record."))


def leakage(audit: Audit) -> Found:
    """E16: whether a classifier tells the group from the output."""
    told = _finite(record.auc for record in audit.further.leakages)
    if not told:
        return [], spoken("Whether the group can be read from the output was not measured.")
    record = audit.further.leakages[told[0]]
    r, c = np.argwhere(np.isfinite(record.auc))[0]
    return [f"/further/leakages/{i}" for i in told], spoken(
        "{contrast}, from the {source}: AUC {auc}, {verdict}.",
        contrast=versus(record.contrasts[c]),
        source=short(record.names[r]),
        auc=estimate(record.auc[r, c], record.low[r, c], record.high[r, c]),
        verdict=spoken(SPOKEN.get(str(record.verdict[r, c]), "not judged")),
    )


def interventions(audit: Audit) -> Found:
    """E17: sets of features swapped, shuffled or taken out, and the group set otherwise."""
    levers = [f"/further/levers/{i}" for i in range(len(audit.further.levers))]
    flips = [f"/flips/{i}" for i in _finite(record.mean for record in audit.flips)]
    if not levers and not flips:
        return [], spoken("No intervention was made.")
    of = [record.grouping for record in audit.further.levers] or [f.attribute for f in audit.flips]
    return [*levers, *flips], spoken(LEVERS if levers else FLIPS, of=listed(of))


def images(audit: Audit) -> Found:
    """E18: where maps differ, and which regions tell the group."""
    where = [
        f"/further/{name}/{i}"
        for name in ("region_shares", "region_telling", "region_within", "artefacts", "maps")
        for i in range(len(getattr(audit.further, name)))
    ]
    if not where:
        return [], spoken("No region of images was measured.")
    further = audit.further
    by = [made.grouping for made in further.region_shares]
    by += [made.grouping for made in (*further.region_telling, *further.region_within)]
    by += [made.grouping for made in further.maps]
    return where, spoken("Regions and positions are compared by {by}.", by=listed(by))


def robustness(audit: Audit) -> Found:
    """E26: answers under other choices, outputs under small changes of the data."""
    further = audit.further
    where = [
        f"/further/{name}/{i}"
        for name in ("fragilities", "worsts", "holds")
        for i in range(len(getattr(further, name)))
    ]
    if not where:
        return [], spoken(
            "Small changes of the data and other choices were not tried ([holds] in the plan)."
        )
    tried = [
        spoken("changes of the suite {suite}", suite=short(record.suite))
        for record in further.fragilities
    ]
    tried += [spoken("other choices of the analysis")] if further.holds else []
    told = listed(tried) or spoken("combinations of changes")
    return where, spoken("Tried by group: {tried}.", tried=told)


def of_images(audit: Audit) -> bool:
    """Whether images were audited."""
    asked = audit.plan.get("cohort", {}).get("images")
    seen = (audit.further.region_shares, audit.further.maps, audit.further.images)
    kinds = {record.subject_kind for record in audit.comparisons}
    return bool(asked) or any(seen) or "region" in kinds


def _finite(arrays: Iterable[Float]) -> list[int]:
    """Places of those that hold any number."""
    return [i for i, array in enumerate(arrays) if np.isfinite(array).any()]


def _with_answers(
    audit: Audit, measures: Sequence[str], where: list[str], otherwise: str
) -> tuple[list[str], str]:
    """The pointers with those to the answers of these measures, and the first answer's sentence."""
    own = [(i, answer) for i, answer in enumerate(audit.answers) if answer.measure in measures]
    where += [f"/answers/{i}" for i, _ in own]
    told = next((answer.sentence for _, answer in own if answer.sentence), otherwise)
    return where, short(told, 400)
