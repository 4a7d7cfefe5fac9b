"""B4, people without a label: the worst slices, and proxy groups."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node, p

from evenlight.data.digits import confidence, count, estimate, number, percent, probability
from evenlight.data.shown import metric_name, short
from evenlight.language import plural, spoken
from evenlight.measures.proxied import Proxied
from evenlight.measures.slices import Slices
from evenlight.measures.words import SPOKEN
from evenlight.record import Audit
from evenlight.reports.parts import (
    Some,
    evidence,
    grid,
    groups,
    name,
    part,
    rows_of,
    say,
    size,
)
from evenlight.reports.pointing import Told, at
from evenlight.reports.sections.contrasts import both
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import ROUNDED, STEPPED, fewer

WORST = {
    "loss": "largest loss",
    "above": "outcome above its prediction",
    "below": "outcome below its prediction",
}
CONFIRMED = {
    "confirmed": "confirmed",
    "not_confirmed": "not confirmed",
    "not_estimable": "cannot be asked here",
}
SLICES = (
    "Slices of people by {over}, worst first: {searched} were searched on half of the people, the "
    "worst tested on the others. How much worse than everybody else: what a search finds looks "
    "worse than it is, so read the other half, with simultaneous one-sided tests (Holm) and "
    "{level} limits. A larger loss need not be a worse model: it is larger wherever outcomes "
    "are less certain."
)
CLUSTERINGS = (
    "Proxy groups of {units} people: clusters of {name}. Stability: the agreement of clusterings "
    "of subsamples (adjusted Rand index), beside that of one cloud, in which nothing is clustered. "
    "A clustering no more stable than a cloud cuts through a continuum."
)
VERDICTS = (
    "Verdicts over these proxy groups, by number of clusters: the gravest over their pairs, which "
    "depends on how many there are. One that changes with the clustering is about the clustering."
)
MARK = (
    "A proxy group is no recorded label and no ancestry: it stands in for a label that is missing, "
    "and what is said of it is said of the cluster."
)
COMPUTED = (
    "The output is computed from what was clustered here, so that it follows the clusters somehow "
    "is no surprise; whether it works equally well in them is the question."
)
MADE_OF = {"axes": "the axes {name}", "layer": "{name} of the model", "values": "{name} of x"}


def worst(audit: Audit) -> Iterator[Node]:
    """The slices in which the model does worst, where the plan asks for them."""
    records = audit.further.slices
    if records:
        yield part(spoken("Where it is worst: slices found by search"), _slices(records))


def _slices(records: tuple[Slices, ...]) -> Element:
    heads = (
        *(spoken("Worst by"), spoken("People"), spoken("n in each half")),
        *(spoken("In the half searched"), spoken("In the other half [interval]")),
        *("p", spoken("Word")),
    )
    parts = [(spoken(WORST[record.of]), _slices_of(record)) for record in records]
    named = spoken(
        SLICES,
        over=short(", ".join(records[0].over), 200),
        searched=count(records[0].searched),
        level=confidence(records[0].alpha),
    )
    named += _rounding(records)
    return groups("t12", "T12", Told(named, records[0], "over searched alpha"), heads, parts)


def _rounding(records: tuple[Slices, ...]) -> str:
    """What is said of numbers that are told to steps, or of counts alone."""
    if any(record.rounded for record in records):
        return spoken(STEPPED)
    return spoken(ROUNDED) if any((record.n == 0).any() for record in records) else ""


def _slices_of(record: Slices) -> Some:
    """The slices of one search, with their pointers."""
    if not record.names:
        return rows_of([_none()], "", [at(record, "names")])
    base = at(record, *["names", "n", "found", "effect", "low", "high", "holm", "reason"])
    return rows_of([_slice(record, i) for i in range(len(record.names))], base)


def _none() -> list[Node]:
    return [spoken("no slice has 20 people on either side"), "", "", "", "", ""]


def _slice(record: Slices, i: int) -> list[Node]:
    why = str(record.reason[i])
    limits = (float(a[i]) for a in (record.effect, record.low, record.high))
    n = both(count(float(v) or float("nan"), fewer()) for v in record.n[i])
    return [
        name(record.names[i]),
        size(n),
        number(float(record.found[i]), why, digits=2),
        evidence(estimate(*limits, reason=why, sign=True)),
        probability(float(record.holm[i]), why),
        spoken(CONFIRMED[str(record.verdict[i])]),
    ]


def stand_ins(audit: Audit) -> Iterator[Node]:
    """Clusters as candidate groups, always called proxies, where the plan asks for them."""
    for key, record in keyed("t13", audit.further.proxies):
        said = spoken(MADE_OF[record.made_of], name=short(record.name))
        computed = "" if record.made_of == "axes" else f" {spoken(COMPUTED)}"
        yield part(
            spoken("Proxy groups: clusters of {name}", name=said),
            p(class_="reading")[say(f"{spoken(MARK)}{computed}")],
            _clusterings(key, record, said),
            _verdicts(f"{key}v", record),
            ref=at(record, "name"),
        )


def _clusterings(key: str, record: Proxied, said: str) -> Element:
    heads = (
        *(spoken("Proxy clusters"), spoken("Smallest"), spoken("Stability")),
        *(spoken("Of one cloud"), spoken("Variance between clusters")),
        spoken("Beyond one cloud"),
    )
    rows: list[list[Node]] = [
        [
            count(float(record.k[i])),
            size(count(float(record.smallest[i]) or float("nan"), fewer())),
            number(float(record.stability[i]), digits=2),
            number(float(record.expected[i]), digits=2),
            percent(float(record.between[i])),
            _beyond(record, i),
        ]
        for i in range(len(record.k))
    ]
    named = spoken(CLUSTERINGS, units=count(record.units), name=said)
    told = Told(named, record, "units name", "beyond")
    some = rows_of(rows, "k smallest stability expected between")
    return grid(key, spoken("T13, proxy"), told, heads, some)


def _beyond(record: Proxied, i: int) -> str:
    """By how much a clustering is more stable than one of no clusters."""
    if not record.clustered[i]:
        return spoken("no: a continuum")
    more = number(float(record.stability[i] - record.expected[i]), digits=1)
    return spoken("by {difference}", difference=more)


def _verdicts(key: str, record: Proxied) -> Element:
    ks = [
        plural(k, "{count} proxy cluster", "{count} proxy clusters", count=k)
        for k in record.k.tolist()
    ]
    heads = (spoken("Verdict on"), *ks, spoken("Changes with the clustering"))
    rows: list[list[Node]] = [
        [
            name(_subject(subject)),
            *(spoken(SPOKEN[str(word)]) for word in record.words[:, s]),
            spoken("yes" if record.changes[s] else "no"),
        ]
        for s, subject in enumerate(record.subjects)
    ]
    some = rows_of(rows, "subjects")
    told = Told(spoken(VERDICTS), record, "k")
    return grid(key, spoken("T13, proxy verdicts"), told, heads, some)


TOTALS = {
    "eta_squared": "share between groups",
    "unsupported_share": "share without support",
}


def _subject(subject: str) -> str:
    """The measure and its subject in words.

    >>> _subject("reliance given outcome | eta_squared")
    'reliance given outcome: share between groups'
    """
    measure, _, about = subject.partition(" | ")
    if not about:
        return measure
    return f"{measure}: {spoken(TOTALS[about]) if about in TOTALS else metric_name(about)}"
