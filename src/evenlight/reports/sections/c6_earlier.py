"""C6: this audit beside an earlier one. Tables T20 and T21, figure F13."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node, p, strong

from evenlight.data.digits import count, estimate, number, plain
from evenlight.data.shown import metric_name
from evenlight.differing import Difference
from evenlight.differing.record import STATUSES, Change, Moved, Told
from evenlight.differing.words import SPOKEN_STATUS, named
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN
from evenlight.reports.changing import slopes, slopes_at
from evenlight.reports.icons import icon
from evenlight.reports.parts import block, evidence, folded, grid, name, picture, rows_of, say
from evenlight.reports.pointing import below
from evenlight.reports.words_changed import (
    AGAINST,
    APART,
    APART_HEADS,
    APART_WORDS,
    CHANGE_HEADS,
    CHANGES,
    COUNTED,
    GATE,
    MOVED,
    MOVED_HEADS,
    NOTHING,
    PEOPLE,
    QUIET,
    STOOD,
    UNJUDGED,
)

FILE = "diff.json#"
"""Before a pointer into the record of the difference, which lies beside audit.json."""

MOST = 40
"""Changes on the page; all stand in the record."""

CHANGE_AT = "before after size low high reason grouping contrast subject view"
VALUE_AT = "before before_low before_high after after_low after_high part grouping subject"
JUDGED_AT = " judged/worse judged/low judged/high judged/reason"
"""Fields that a row shows: its sentence tells the same numbers again."""


def section(made: Difference) -> Element:
    """The verdict of the comparison, its changes, the slopes, and what is not alike."""
    drawn = zip(slopes(made).values(), slopes_at(made), strict=True)
    pictures = (picture(drawing, ref=place) for drawing, place in drawn)
    return block("c6", *verdict(made), changes(made), pictures, _moved(made), _apart(made))


def verdict(made: Difference) -> Iterator[Element]:
    """The word and its reason, what it rests on, and how many changed."""
    own = made.verdict
    word = own.word.replace(" ", "-")
    yield p(class_=f"reading g-{word}", data_ref=f"{FILE}/verdict")[
        icon(own.word),
        " ",
        strong[spoken(AGAINST[own.word])],
        f" {say(own.reason)}",
    ]
    yield p(class_="quiet")[spoken(GATE)]
    spent = {"alpha": plain(made.alpha), "spent": number(made.spent)}
    yield p(data_ref=f"{FILE}/people {FILE}/look {FILE}/alpha {FILE}/spent")[
        spoken(STOOD, people=spoken(PEOPLE[made.people]), look=made.look, **spent)
    ]
    found = {status: made.counts.get(status, 0) for status in STATUSES}
    parts = [f"{count(n)} {spoken(SPOKEN_STATUS[s])}" for s, n in found.items() if n]
    told = ", ".join(parts) or spoken(QUIET)
    words = spoken(COUNTED, all=count(sum(found.values())), told=told)
    yield p(data_ref=f"{FILE}/counts", data_of="sum")[words]


def changes(made: Difference) -> Element:
    """T20, one row a change."""
    if not made.changes:
        return p(class_="quiet")[spoken(NOTHING)]
    why = any(one.reason for one in made.changes)
    rows = [_change(one, why=why) for one in made.changes]
    heads = [spoken(CHANGE_HEADS[i]) for i in range(len(CHANGE_HEADS))]
    heads += [spoken("Why")] if why else []
    refs = [below(str(i), CHANGE_AT) for i in range(len(rows))]
    some = rows_of(rows, f"{FILE}/changes", refs, most=MOST)
    return grid("t20", "T20", spoken(CHANGES), heads, some)


def _change(one: Change, *, why: bool) -> list[Node]:
    moved = estimate(one.size, one.low, one.high, reason=spoken("not told"), sign=True)
    what = one.subject if one.kind == "question" else named(one)
    return [
        name(what),
        evidence(_told(one.before)),
        evidence(_told(one.after)),
        evidence(moved),
        spoken(SPOKEN_STATUS[one.status]),
        *([say(one.reason)] if why else []),
    ]


def _told(told: Told | None) -> str:
    """A number as an audit told it: word, effect with interval, and people to 5."""
    if told is None:
        return spoken("not asked")
    parts = [spoken(SPOKEN[told.verdict])]
    parts += [] if told.effect is None else [estimate(told.effect, told.low, told.high)]
    parts += [] if told.n is None else [spoken("n about {n}", n=count(told.n))]
    return ", ".join(parts)


def _moved(made: Difference) -> Node:
    """T21, folded: metrics of each group, and the features of the figure."""
    if not made.values:
        return None
    order = sorted(enumerate(made.values), key=lambda at: at[1].kind != "performance")
    refs = [below(str(i), VALUE_AT + (JUDGED_AT if one.judged else "")) for i, one in order]
    some = rows_of([_value(one) for _, one in order], f"{FILE}/values", refs)
    heads = [spoken(MOVED_HEADS[i]) for i in range(len(MOVED_HEADS))]
    table = grid("t21", "T21", spoken(MOVED), heads, some)
    return folded(spoken("Values of each group, before and after"), table)


def _value(one: Moved) -> list[Node]:
    subject = metric_name(one.subject) if one.kind == "performance" else one.subject
    before = estimate(one.before, one.before_low, one.before_high)
    after = estimate(one.after, one.after_low, one.after_high)
    values = evidence(before), evidence(after)
    return [name(f"{one.part} ({one.grouping})"), name(subject), *values, *_judged(one)]


def _judged(one: Moved) -> tuple[Node, Node]:
    """How much worse it became, and the verdict."""
    if one.judged is None:
        return spoken(UNJUDGED), ""
    own = one.judged
    worse = estimate(own.worse, own.low, own.high, reason=own.reason, sign=True)
    return say(worse), spoken(SPOKEN[own.verdict])


def _apart(made: Difference) -> Node:
    """What the audits do not have alike, and what was not compared for it."""
    if not made.apart:
        return None
    rows: list[list[Node]] = [
        [
            name(one.what),
            name(one.before),
            name(one.after),
            name(one.spoils or spoken("told alone")),
        ]
        for one in made.apart
    ]
    some = rows_of(rows, f"{FILE}/apart")
    heads = [spoken(APART_HEADS[i]) for i in range(len(APART_HEADS))]
    table = grid("t20a", spoken("T20, apart"), spoken(APART_WORDS), heads, some)
    return folded(spoken(APART), table)
