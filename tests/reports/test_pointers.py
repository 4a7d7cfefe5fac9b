"""Every number of the page is one of the record: `data-ref` is walked, a changed digit is seen."""

from __future__ import annotations

import json
import random
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

import pytest

from evenlight import reports
from evenlight.measures.demographic import CONTEXT
from evenlight.record import Audit
from evenlight.reports.methods import METHODS
from evenlight.reports.pointing import FUNCTIONS, at, placed
from tests import pointed_audits
from tests.html_tree import Node, tree
from tests.made_audit import audit
from tests.pointed import NUMBER, Piece, Record, lost, nearest, pieces
from tests.recounted import FUNCTIONS as TWINS

FIXED = re.compile(
    "|".join(
        [
            re.escape(CONTEXT),
            re.escape(METHODS["verdicts"]),
            r"95 % (?:intervals?|limits|bands?)\b|\[95 %(?: interval)?\]",
            r"share within 20 %",
            r"Counts are rounded to 5,",
            r"suppressed \(<11\)|[Ff]ewer than 11\b",
            r"Energy: 0 if distributions are equal|0\.5 by (?:chance|guessing)",
            r"More than 10 % of the output's variance",
            r"in the row that 5 % of rows exceed",
            r"0 if taking each feature away .* 1 if the opposite",
            r"\(?1 as claimed, 0 (?:none|not at all)",
            r"for \d+ % of the reliance, below 50 %",
            r"a gap is above 0 even where there is none|leaving out 0:",
            r"with 0, 1 and 2 copies|inputs moved by 0.05 of their spread|an association of 0\.05",
            r"below 0: better; of a calibration slope how much further from 1\b",
            r"99.5th percentile of the sizes that are not 0",
            r"the line at 0: calling nobody",
            r"\u00b1\d+(?:\.\d+)?$",  # where a scale of colours ends, as a tick does
        ]
    )
)
"""Texts that define something, with their numbers: no result of any audit."""

PAGES = ("made", "everything", "looked", "placed")
"""A made record; people with axes, sets, slices, forks and a waiver; images; genotypes."""


@cache
def read(name: str) -> tuple[Node, Record]:
    """The page of an audit as a tree, and its record."""
    made: Audit = audit() if name == "made" else getattr(pointed_audits, name)()
    return tree(reports.build(made)), Record(json.loads(made.to_json()))


@cache
def known(name: str) -> tuple[Piece, ...]:
    """Every text of a page with a number that is no fixed one."""
    return tuple(pieces(*read(name), FIXED))


def outside(piece: Piece) -> set[str]:
    """The numbers of the framework's own file, for what section C5 quotes of it."""
    ids = {node.attributes.get("id") for node in piece.node.up()}
    return framework_numbers() if "c5" in ids else set()


@cache
def framework_numbers() -> set[str]:
    """Every number in the texts of the framework files."""
    found: set[str] = set()
    for file in files("evenlight.reports.frameworks").iterdir():
        if file.name.endswith(".toml"):
            found |= set(_digits(tomllib.loads(file.read_text("utf-8"))))
    return found


def _digits(value: object) -> Iterator[str]:
    if isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from _digits(one)
    else:
        yield from (m["digits"] for m in NUMBER.finditer(str(value)))


@pytest.mark.parametrize("name", PAGES)
def test_every_number_is_one_of_the_record(name: str) -> None:
    """Digits, per cents, limits and counts, in text, titles and descriptions of pictures."""
    told = known(name)
    assert len(told) > 400
    wrong = [
        (piece.text, number)
        for piece in told
        for number in piece.wrong()
        if number not in outside(piece)
    ]
    assert not wrong


@pytest.mark.parametrize("name", PAGES)
def test_every_pointer_leads_somewhere(name: str) -> None:
    """Each of `data-ref` and `data-base` is found in audit.json."""
    root, record = read(name)
    assert not lost(root, record)


@pytest.mark.parametrize("name", PAGES)
def test_a_changed_digit_is_seen(name: str) -> None:
    """One digit of the page made another: of 500 in rows of tables at least nine in ten fail.

    Those that do not became another number of the same row.
    """
    rng = random.Random(0)
    rows = [p for p in known(name) if nearest_tag(p.node) == "tr"]
    seen = 0
    for _ in range(500):
        piece = rng.choice(rows)
        seen += len(piece.wrong(changed(piece.text, rng))) > len(piece.wrong())
    assert seen >= 450


def nearest_tag(node: Node) -> str:
    """The tag of the element that points for another."""
    near = nearest(node)
    return "" if near is None else near.tag


def changed(text: str, rng: random.Random) -> str:
    """The text with one digit of one of its numbers made another."""
    number = rng.choice(list(NUMBER.finditer(text)))
    at = rng.choice([i for i in range(number.start(), number.end()) if text[i].isdigit()])
    return text[:at] + rng.choice([d for d in "0123456789" if d != text[at]]) + text[at + 1 :]


def test_a_number_without_a_pointer_is_seen() -> None:
    """Where `data-ref` is taken away from a row, its numbers stand nowhere."""
    root, record = read("made")
    row = next(p.node for p in known("made") if nearest_tag(p.node) == "tr")
    near = nearest(row)
    assert near is not None
    kept = near.attributes.pop("data-ref")
    try:
        found = [p for p in pieces(root, record, FIXED) if near in p.node.up()]
        assert any(p.wrong() for p in found)
    finally:
        near.attributes["data-ref"] = kept


def test_a_wrong_row_is_seen() -> None:
    """Numbers of one feature under another's pointer are refused."""
    root, record = read("made")
    rows = [n for n in root.walk() if n.tag == "tr" and n.attributes.get("data-ref") in ("0", "1")]
    first, second = rows[:2]
    mine, other = first.attributes["data-ref"], second.attributes["data-ref"]
    first.attributes["data-ref"], second.attributes["data-ref"] = other, mine
    try:
        found = [p for p in pieces(root, record, FIXED) if {first, second} & set(p.node.up())]
        assert sum(bool(p.wrong()) for p in found) >= 2
    finally:
        first.attributes["data-ref"], second.attributes["data-ref"] = mine, other


def test_functions_have_a_name_and_a_twin() -> None:
    """What `data-of` may say is described, and computed once more from plain data."""
    assert set(FUNCTIONS) == set(TWINS)
    assert all(FUNCTIONS.values())
    for name in PAGES:
        root, _ = read(name)
        asked = " ".join(n.attributes.get("data-of", "") for n in root.walk()).split()
        assert set(asked) <= set(FUNCTIONS)


def test_outside_of_a_page_nothing_has_a_place() -> None:
    """A record is found in the audit that a page is made of, and nowhere else."""
    made = audit()
    record = made.comparisons[0]
    assert at(record) == ""
    with placed(made):
        assert at(record, "low", "high") == "/comparisons/0/low /comparisons/0/high"
        assert at(made.answers[1].parts[0]) == "/answers/1/parts/0"
    assert at(record) == ""
