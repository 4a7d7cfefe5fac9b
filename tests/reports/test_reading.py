"""The ten questions by which a page is tried on its readers have their answers in the record."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from evenlight.reports.exporters.reading import reading, right
from evenlight.reports.words_reading import (
    ASKS,
    BESIDE,
    LAST,
    NO_DIFFERENCE,
    NONE,
    UNFOLLOWED,
    WORDS,
)
from tests.html_tree import tree
from tests.made_audit import audit


def test_each_question_has_its_answer() -> None:
    """Ten and ten, questions first, and the last answer is the same whatever was found."""
    text = reading(audit(), Path())["reading.md"]
    asked, answered = text.split("## Right answers")
    assert [len(re.findall(r"^\d+\. ", half, re.M)) for half in (asked, answered)] == [10, 10]
    assert all(ask in asked for ask in ASKS)
    assert right(audit())[-1] == right(replace(audit(), answers=()))[-1] == LAST


def test_right_answers_are_numbers_of_the_page() -> None:
    """Whoever reads the page can find every number that an answer holds."""
    from evenlight.reports import build

    page = tree(build(audit())).text().replace("\N{NO-BREAK SPACE}", " ")
    for answer in right(audit()):
        for number in re.findall(r"\d[\d.,]*\d|\d", answer):
            assert number in page, (number, answer)


@pytest.mark.parametrize("word", sorted(WORDS))
def test_the_gate_is_told_by_its_word(word: str) -> None:
    """No word of the gate is read as an approval."""
    made = audit()
    told = right(replace(made, verdict=replace(made.verdict, word=word)))[0]
    assert told.startswith(WORDS[word])
    assert told.endswith("it is no approval.")


def test_what_is_not_there_is_said() -> None:
    """An audit without questions or findings has answers that say so."""
    bare = replace(audit(), answers=(), findings=replace(audit().findings, items=()), qualities=())
    told = right(replace(bare, reliances=()))
    assert told[2] == told[4] == told[5] == told[6] == NONE
    assert (told[3], told[8]) == (NO_DIFFERENCE, UNFOLLOWED)


def test_a_reliance_that_no_question_asks_is_measured_all_the_same() -> None:
    """Beside the gate it is told with its number, and never called unknown."""
    made = audit()
    assert made.reliances
    told = right(replace(made, answers=()))[8]
    assert told.startswith(BESIDE)
    assert all(f"follows {one.grouping}" in told for one in made.reliances)
