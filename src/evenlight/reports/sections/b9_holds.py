"""B9: does it hold? Shares of forks, specification curves F16, tables T14."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from htpy import Element, Node, details, li, p, summary, ul

from evenlight.data.digits import count, estimate, percent
from evenlight.data.shown import subject_name
from evenlight.measures.specification import HOLDS, LEAST_FORKS, Specification
from evenlight.measures.words import SPOKEN
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
    say,
    verdict,
)
from evenlight.reports.sections.keyed import keyed
from evenlight.reports.words import CAPTIONS, NOTHING


def section(audit: Audit) -> Element:
    """One part a primary question: its share of forks, the curve, and every fork."""
    if not audit.further.holds:
        return nothing("b9", NOTHING["holds"])
    made = drawings(audit)
    return block(
        "b9",
        (
            part(
                record.questions[k],
                p(class_="reading")[reading(record, k)],
                (picture(made[one]) for one in (key.replace("t14", "F16"),) if one in made),
                _forks(key, record, k),
            )
            for key, (record, k) in keyed("t14", held(audit))
        ),
        (_unrun(record) for record in audit.further.holds),
    )


def reading(made: Specification, k: int) -> str:
    """The share in words."""
    many = int(made.touched[:, k].sum())
    said = SPOKEN[str(made.verdict[k])]
    if not many:
        return f"Answered {said}. No other choice that was tried enters this question."
    kept = int((made.holds & made.touched)[:, k].sum())
    firm = (
        f"That is less than {percent(HOLDS)}: the answer depends on the choice."
        if made.fragile[k]
        else "Too few choices enter it to say more."
        if many < LEAST_FORKS
        else "The answer does not depend on any one of these choices."
        if kept == many
        else "It depends on few of these choices."
    )
    return f"Answered {said}; so it is under {count(kept)} of {count(many)} other choices. {firm}"


def _forks(key: str, made: Specification, k: int) -> Node:
    asked = np.flatnonzero(made.touched[:, k])
    if not len(asked):
        return None
    heads = ("Chosen otherwise", "How", "Answer", "Holds", "Subject", f"Effect ({made.unit[k]})")
    rows = [_row(made, int(i), k) for i in asked]
    named = CAPTIONS["T14"].format(question=made.questions[k])
    return details(class_="views")[summary["Every choice"], grid(key, "T14", named, heads, rows)]


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
        "yes" if made.holds[i, k] else "no", name(subject), evidence(told),
    ]  # fmt: skip


def _unrun(made: Specification) -> Iterator[Node]:
    """What could not be run, with its reason."""
    if made.unrun:
        yield part(
            "Choices that could not be tried",
            ul[(li[say(f"{u.name}, {u.setting}: {u.reason}")] for u in made.unrun)],
        )
