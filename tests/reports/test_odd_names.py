"""Fault 79: names that mean something to a language or a table reader are plain data."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from evenlight import reports
from evenlight.record import Audit
from tests.html_tree import tree
from tests.made_audit import audit

LEVELS = ("__proto__", "constructor", "nan")
SUBJECTS = ("__proto__", "constructor", "nan", "None", "1", "-0", "true", "toString")


def odd() -> Audit:
    """An audit in which groups, subjects and the model bear such names."""
    pairs = ((LEVELS[0], LEVELS[2]), (LEVELS[1], LEVELS[2]), (LEVELS[1], LEVELS[0]))
    return audit(levels=LEVELS, pairs=pairs, subjects=SUBJECTS, model="None")


def test_79_odd_names_go_through_the_record() -> None:
    """They are written as text and come back as the same text, none as missing or a number."""
    made = odd()
    text = made.to_json()
    assert Audit.from_json(text).to_json() == text
    assert json.loads(text)["comparisons"][0]["subjects"][:4] == list(SUBJECTS[:4])


def test_79_odd_names_go_through_the_tables(tmp_path: Path) -> None:
    """Each subject and each group is a cell of its own in what is saved."""
    odd().save(tmp_path / "out")
    table = pd.read_csv(tmp_path / "out/tables/features.csv", dtype=str, keep_default_na=False)
    cells = {str(v).lstrip("'") for column in table for v in table[column]}
    assert {*SUBJECTS, *LEVELS} <= cells


def test_79_odd_names_are_on_the_page() -> None:
    """The page shows each of them as text."""
    words = tree(reports.build(odd())).text()
    assert all(name in words for name in (*SUBJECTS[:4], "toString"))
