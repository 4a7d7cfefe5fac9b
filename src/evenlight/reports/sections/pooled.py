"""The page of several sites: answers, numbers with how far the sites differ, people."""

from __future__ import annotations

from collections.abc import Iterator

from htpy import Element, Node, div, p

from evenlight.data.digits import count, estimate, interval, percent, probability
from evenlight.data.shown import metric_name, short
from evenlight.differing.record import Told
from evenlight.language import spoken
from evenlight.measures.words import SPOKEN
from evenlight.pooling.record import Item, Pool
from evenlight.reports.parts import evidence, grid, name, rows_of, say, size, verdict
from evenlight.reports.words_changed import (
    POOL_ANSWERS,
    POOL_APART,
    POOL_APART_HEADS,
    POOL_HEADS,
    POOL_ITEMS,
    POOL_ITEMS_HEADS,
    POOL_LEAD,
    POOL_PEOPLE,
    POOL_PEOPLE_HEADS,
)

FILE = "pool.json#"
MOST = 100


def section(made: Pool) -> Element:
    """Every table that has a row; the page's heading stands above."""
    return div(class_="block")[
        p(class_="reading")[
            spoken(POOL_LEAD, sites=short(", ".join(made.sites), 200), target=short(made.target))
        ],
        _answers(made),
        _tables(made),
    ]


def _tables(made: Pool) -> Iterator[Node]:
    items = [_item(one) for one in made.items]
    people: list[list[Node]] = [
        [
            name(f"{one.part} ({one.grouping})"),
            count(one.units),
            count(one.sites),
            count(one.hidden),
        ]
        for one in made.people
    ]
    alone = spoken("told alone")
    apart: list[list[Node]] = [
        [name(one.what), name(one.before), name(one.after), name(one.spoils or alone)]
        for one in made.apart
    ]
    for key, field, (text, heads), rows in (
        ("p2", "items", _items_told(), items),
        ("p3", "people", _people_told(), people),
        ("p4", "apart", _apart_told(), apart),
    ):
        if rows:
            some = rows_of(rows, f"{FILE}/{field}", most=MOST)
            yield grid(key, key.upper(), text, heads, some)


def _items_told() -> tuple[str, list[str]]:
    """Caption and heads of what was put together."""
    heads = [spoken(POOL_ITEMS_HEADS[i]) for i in range(len(POOL_ITEMS_HEADS))]
    return spoken(POOL_ITEMS), heads


def _people_told() -> tuple[str, list[str]]:
    """Caption and heads of the people."""
    heads = [spoken(POOL_PEOPLE_HEADS[i]) for i in range(len(POOL_PEOPLE_HEADS))]
    return spoken(POOL_PEOPLE), heads


def _apart_told() -> tuple[str, list[str]]:
    """Caption and heads of what the sites do not have alike."""
    heads = [spoken(POOL_APART_HEADS[i]) for i in range(len(POOL_APART_HEADS))]
    return spoken(POOL_APART), heads


def _answers(made: Pool) -> Element:
    rows: list[list[Node]] = [
        [name(one.question), spoken(SPOKEN[one.verdict]), say(one.sentence)] for one in made.answers
    ]
    heads = [spoken(POOL_HEADS[i]) for i in range(len(POOL_HEADS))]
    return grid("p1", "P1", spoken(POOL_ANSWERS), heads, rows_of(rows, f"{FILE}/answers"))


def _item(one: Item) -> list[Node]:
    """A number over sites: verdict, effect, people, each site's, and how far these differ."""
    subject = metric_name(one.subject) if one.kind == "performance" else one.subject
    what = spoken(
        "{kind}: {subject} by {grouping}",
        kind=one.kind.capitalize(),
        subject=short(subject) or spoken("all"),
        grouping=short(one.grouping),
    )
    told = "; ".join(f"{short(site)}: {_told(t)}" for site, t in zip(one.at, one.each, strict=True))
    tested = probability(one.q_p, spoken("not tested"))
    return [
        name(f"{what}, {one.contrast}" if one.contrast else what),
        verdict(one.verdict),
        evidence(estimate(one.effect, one.low, one.high, reason=one.reason, sign=True)),
        size(count(one.n, spoken("not told"))),
        say(told),
        f"I\N{SUPERSCRIPT TWO} {percent(one.i_squared)}, p {tested}",
        spoken("too few sites") if one.elsewhere_low is None
        else interval(one.elsewhere_low, one.elsewhere_high),
    ]  # fmt: skip


def _told(told: Told) -> str:
    if told.effect is None:
        return spoken(SPOKEN[told.verdict])
    return estimate(told.effect, told.low, told.high, sign=True)
