"""No figure of a page shows single people: the record has no place for them."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import evenlight.reports
from evenlight.reports.drawings import drawings
from tests.between_world import audited

PEOPLE = 397
"""A prime larger than any table of such an audit."""

SINGLE = {"beeswarm", "waterfall", "embedded_groups", "embedded_values", "person", "embedding"}
"""Figures that draw single people, of notebooks only."""


def lists(value: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Every list of a record, with its length."""
    if isinstance(value, dict):
        for key, one in value.items():
            yield from lists(one, f"{place}/{key}")
    elif isinstance(value, list):
        yield place, len(value)
        for i, one in enumerate(value):
            yield from lists(one, f"{place}/{i}")


def drawn(tree: ast.Module) -> Iterator[str]:
    """Names taken from figures, as attributes or by import, with the modules they come from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).endswith("figures"):
            yield node.attr
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("evenlight.figures"):
            yield from (node.module or "").split(".")
            yield from (alias.name for alias in node.names)


def test_no_list_of_the_record_has_a_place_for_each_person() -> None:
    """Of 397 people no list of the record has as many members: what is drawn is of groups."""
    record = json.loads(audited(PEOPLE).to_json())
    longest = max(lists(record), key=lambda found: found[1])
    assert longest[1] < PEOPLE // 2, longest


def test_a_picture_does_not_grow_with_people() -> None:
    """Three times as many people: the same figures, of about as many bytes."""
    few, many = drawings(audited(PEOPLE)), drawings(audited(3 * PEOPLE))
    assert set(few) == set(many)
    for key, drawing in few.items():
        assert abs(len(many[key].svg) - len(drawing.svg)) < 0.25 * len(drawing.svg), key


def test_reports_draw_no_figure_of_single_people() -> None:
    """No file of the reports names a figure that is for notebooks alone."""
    for path in Path(evenlight.reports.__file__).parent.rglob("*.py"):
        tree = ast.parse(path.read_text("utf-8"))
        assert not set(drawn(tree)) & SINGLE, path.name
