"""C1: methods, generated from the record."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from htpy import Element, Node, details, li, p, summary, ul

from evenlight.data.digits import count, number
from evenlight.data.shown import metric_name, short
from evenlight.measures.comparison import Comparison
from evenlight.measures.performance import Performance
from evenlight.measures.reliance import Reliance
from evenlight.record import Audit
from evenlight.reports.parts import block, grid, name, say


def section(audit: Audit) -> Element:
    """What was done, in sentences; then the plan."""
    rows = [[name(key), name(value)] for key, value in flat(audit.plan)]
    plan: Node = grid("c1plan", "Plan", f"Digest {audit.plan_digest}.", ("Key", "Value"), rows)
    return block(
        "c1",
        ul(class_="methods")[(li[say(sentence)] for sentence in sentences(audit))],
        details(class_="views")[summary["The plan, key by key"], plan] if rows else p["The plan is empty."],
    )


def sentences(audit: Audit) -> Iterator[str]:
    """One sentence a definition or choice."""
    model, people = audit.model, audit.cohort
    yield (
        f"Model: {short(model.name)} ({model.kind}), target {short(model.target)}, link {model.link}; "
        f"attributions by {model.method} on the {model.scale} scale. Source: {model.source or 'not given'}."
    )
    yield (
        f"People: {count(people.rows)} rows of {count(people.units)} units with {count(people.features)} "
        f"features from {short(people.name)}; outcome {short(people.outcome)} ({people.outcome_kind}); "
        f"strata: {', '.join(map(short, people.strata)) or 'none'}. Source: {people.source or 'not given'}."
    )
    yield from people.notes
    for performance in audit.performances:
        yield _performance(performance)
    for comparison in audit.comparisons:
        yield _comparison(comparison)
    for reliance in audit.reliances:
        yield _reliance(reliance)
    for probe in model.probes:
        yield f"Probe of the model: {probe}."
    yield (
        "Verdicts: different when the simultaneous interval excludes zero and is not inside the margin; "
        "similar when it lies inside the margin with at least 20 units in each group; cannot tell when it "
        "holds zero and reaches beyond the margin; cannot be asked here below 11 units in a group or "
        "without overlap."
    )


def _performance(record: Performance) -> str:
    pairs = zip(record.metrics, record.margin.tolist(), strict=True)
    margins = ", ".join(f"{metric_name(m)} {number(v, 'no margin')}" for m, v in pairs)
    threshold = "none" if record.threshold is None else number(record.threshold)
    return (
        f"Performance by {short(record.grouping)}: bootstrap over units, {record.draws:,} draws, "
        f"simultaneous level {number(1 - record.alpha)}; threshold: {threshold}; margins: {margins}."
    )


def _comparison(record: Comparison) -> str:
    views = ", ".join(f"{v.name} given {v.given} on the {v.scale} (SD {number(v.unit)})" for v in record.views)
    return (
        f"Comparison by {short(record.grouping)} of {len(record.subjects)} subjects ({record.subject_kind}): "
        f"studentised permutation of whole units within strata, {record.draws:,} draws, max-T over "
        f"subjects and Benjamini-Hochberg; level {number(record.alpha)}; margin {number(record.margin)} SD "
        f"of the output. Views, each its own family: {views}."
    )


def _reliance(record: Reliance) -> str:
    given = ", ".join(
        f"{g} (n {count(float(n))}, {count(float(s))} strata, {count(float(b))} outcome bins)"
        for g, n, s, b in zip(record.given, record.n, record.strata, record.bins, strict=True)
    )
    return (
        f"Reliance by {short(record.grouping)}: the share of the output's variance between groups, split "
        f"over {len(record.subjects)} subjects, less its mean over {record.draws:,} permutations; intervals "
        f"re-centred; margin {number(record.margin)}. Given: {given}."
    )


def flat(values: Mapping[str, object], before: str = "") -> Iterator[tuple[str, object]]:
    """Nested plain data as (dotted key, value).

    >>> list(flat({"a": {"b": 1}, "c": [2, 3]}))
    [('a.b', 1), ('c', '2, 3')]
    """
    for key, value in values.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{before}{key}.")
        elif isinstance(value, (list, tuple)) and any(isinstance(v, Mapping) for v in value):
            yield from flat({str(i): v for i, v in enumerate(value, start=1)}, f"{before}{key}.")
        else:
            several = isinstance(value, (list, tuple))
            yield f"{before}{key}", ", ".join(map(str, value)) if several else value  # type: ignore[call-overload]
