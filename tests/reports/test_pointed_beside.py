"""Numbers beside the page of one audit: an earlier audit, the index, plain words, the island."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight import reports
from evenlight.reports.between import difference_page
from evenlight.reports.exporters.summary import summary
from evenlight.reports.pointing import placed
from evenlight.reports.sections import c3_sensitivity
from tests import pointed_audits
from tests.between_world import audited
from tests.html_tree import Node, tree
from tests.made_audit import audit
from tests.pointed import NUMBER, Held, Piece, Record, lost, pieces
from tests.reports.test_budgets import island
from tests.reports.test_earlier import difference
from tests.reports.test_pointers import FIXED
from tests.wide_audit import wide_audit


def earlier() -> tuple[Node, Record]:
    """The page of an audit beside an earlier one."""
    later = audited(weight=6.0)
    files = {"diff.json": json.loads(difference().to_json())}
    page = reports.build(later, earlier=difference())
    return tree(page), Record(json.loads(later.to_json()), files)


def compared() -> tuple[Node, Record]:
    """The page of a comparison by itself, which names no other file than diff.json."""
    files = {"diff.json": json.loads(difference().to_json())}
    return tree(difference_page(difference())), Record(None, files)


def indexed() -> tuple[Node, Record]:
    """The index over two audits, one of them in a folder with a blank in its name."""
    made = {"one": audit(), "an other": pointed_audits.everything()}
    told = [(f"Audit {name}", f"{name}/report.html", one) for name, one in made.items()]
    files = {f"{name}/audit.json": json.loads(one.to_json()) for name, one in made.items()}
    return tree(reports.index(told)), Record(None, files)


def plain() -> tuple[Node, Record]:
    """The page in plain words, of more contrasts than are told one by one."""
    made = wide_audit(50, 5)
    root = tree(summary(made, Path())["summary.html"])
    return root, Record(json.loads(made.to_json()))


def forked() -> tuple[Node, Record]:
    """Section C3 of an audit whose answers were asked again under many choices of two kinds."""
    made = pointed_audits.everything()
    (held,) = made.further.holds
    names = ("background",) * 9 + ("seed",) * 4 + ("explainer",) * 3
    settings = (*(f"level {c} of ancestry" for c in "ABCDEFGHI"), *"1234", "a", "b", "512 draws")
    rows = np.arange(len(names)) % len(held.names)
    arrays = ("verdict", "effect", "low", "high", "subject")
    taken = {f"fork_{n}": getattr(held, f"fork_{n}")[rows] for n in arrays}
    taken |= {n: getattr(held, n)[rows] for n in ("reason", "holds")}
    touched = np.ones((len(names), len(held.ids)), dtype=bool)
    many = replace(held, names=names, settings=settings, touched=touched, **taken)
    made = replace(made, further=replace(made.further, holds=(many,)))
    with placed(made):
        root = tree(str(c3_sensitivity.section(made)))
    return root, Record(json.loads(made.to_json()))


PAGES: dict[str, tuple[Callable[[], tuple[Node, Record]], int]] = {
    "earlier": (earlier, 300),
    "compared": (compared, 40),
    "index": (indexed, 5),
    "forks": (forked, 15),
    "plain words": (plain, 5),
}
"""Pages that point, and how many texts with a number each has at least."""


@cache
def walked(name: str) -> tuple[Node, Record, tuple[Piece, ...]]:
    """A page, its records, and every text with a number that is no fixed one."""
    root, record = PAGES[name][0]()
    return root, record, tuple(pieces(root, record, FIXED))


@cache
def island_rows() -> tuple[Piece, ...]:
    """Every cell with a number of the table of all features, in every view that can be chosen."""
    made = wide_audit(60, 5)
    root, record = tree(reports.build(made)), Record(json.loads(made.to_json()))
    data = next(n for n in root.all("script") if "type" in n.attributes)
    head, columns, refs = island(str(data.children[0]))
    region = next(n for n in root.walk() if n.attributes.get("id") == "c2-1")
    return tuple(_cells(region, record, columns, (head["views"], refs)))


def _cells(
    region: Node, record: Record, columns: list[list[str]], of: tuple[list[Any], list[int]]
) -> Iterator[Piece]:
    """The rows as the page's script makes them, in place of those without it."""
    views, refs = of
    for _, shown, base in views:
        body = Node("tbody", {"data-base": base}, region)
        for i, ref in enumerate(refs):
            row = Node("tr", {"data-ref": str(ref)}, body)
            told = record.told(row, row)
            texts = [columns[k][i] for k in shown]
            yield from (Piece(row, text, told) for text in texts if NUMBER.search(text))


def numbers(name: str) -> tuple[Piece, ...]:
    """The texts of a page, or of the island."""
    return island_rows() if name == "island" else walked(name)[2]


@pytest.mark.parametrize("name", PAGES)
def test_every_number_stands_where_its_page_says(name: str) -> None:
    """Each number resolves, in audit.json or in the file that its pointer names."""
    root, record, told = walked(name)
    assert not lost(root, record)
    assert len(told) >= PAGES[name][1]
    assert not [(piece.text, piece.wrong()) for piece in told if piece.wrong()]


def test_many_settings_are_counted_not_cut() -> None:
    """Of many settings of a kind the first three are named whole, and the rest are counted."""
    told = [piece.text for piece in walked("forks")[2]]
    assert "level A of ancestry, level B of ancestry, level C of ancestry and 6 more" in told
    assert "1, 2, 3 and 1 more" in told
    heads = [n for n in walked("forks")[0].all("th") if n.attributes["scope"] == "rowgroup"]
    assert [n.attributes["rowspan"] for n in heads] == ["3", "3", "3"]


def test_every_number_of_the_island_is_one_of_the_record() -> None:
    """Rows of the table of all features, in each of ten views, point to what they show."""
    told = island_rows()
    assert len(told) > 60 * 10 * 5
    assert not [(piece.text, piece.wrong()) for piece in told if piece.wrong()]


def test_c6_points_into_the_file_of_the_comparison() -> None:
    """Every text with a number in C6 is beneath a pointer into diff.json."""
    told = [p for p in walked("earlier")[2] if _inside(p.node, "c6")]
    assert len(told) > 30
    assert all("diff.json#/" in _around(piece.node) for piece in told)


def _inside(node: Node, key: str) -> bool:
    return any(up.attributes.get("id") == key for up in node.up())


def _around(node: Node) -> str:
    names = ("data-ref", "data-base")
    return " ".join(up.attributes.get(name, "") for up in node.up() for name in names)


SEEN = {
    "earlier": 0.70,
    "compared": 0.70,
    "index": 0.95,
    "forks": 0.50,
    "plain words": 0.80,
    "island": 0.90,
}
"""The least share of numbers of which a change in the record is seen."""


@pytest.mark.parametrize("name", SEEN)
def test_a_change_in_the_record_is_seen(name: str) -> None:
    """One number of the record made another, of those that a text tells, leaves the text wrong.

    Where it is not seen, another number of the same places is printed alike.
    """
    rng = random.Random(0)
    told = [p for p in numbers(name) if name != "earlier" or _inside(p.node, "c6")]
    seen = [found for piece in told for found in changes(piece, rng)]
    assert np.mean(seen) >= SEEN[name], f"{np.mean(seen):.3f} of {len(seen)}"


def changes(piece: Piece, rng: random.Random) -> Iterator[bool]:
    """Of each number of a text that some number of the record tells: whether its change is seen."""
    before = len(piece.wrong())
    for match in NUMBER.finditer(piece.text):
        places = [i for i in range(len(piece.held.numbers)) if _tells(piece, match[0], i)]
        if places:
            other = piece.held.numbers.copy()
            i = rng.choice(places)
            other[i] = -other[i] * rng.uniform(1.5, 8) - rng.uniform(1, 9)
            now = Piece(piece.node, piece.text, Held(other, piece.held.words))
            yield len(now.wrong()) > before


def _tells(piece: Piece, number: str, i: int) -> bool:
    """Whether the i-th number by itself is the one that is printed."""
    alone = Held(piece.held.numbers[i : i + 1], set())
    percent = "%" in piece.text or "points" in piece.text
    match = NUMBER.search(number)
    assert match is not None
    digits = match["digits"] + (match["power"] or "").replace("\N{MINUS SIGN}", "-")
    return alone.tells(match["sign"] or "", digits, "", percent=percent)
