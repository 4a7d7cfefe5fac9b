"""The page in plain words says what the audit says, and hides nothing that is not known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from evenlight.measures.words import SPOKEN
from evenlight.reports.exporters.summary import MOST, summary
from evenlight.reports.sections.judged import by_contrast
from evenlight.reports.words_plain import FOUND, LIMITS
from tests.html_tree import Node, tree
from tests.made_audit import audit


@pytest.fixture(scope="module")
def root() -> Node:
    """The summary of the made audit."""
    return tree(summary(audit(), Path())["summary.html"])


def test_every_contrast_of_a_primary_question_is_told(root: Node) -> None:
    """Each pair of groups has its word, its interval or reason, and its number of people."""
    told = [n for n in root.walk() if "verdict" in n.classes()]
    shown = [part for a in audit().answers for part in by_contrast(a)[:MOST]]
    assert [n.text().strip() for n in told] == [SPOKEN[part.verdict] for part in shown]
    for node in told:
        line = next(n for n in node.up() if n.tag == "li")
        assert any("evidence" in n.classes() and n.text().strip() for n in line.walk())
        assert any("n" in n.classes() and n.text().strip() for n in line.walk())


def test_what_is_not_known_is_said(root: Node) -> None:
    """The limits stand on it whole, one sentence for each verdict is there, and one first head."""
    text = root.text()
    assert all(limit in text for limit in LIMITS)
    assert set(FOUND) == set(SPOKEN)
    assert len([n for n in root.walk() if n.tag == "h1"]) == 1
    assert not [n for n in root.walk() if n.tag == "script"]


def test_many_contrasts_are_counted() -> None:
    """Beyond the first pairs of groups the others are counted by their word."""
    answer = audit().answers[0]
    many = tuple(replace(answer.parts[0], contrast=f"{i} / other") for i in range(MOST + 5))
    made = replace(audit(), answers=(replace(answer, parts=many),))
    text = tree(summary(made, Path())["summary.html"]).text()
    assert f"And between other groups: 5 {SPOKEN[many[0].verdict]}." in text


def test_nothing_asked_is_said_and_names_stay_text() -> None:
    """Without a primary question one sentence says so; a name that looks like a tag is text."""
    hostile = replace(audit().model, name="<script>alert(1)</script>")
    text = summary(replace(audit(), answers=(), model=hostile), Path())["summary.html"]
    assert "Nothing was asked that could be answered here." in text
    assert "<script" not in text
