"""B9: does it hold? Forks (F16, T14), perturbations (F17, T15, T16), and kept promises (T17)."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, details, li, p, summary, ul

from evenlight.data.digits import estimate
from evenlight.data.shown import subject_name
from evenlight.language import spoken
from evenlight.measures.specification import Specification
from evenlight.measures.specification_words import reading
from evenlight.record import Audit
from evenlight.reports.drawings import drawings, held
from evenlight.reports.parts import (
    block,
    evidence,
    grid,
    name,
    nothing,
    part,
    picture,
    rows_of,
    say,
    verdict,
)
from evenlight.reports.pointing import Told, at, each
from evenlight.reports.sections import coverage, fragile
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS, NOTHING

COUNTED = ("questions", "names", "fork_verdict", "holds", "touched", "unrun", "verdict")
"""What the share of other choices under which an answer holds is counted from."""


def section(audit: Audit) -> Element:
    """Other choices, small changes of the data, and how sure: whatever the plan asks for."""
    further = audit.further
    if not (further.holds or further.fragilities or further.uncertainties):
        return nothing("b9", spoken(NOTHING["holds"]))
    return block("b9", _choices(audit), fragile.parts(audit), coverage.parts(audit))


def _choices(audit: Audit) -> Iterator[Node]:
    """One part a primary question: its share of forks, the curve, and every fork."""
    made = drawings(audit)
    for key, (record, k) in keyed("t14", held(audit)):
        yield part(
            record.questions[k],
            p(class_="reading", data_ref=at(record, *COUNTED), data_of="held")[
                say(reading(record, k))
            ],
            (picture(made[one], record) for one in (key.replace("t14", "F16"),) if one in made),
            _forks(key, record, k),
            ref=at(record, f"questions/{k}"),
        )
    for record in audit.further.holds:
        yield from _unrun(record)


def _forks(key: str, made: Specification, k: int) -> Node:
    asked = np.flatnonzero(made.touched[:, k])
    if not len(asked):
        return None
    heads = (
        *(spoken("Chosen otherwise"), spoken("How"), spoken("Answer"), spoken("Holds")),
        *(spoken("Subject"), spoken("Effect ({unit})", unit=made.unit[k])),
    )
    rows = [_row(made, int(i), k) for i in asked]
    named = spoken(CAPTIONS["T14"], question=made.questions[k])
    fields = "fork_effect fork_low fork_high fork_subject reason"
    refs = [f"names/{i} settings/{i} {each(fields, i, k)}" for i in asked.tolist()]
    told = Told(named, made, f"questions/{k} unit/{k}")
    table = grid(key, "T14", told, heads, rows_of(rows, "", refs))
    return details(class_="views")[summary[spoken("Every choice")], table]


def _row(made: Specification, i: int, k: int) -> list[Node]:
    numbers = (made.fork_effect[i, k], made.fork_low[i, k], made.fork_high[i, k])
    told = (
        estimate(*(float(v) for v in numbers))
        if np.isfinite(numbers).all()
        else say(made.reason[i, k])
    )
    subject = subject_name(str(made.fork_subject[i, k]), made.measures[k])
    return [
        name(made.names[i]), name(made.settings[i]), verdict(str(made.fork_verdict[i, k])),
        _holds(made, i, k), name(subject), evidence(told),
    ]  # fmt: skip


def _holds(made: Specification, i: int, k: int) -> str:
    """Whether the answer is the same; under a fork where it cannot be asked, neither."""
    if not made.counted[i, k]:
        return spoken("not asked")
    return spoken("yes" if made.holds[i, k] else "no")


def _unrun(made: Specification) -> Iterator[Node]:
    """What could not be run, with its reason."""
    if made.unrun:
        yield part(
            spoken("Choices that could not be tried"),
            ul[(li(data_ref=at(u))[say(f"{u.name}, {u.setting}: {u.reason}")] for u in made.unrun)],
        )
