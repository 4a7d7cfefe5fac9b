"""B4: does it lean on features that tell the group? Table T5, figure F8."""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

import numpy as np
from htpy import Element, Node, details, p, summary

from evenlight.data.digits import (
    confidence,
    count,
    estimate,
    fixed,
    interval,
    number,
    percent,
    plain,
    probability,
)
from evenlight.data.shown import short
from evenlight.language import spoken
from evenlight.measures.reliance import Reliance
from evenlight.record import Audit
from evenlight.reports.drawings import drawings
from evenlight.reports.parts import (
    FEW,
    ROWS,
    block,
    evidence,
    grid,
    leading,
    name,
    nothing,
    part,
    picture,
    rows_of,
    say,
    size,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections.b8_trust import banner
from evenlight.reports.sections.beside import label_error
from evenlight.reports.sections.contrasts import kind_head, support_words
from evenlight.reports.sections.encoding import telling
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.sections.leaning import leaning, rests
from evenlight.reports.sections.worst import stand_ins, worst
from evenlight.reports.words import (
    CAPTIONS,
    NOTHING,
    READING,
    READING_AFTER,
    READING_ALONE,
    READING_NONE,
    READING_SIGNED,
    READING_SPLIT,
    RELIANCE_HEADS,
    fewer,
)
from evenlight.sentences import AMONG

PERCENT = "{value} % {interval}"
POINTS = "{value} points {interval}"
UNDECIDED = "The unsupported part is not judged: {reason}."


def section(audit: Audit) -> Element:
    """One reading, table and figure a grouping; then slices and proxies, if they were asked for."""
    asked = [*worst(audit), *stand_ins(audit)]
    if not audit.reliances and not asked:
        return nothing("b4", spoken(NOTHING["reliance"]))
    made = drawings(audit)
    return block(
        "b4",
        (
            part(
                spoken("By {grouping}", grouping=record.grouping),
                banner(audit, record.grouping),
                _first(audit, key, record),
                rests(key, record),
                label_error(audit, record.grouping, "reliance"),
                leaning(audit, record.grouping),
                [_table(key, record, g) for g in main(record)],
                (
                    picture(made[mark], record)
                    for mark in (key.replace("t5", label) for label in ("F8", "F9"))
                    if mark in made
                ),
                [
                    _other(f"{key}g{g}", record, g)
                    for g in range(len(record.given))
                    if g not in main(record)
                ],
                telling(audit, key, record),
                ref=at(record, "grouping"),
            )
            for key, record in keyed("t5", audit.reliances)
        ),
        asked,
    )


def _first(audit: Audit, key: str, record: Reliance) -> Iterator[Node]:
    """What is told first: by sets where the audit has them, since these are what is judged."""
    first = by_sets(audit, record)
    for g in main(first):
        where = at(
            first, f"total/{g}", f"total_low/{g}", f"total_high/{g}", f"n/{g}", f"total_reason/{g}"
        )
        yield p(class_="reading", data_ref=where, data_of="less")[reading(first, g)]
    shares = (f"share/{g}" for g in main(first))
    rho = at(first, *shares, "support", "margin", "support_reason/0")
    for told in undecided(first):
        yield p(class_="quiet", data_ref=rho, data_of="resolved")[told]
    yield p(class_="quiet")[spoken(READING_AFTER)]
    yield totals(f"{key}e", first)
    if first is not record:
        yield [_table(f"{key}s", first, g) for g in main(first)]


def by_sets(audit: Audit, record: Reliance) -> Reliance:
    """The reliance by sets of features, which is what is judged, where the audit has it."""
    own = [r for r in audit.further.set_reliances if r.grouping == record.grouping]
    return own[0] if own else record


def main(record: Reliance) -> list[int]:
    """The condition that is told first: given the outcome, else the first."""
    return [record.given.index("outcome")] if "outcome" in record.given else [0]


def reading(record: Reliance, g: int) -> str:
    """The sentence with eta squared, the unsupported part and what of it is unresolved."""
    grouping = short(record.grouping)
    if not isfinite(record.total[g, 0]):
        return spoken(READING_NONE, grouping=grouping, reason=say(record.total_reason[g]))
    return spoken(
        READING_ALONE if record.given[g] == "nothing" else READING,
        among=spoken(AMONG[record.given[g]]),
        eta=_total(record, g, 0),
        grouping=grouping,
        n=count(float(record.n[g])),
        unsupported=_total(record, g, 1),
        split=_split(record, g),
    )


def _split(record: Reliance, g: int) -> str:
    """What of the unsupported part is unresolved: of it, or beside it where the two are opposed."""
    whole, open_ = (100 * float(record.total[g, t]) for t in (1, 2))
    shown = round(whole, 1) - round(open_, 1)
    opposed = isfinite(shown) and open_ * shown < 0
    return spoken(
        READING_SIGNED if opposed else READING_SPLIT,
        unresolved=_total(record, g, 2),
        shown=spoken("{value} points", value=fixed(shown, 1, sign=True)),
    )


def undecided(record: Reliance) -> Iterator[str]:
    """Why the unsupported part is not judged, under the condition that is told first."""
    for g in main(record):
        if record.undecided[g]:
            yield spoken(UNDECIDED, reason=say(record.undecided[g]))


def _total(record: Reliance, g: int, t: int) -> str:
    """A total with its limits, in per cent, or in points where it is a part of it; or why not."""
    value, low, high = (100 * float(a[g, t]) for a in _totals(record))
    if not isfinite(value):
        return say(record.total_reason[g]) or spoken("an unknown part")
    return spoken(POINTS if t else PERCENT, value=fixed(value, 1), interval=interval(low, high, 1))


def totals(key: str, record: Reliance) -> Element:
    """Eta squared and the unsupported share under every condition."""
    heads = (
        spoken("Given"),
        "n",
        spoken("Strata"),
        spoken("Share between groups"),
        spoken("Verdict"),
        spoken("Of it unsupported"),
        spoken("Verdict on that"),
        spoken("Of that unresolved"),
    )
    rows: list[list[Node]] = []
    for g, given in enumerate(record.given):
        reason = str(record.total_reason[g])
        shares = [
            evidence(estimate(*(float(a[g, t]) for a in _totals(record)), reason=reason))
            for t in range(3)
        ]
        words = [verdict(str(record.total_verdict[g, t])) for t in range(2)]
        speaks = f". {say(record.population[g])}" if record.population[g] else ""
        first: list[Node] = [
            f"{given}{speaks}",
            size(count(float(record.n[g]) or float("nan"), fewer())),
            count(float(record.strata[g])),
        ]
        rows.append([*first, shares[0], words[0], shares[1], words[1], shares[2]])
    named = spoken(CAPTIONS["T5e"], grouping=record.grouping)
    told = Told(named, record, "grouping")
    where = "given population n strata total total_low total_high total_reason"
    return grid(key, spoken("T5, totals"), told, heads, rows_of(rows, where))


def _totals(record: Reliance) -> tuple[np.ndarray[tuple[int, ...], np.dtype[np.float64]], ...]:
    return record.total, record.total_low, record.total_high


def _other(key: str, record: Reliance, g: int) -> Element:
    return details(class_="views")[
        summary[spoken("The same, given {given}", given=record.given[g])],
        _table(key, record, g, FEW),
    ]


def _table(key: str, record: Reliance, g: int, most: int = ROWS) -> Element:
    speaks = f" {record.population[g]}"
    named = (
        spoken(
            CAPTIONS["T5"],
            grouping=record.grouping,
            given=record.given[g],
            n=count(float(record.n[g])),
            margin=plain(record.margin),
            level=confidence(float(record.alpha[g])),
        )
        + speaks
    )
    heads = (
        kind_head(record.subject_kind),
        *(spoken(RELIANCE_HEADS[i]) for i in range(len(RELIANCE_HEADS))),
    )
    order = np.argsort(-np.nan_to_num(np.abs(record.share[g])), kind="stable").tolist()
    own = each("share low high p_maxt reason", g)
    base = f"subjects {own} association mass slope slope_low slope_high support_reason"
    shown = leading(order, lambda j: _row(record, g, j), most=most, base=base)
    told = Told(named, record, f"grouping margin {each('n alpha population', g)}")
    return grid(key, "T5", told, heads, shown)


def _row(record: Reliance, g: int, j: int) -> list[Node]:
    shares = (float(a[g, j]) for a in (record.share, record.low, record.high))
    slopes = (float(a[j]) for a in (record.slope, record.slope_low, record.slope_high))
    kind = str(record.association_kind[j])
    unknown = spoken("not estimated")
    return [
        name(record.subjects[j]),
        evidence(estimate(*shares, reason=str(record.reason[g, j]), sign=True)),
        probability(float(record.p_maxt[g, j]), spoken("not tested")),
        verdict(str(record.verdict[g, j])),
        f"{number(float(record.association[j]), unknown, digits=2)} {kind}".rstrip(),
        percent(float(record.mass[j]), unknown),
        estimate(*slopes, reason=str(record.support_reason[j])),
        support_words(str(record.support[j])),
    ]
