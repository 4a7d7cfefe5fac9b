"""A page of very many groups: what it shows of them, what it counts, and what it never hides."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from evenlight import reports
from evenlight.measures.words import Verdict
from evenlight.record import Audit
from evenlight.reports import drawings, widest
from evenlight.reports.pointing import placed
from evenlight.reports.sections import a3_answers, b3_features, b5_told
from tests.html_tree import Node, tree
from tests.made_audit import audit
from tests.pointed import Record, lost, pieces
from tests.reports.test_pointers import FIXED
from tests.reports.test_told import leakage
from tests.wide_audit import wide_audit

GROUPS = 40
CONTRASTS = GROUPS - 1


@cache
def made() -> Audit:
    """Twelve features in forty groups, each compared with the first, and crossed with sex."""
    return wide_audit(12, GROUPS, crossed=True)


@cache
def page() -> Node:
    """Its page as a tree."""
    return tree(reports.build(made()))


def table(key: str) -> Node:
    """A table of the page by its id."""
    return next(n for n in page().walk() if n.attributes.get("id") == key)


def test_every_number_of_the_page_is_one_of_the_record() -> None:
    """No pointer leads nowhere, and each number, those of what is left out too, is pointed to."""
    record = Record(json.loads(made().to_json()))
    told = list(pieces(page(), record, FIXED))
    assert sum(piece.node.attributes.get("data-of") == "widest" for piece in told) == 10
    assert not lost(page(), record)
    assert not [(piece.text, piece.wrong()) for piece in told if piece.wrong()]


def test_every_contrast_of_a_question_is_shown() -> None:
    """T1 has a row for each of 39 contrasts of the two questions that ask by contrast."""
    rows = [len(body.all("tr")) for body in table("t1").all("tbody")]
    assert rows == [CONTRASTS, CONTRASTS, 1]


def test_of_more_contrasts_than_rows_those_that_decide_stay() -> None:
    """Of 60 contrasts, 20 of which differ or cannot be told at the end, T1 shows these among 50."""
    whole = made()
    first = whole.answers[0].parts[1]
    alike: tuple[Verdict, ...] = ("similar",)
    grave: tuple[Verdict, ...] = ("different", "cannot_tell")
    words = alike * 40 + grave * 10
    parts = tuple(
        replace(first, contrast=f"X{i} against Y", verdict=word) for i, word in enumerate(words)
    )
    own = replace(whole, answers=(replace(whole.answers[0], parts=parts), *whole.answers[1:]))
    with placed(own):
        root = tree(str(a3_answers.section(own)))
    body = root.all("tbody")[0]
    assert len(body.all("tr")) == 50
    assert all(f"X{i} against Y" in body.text() for i in range(40, 60))
    assert "50 of 60 contrasts are shown" in root.text()
    record = Record(json.loads(own.to_json()))
    assert not [p.text for p in pieces(root, record, FIXED) if p.wrong()]


def test_what_differs_comes_before_what_is_wider() -> None:
    """A contrast that is told to differ in one feature is shown, however narrow it is."""
    record = made().comparisons[0]
    effect, verdict = record.effect.copy(), record.verdict.copy()
    verdict[verdict == "different"] = "similar"
    effect[:, :-1] = 0.01
    effect[:, 10:30] = 3.0
    verdict[0, 5, 4] = "different"
    own = replace(record, effect=effect, verdict=verdict)
    assert 5 in widest.pairs(own)
    assert set(widest.pairs(own)) - {5} <= set(range(10, 30))
    assert {0, 6} <= set(widest.pair_groups(own))  # G01 is the reference, G07 the one that differs


def test_what_differs_by_a_metric_comes_first() -> None:
    """Metric by metric: the one contrast that differs is among the rows, at its own metric."""
    record = made().performances[0]
    difference, verdict = record.difference.copy(), record.verdict.copy()
    verdict[verdict == "different"] = "similar"
    difference[20, 0], verdict[20, 0] = 0.001, "different"
    own = replace(record, difference=difference, verdict=verdict)
    assert 20 in widest.metric_pairs(own, 0)
    assert 20 not in widest.metric_pairs(own, 2)
    assert (0, 20) in widest.metric_rows(own)


def test_what_is_left_out_is_counted() -> None:
    """A sentence tells how many contrasts and groups there are, and how many differ unseen."""
    record = made().comparisons[0]
    differ = (record.verdict == "different").any(axis=(0, 2)).sum()
    told = [n.text() for n in page().walk() if n.attributes.get("data-of") == "widest"]
    assert sum("widest of 39 contrasts" in one for one in told) == 4
    assert sum("Of 40 groups these 8 are shown" in one for one in told) == 6
    assert f"(of these not shown: {differ - 8}); tables/features.csv holds all" in " ".join(told)


@pytest.mark.parametrize(
    ("key", "rows"), [("t3d", 8 * 4), ("t10", 10), ("t4i", 12), ("t2", 41), ("t3", 42), ("t4r", 0)]
)
def test_tables_are_bounded(key: str, rows: int) -> None:
    """T3 tells eight contrasts a metric; tables of who there is, and how well, tell every group."""
    found = [n for n in page().walk() if n.attributes.get("id") == key]
    assert sum(len(b.all("tr")) for n in found for b in n.all("tbody")) == rows


def test_a_table_with_a_column_a_group_has_few_cells() -> None:
    """T4 has 40 columns and at most 600 cells of 60 features; T8 eight rows, T10 eight groups."""
    record = wide_audit(60, GROUPS).comparisons[0]
    cells = tree(str(b3_features.importance_table("t4i", record))).all("td")
    assert len(cells) == 14 * GROUPS <= widest.CELLS
    assert len(table("t10").all("thead")[0].all("th")) == 2 + 1 + 8
    crossed = [n for n in page().walk() if n.attributes.get("id", "").startswith("t8-1-")]
    assert {len(n.all("tbody")[0].all("tr")) for n in crossed if "scroll" in n.classes()} == {8}


def test_pictures_draw_eight_groups() -> None:
    """F3, F6, F12 and F15 have marks of eight groups, F4 and F5 eight panels."""
    whole = made()
    seen = {key: tree(one.svg).text() for key, one in drawings.drawings(whole).items()}
    for key in ("F2", "F3", "F6", "F12", "F15"):
        assert sum(f"G{i + 1:02d}" in seen[key] for i in range(GROUPS)) <= 8 + 2, key
    assert len(drawings.drawings(whole)["F4"].svg.split("predicted")) - 2 <= 8 + 1
    assert seen["F5"].count("\N{MINUS SIGN} G01") == 8


def test_the_curves_that_lie_furthest_out_are_drawn() -> None:
    """Of ten groups, nine of which are alike, the tenth is drawn."""
    one = wide_audit(12, 10).dependences[0]
    mean = np.repeat(one.mean[:1], 10, axis=0)
    mean[9] += 5.0
    own = replace(one, mean=mean, low=mean - 0.1, high=mean + 0.1)
    assert 9 in widest.curved_groups([own])
    assert len(widest.curved_groups([own])) == 8


def test_a_group_that_fails_a_check_is_shown() -> None:
    """The last of forty groups alone fails: its column is there."""
    record = made().qualities[0]
    trust, why = record.trust.copy().astype("<U40"), record.trust_reason.copy().astype("<U40")
    trust[-1], why[-1] = "unreliable", "a check fails"
    own = replace(record, trust=trust, trust_reason=why)
    assert len(record.levels) - 1 in widest.checked_groups(own)


def test_a_narrowed_record_is_that_of_its_groups() -> None:
    """Numbers of the groups that are kept are those they had; parts that are no group stay."""
    record = made().performances[0]
    few = widest.narrowed(record, ("G03", "G17"))
    assert few.levels == ("G03", "G17")
    assert few.parts == ("overall", "G03", "G17", "unknown")
    at = [record.parts.index(part) for part in few.parts]
    np.testing.assert_array_equal(few.value, record.value[at])
    np.testing.assert_array_equal(few.curve_observed, record.curve_observed[[2, 16]])
    people = made().compositions[0]
    small = widest.narrowed(people, ("G05",))
    assert small.parts == ("G05", "unknown")
    own = [people.parts.index(part) for part in small.parts]
    np.testing.assert_array_equal(small.cells, people.cells[:, own])


@pytest.mark.parametrize("whole", [audit(), wide_audit(12, 6)])
def test_a_page_of_few_is_whole(whole: Audit) -> None:
    """Of at most 15 contrasts and eight groups all are shown, nothing is narrowed or said."""
    compared, performed = whole.comparisons[0], whole.performances[0]
    assert widest.pairs(compared) == list(range(len(compared.contrasts)))
    assert widest.pair_groups(compared) == list(range(len(compared.levels)))
    assert widest.metric_pairs(performed, 0) == list(range(len(performed.contrasts)))
    people, checks, curve = whole.compositions[0], whole.qualities[0], whole.dependences[0]
    assert widest.few_groups(performed, widest.pair_groups(performed)) is performed
    assert widest.few_groups(people, widest.counted_groups(people)) is people
    assert widest.few_groups(checks, widest.checked_groups(checks)) is checks
    assert widest.few_groups(curve, widest.curved_groups([curve])) is curve
    assert 'data-of="widest"' not in reports.build(whole)


def test_pairs_that_are_told_apart_come_first_in_the_table_of_leakage() -> None:
    """Of 40 pairs the last two alone can be told apart: they are among the fifteen rows."""
    one = leakage()
    names = ("auc", "low", "high", "expected", "alone", "p", "holm", "verdict", "reason")
    wide: dict[str, Any] = {n: np.repeat(getattr(one, n)[:, :1], 40, axis=1) for n in names}
    wide |= {n: np.repeat(getattr(one, n)[:, :1], 40, axis=1) for n in ("n", "population")}
    wide["verdict"] = np.full(wide["auc"].shape, "similar", dtype="<U13")
    wide["verdict"][0, 38:] = "different"
    pairs = tuple((f"X{i}", "Y") for i in range(40))
    levels = ("Y", *(first for first, _ in pairs))
    made = replace(one, levels=levels, contrasts=pairs, twin=None, **wide)
    table = str(b5_told.leakage("t5k", made))
    assert "X38" in table
    assert "X39" in table
    assert table.count("<tr") == 1 + 15
    assert f"The first 15 of {made.auc.size} rows" in table
