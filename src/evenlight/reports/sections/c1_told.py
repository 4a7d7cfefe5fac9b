"""The sentences of C1: how each number of an audit was made, from its record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from evenlight.data.digits import confidence, count, number, plain
from evenlight.data.searched import Worst
from evenlight.data.shown import metric_name, short
from evenlight.language import plural, spoken
from evenlight.measures.comparison import Comparison
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.fragile import Fragility
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.mapped import MapComparison
from evenlight.measures.performance import Performance
from evenlight.measures.proxied import Proxied
from evenlight.measures.quality import Quality
from evenlight.measures.regions_telling import RegionsTelling
from evenlight.measures.reliance import Reliance
from evenlight.measures.set_shares import SetShares
from evenlight.measures.shortcuts import Shortcut
from evenlight.measures.slices import Slices
from evenlight.measures.uncertainty import Uncertainty
from evenlight.record import Audit, CohortCard, ModelCard
from evenlight.reports.methods import AGAIN, BESIDE, GIVEN, METHODS, SMOOTHED, TWINS, VIEW
from evenlight.reports.pointing import at
from evenlight.reports.sections.worst import WORST
from evenlight.reports.words import NAMED_SETS


def sentences(audit: Audit) -> Iterator[str]:
    """One sentence a definition or choice."""
    yield from (sentence for sentence, *_ in told(audit))


FIELDS: Mapping[str, str] = {
    "_performance": "grouping draws alpha threshold metrics margin",
    "_comparison": "grouping subjects subject_kind draws margin views repeats",
    "_reliance": "grouping subjects draws margin given n strata bins",
    "_quality": "grouping rows players draws metrics threshold",
    "_twin": "grouping refits subjects given",
    "_encoded": "groupings besides given draws margins",
    "_slices": "searched over",
    "_proxies": "units name components",
    "_fragility": "suite grouping perturbation repeats draws sd threshold notes",
    "_worst": "suite grouping trace draws",
    "_uncertainty": "grouping level score draws alpha",
    "_local": "n ancestry subjects beside draws margin",
    "_shares": "grouping kind",
    "_maps": "grouping space height draws smooth mask",
    "_regions": "grouping",
    "_inside": "grouping",
}
"""The fields of a record that its sentence tells of, by the function that makes it."""


COMPUTED = {"_comparison": "least more", "_fragility": "more", "_maps": "asked"}
"""Of which functions of them it tells, where it does (`reports.pointing`)."""


def told(audit: Audit) -> Iterator[tuple[str, dict[str, str]]]:
    """Every sentence with its pointers, and which functions of them it tells, as attributes."""
    yield _model(audit.model), {"data_ref": at(audit.model)}
    yield _people(audit.cohort), {"data_ref": at(audit.cohort)}
    for i, note in enumerate(audit.cohort.notes):
        yield note, {"data_ref": f"/cohort/notes/{i}"}
    for made, records in _measured(audit):
        of = {"data_of": COMPUTED[made.__name__]} if made.__name__ in COMPUTED else {}
        for record in records:
            places = {"data_base": at(record), "data_ref": FIELDS[made.__name__]}
            yield made(record), {**places, **of}
    for i, probe in enumerate(audit.model.probes):
        told = spoken(METHODS["probe"], probe=probe.rstrip(". "))
        yield told, {"data_ref": f"/model/probes/{i}"}
    yield spoken(METHODS["verdicts"]), {}


def _measured(audit: Audit) -> Iterator[tuple[Callable[[Any], str], Sequence[object]]]:
    """What was measured, in the order in which it is told, and how each record is put in words."""
    further = audit.further
    yield _performance, audit.performances
    yield _comparison, audit.comparisons
    yield _reliance, audit.reliances
    yield _quality, audit.qualities
    yield _twin, [made for made in further.shortcuts if made.refits]
    yield _encoded, further.encoded
    yield _slices, further.slices
    yield _proxies, further.proxies
    yield _fragility, further.fragilities
    yield _worst, further.worsts
    yield _uncertainty, further.uncertainties
    yield _local, further.by_local_ancestry
    yield _shares, further.set_shares
    yield _maps, further.maps
    yield _regions, further.region_telling
    yield _inside, further.region_within


def _said(key: str, grouping: str, **values: object) -> str:
    """A sentence on a grouping."""
    return spoken(METHODS[key], grouping=short(grouping), **values)


def _regions(record: RegionsTelling) -> str:
    return _said("regions", record.grouping)


def _inside(record: RegionsTelling) -> str:
    return _said("within", record.grouping)


def _model(model: ModelCard) -> str:
    return spoken(
        METHODS["model"],
        name=short(model.name), kind=model.kind, target=short(model.target), link=model.link,
        method=model.method, scale=model.scale, source=model.source or spoken("not given"),
    )  # fmt: skip


def _people(people: CohortCard) -> str:
    return spoken(
        METHODS["people"],
        rows=count(people.rows), units=count(people.units), features=count(people.features),
        name=short(people.name), outcome=short(people.outcome), kind=people.outcome_kind,
        strata=", ".join(map(short, people.strata)) or spoken("none"),
        source=people.source or spoken("not given"),
    )  # fmt: skip


def _performance(record: Performance) -> str:
    pairs = zip(record.metrics, record.margin.tolist(), strict=True)
    return _said(
        "performance",
        record.grouping,
        draws=f"{record.draws:,}",
        level=plain(1 - record.alpha),
        threshold=plain(record.threshold, spoken("none")),
        margins=", ".join(f"{metric_name(m)} {plain(v, spoken('none'))}" for m, v in pairs),
    )


def _comparison(record: Comparison) -> str:
    views = (
        spoken(VIEW, view=v.name, given=v.given, scale=v.scale, unit=number(v.unit))
        for v in record.views
    )
    told = _said(
        "comparison",
        record.grouping,
        p=len(record.subjects),
        kind=record.subject_kind,
        draws=f"{record.draws:,}",
        least=number(1 / (record.draws + 1)),
        alpha=", ".join(sorted({confidence(v.alpha) for v in record.views})),
        margin=plain(record.margin),
        views=", ".join(views),
    )
    if not record.repeats:
        return told
    again = spoken(METHODS["repeats"], repeats=record.repeats, all=record.repeats + 1)
    return f"{told} {again}"


def _reliance(record: Reliance) -> str:
    sizes = (a.tolist() for a in (record.n, record.strata, record.bins))
    given = (
        spoken(GIVEN, given=g, n=count(n), strata=count(s), bins=count(b))
        for g, n, s, b in zip(record.given, *sizes, strict=True)
    )
    return _said(
        "reliance",
        record.grouping,
        p=len(record.subjects),
        draws=f"{record.draws:,}",
        margin=plain(record.margin),
        given=", ".join(given),
    )


def _quality(record: Quality) -> str:
    limits = zip(record.metrics, record.threshold.tolist(), strict=True)
    return _said(
        "quality" if record.evaluations else "quality_given",
        record.grouping,
        rows=count(record.rows),
        players=record.players,
        draws=f"{record.draws:,}",
        limits=", ".join(f"{metric_name(m)} {plain(v)}" for m, v in limits),
    )


def _twin(record: Shortcut) -> str:
    kind = record.subject_kind or "feature"
    clustered = any(" more" in subject for subject in record.subjects)
    n = len(record.subjects)
    kinds = plural(n, "{kind}", "{kind}s", kind=kind)
    if clustered and kind == "feature":
        kinds = spoken("features and sets of them")
    return _said(
        "twin",
        record.grouping,
        refits=count(float(record.refits)),
        how=spoken(TWINS[record.how]) if record.how in TWINS else record.how,
        subjects=count(float(n)),
        kind=kinds,
        given=record.given,
        named=spoken(NAMED_SETS) if clustered else "",
    )


def _encoded(record: EncodedUsed) -> str:
    beside = next((name for name in record.besides if name), "")
    return spoken(
        METHODS["encoded"],
        grouping=short(record.groupings[0]),
        given=record.given,
        beside=spoken(BESIDE, name=short(beside)) if beside else "",
        draws=f"{record.draws:,}", auc=plain(record.margins[0]), used=plain(record.margins[1]),
    )  # fmt: skip


def _slices(record: Slices) -> str:
    return spoken(
        METHODS["slices"], of=spoken(WORST[record.of]),
        searched=count(record.searched), over=", ".join(map(short, record.over)),
    )  # fmt: skip


def _proxies(record: Proxied) -> str:
    return spoken(
        METHODS["proxies"],
        units=count(record.units), name=short(record.name), components=count(record.components),
    )  # fmt: skip


def _fragility(record: Fragility) -> str:
    steps = ", ".join(dict.fromkeys(record.perturbation))
    return _said(
        "fragility", record.grouping,
        suite=record.suite, steps=steps,
        again=spoken(AGAIN, times=record.repeats + 1) if record.repeats else "",
        draws=f"{record.draws:,}", sd=number(record.sd),
        threshold=plain(record.threshold, spoken("none")),
        notes=" ".join(("", *record.notes)),
    )  # fmt: skip


def _worst(record: Worst) -> str:
    tries, draws = count(len(record.trace)), count(record.draws)
    return _said("worst", record.grouping, suite=record.suite, tries=tries, draws=draws)


def _uncertainty(record: Uncertainty) -> str:
    levels = sorted({float(v) for v in record.level if v == v})
    return _said(
        "uncertainty",
        record.grouping,
        levels=", ".join(plain(v) for v in levels) or spoken("none"),
        score=record.score or spoken("none"),
        draws=f"{record.draws:,}",
        level=confidence(record.alpha),
    )


def _local(record: LocalComparison) -> str:
    return spoken(
        METHODS["local"],
        n=count(record.n), ancestry=short(record.ancestry), p=count(len(record.subjects)),
        beside=", ".join(map(short, record.beside)),
        draws=f"{record.draws:,}", margin=plain(record.margin),
    )  # fmt: skip


def _shares(record: SetShares) -> str:
    kind = spoken("sets")
    if record.kind:
        kind = spoken("sets of kind {kind}", kind=short(record.kind))
    return _said("shares", record.grouping, kind=kind)


def _maps(record: MapComparison) -> str:
    space, asked, smooth = record.space, int(record.mask.sum()), ""
    if record.smooth:
        smooth = spoken(SMOOTHED, width=plain(record.smooth), units=space.units)
    return _said(
        "maps",
        record.grouping,
        positions=count(record.mask.size),
        space=space.shared,
        height=number(record.height),
        draws=f"{record.draws:,}",
        smooth=smooth,
        asked=spoken("all") if asked == record.mask.size else count(asked),
    )
