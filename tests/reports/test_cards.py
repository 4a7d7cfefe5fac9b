"""Cards for notebooks: short, escaped, without a script, and nothing of any one person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.cards import audit_card
from evenlight.data.attributions import Attributions
from evenlight.data.cards import attributions_card, cohort_card
from evenlight.data.cohort import Cohort
from evenlight.doubts import doubts
from evenlight.explainers.explain import explain
from evenlight.measures.cards import comparison_card
from evenlight.policy import Policy
from evenlight.results import Measures
from tests.html_tree import tree
from tests.made_audit import audit, comparison


def cohort() -> Cohort:
    """Forty people, four of them in a group too small to show."""
    names = [f"patient{i}" for i in range(40)]
    people = pd.DataFrame(
        {"race": ["a"] * 20 + ["b<b>"] * 16 + ["c"] * 4, "case": [0, 1] * 20}, index=names
    )
    return Cohort(
        np.arange(80.0).reshape(40, 2), people, ["g1", "g2"], outcome="case", groups=["race"]
    )


def test_the_cohort_card_counts_groups_and_hides_small_ones() -> None:
    """Levels with units; below 11 suppressed, the others then rounded to 5; no row id."""
    text = tree(cohort_card(cohort())).text()
    assert "40 rows, 40 units, 2 features" in text
    assert "suppressed (<11)" in text
    assert "about 15" in text
    assert "b<b>" in text
    assert "patient" not in text


def test_the_attributions_card_shows_means_alone() -> None:
    """Mean absolute attribution by feature; no row id and no single value."""
    values = np.tile([1.0, -3.0], (40, 1))
    made = Attributions.from_arrays(
        values,
        rows=[f"patient{i}" for i in range(40)],
        features=["g1", "g2"],
        output=np.full(40, -2.0),
        base=0.0,
    )
    text = tree(attributions_card(made)).text()
    assert "every row converged, within 1 % of how far its own output moves" in text
    assert "g2" in text
    assert "75 %" in text
    assert "patient" not in text


def test_a_row_that_is_right_by_its_size_alone_is_told() -> None:
    """A cell of 1e30 misses 1e22 and passes within 1 % of itself; that is not told as all well."""
    values = np.tile([1.0, -3.0], (40, 1))
    values[7, 0] = 1e30
    output = values.sum(axis=1) + 1e-9
    output[7] += 1e22
    ids = [str(i) for i in range(40)]
    made = Attributions.from_arrays(
        values, rows=ids, features=["g1", "g2"], output=output, base=0.0
    )
    assert made.converged.all()
    text = repr(made)
    assert "every row converged" not in text
    assert "1 row converged by size alone, missing more than the median row moves" in text
    assert any("miss more than the median row" in t for t in doubts(made, Measures(), Policy()))
    shorter = Attributions.from_arrays(
        values[8:], rows=ids[8:], features=["g1", "g2"], output=output[8:], base=0.0
    )
    assert "every row converged" in repr(shorter)
    assert not list(doubts(shorter, Measures(), Policy()))


def test_a_method_that_does_not_add_up_is_not_called_converged() -> None:
    """Occlusion of a product misses half of each output, and its card says how many rows."""
    x = np.random.default_rng(0).normal(size=(60, 2)) + 3
    people = pd.DataFrame({"sex": ["f", "m"] * 30}, index=[f"r{i}" for i in range(60)])
    made = explain(lambda x: x[:, 0] * x[:, 1], Cohort(x, people, ["a", "b"]), method="occlusion")
    assert made.converged.all()
    assert "rows counted as converged, missing more than 1 %" in repr(made)
    assert "every row converged" not in repr(made)


def test_few_rows_show_no_mean() -> None:
    """Below 11 rows the card has no table."""
    made = Attributions.from_arrays(
        np.ones((3, 1)), rows=["a", "b", "c"], features=["g1"], output=[1.0, 1.0, 1.0], base=0.0
    )
    assert not tree(attributions_card(made)).all("table")


def test_the_comparison_card_gives_interval_and_n() -> None:
    """The largest difference comes first, with interval, n, verdict and mechanism."""
    rows = tree(comparison_card(comparison())).all("table")[1].all("tbody")[0].all("tr")
    assert "VKORC1" in rows[0].text()
    assert "+0.52 [" in rows[0].text()
    assert "472 and 1,478" in rows[0].text()
    assert "different" in rows[0].text()


def test_the_audit_card_gives_gate_and_questions() -> None:
    """Gate word, reason and every answer by contrast."""
    text = tree(audit_card(audit())).text()
    assert "gate: passed" in text
    assert "No question was set to block" in text
    assert "+2.8 [1.9, 3.7] mg a week" in text
    assert "cannot be asked here" in text


def test_cards_stay_small_and_run_nothing() -> None:
    """Below 60 kB, also with 2,000 subjects of hostile names; no script, no style, no handler."""
    subjects = [f"<script>alert({j})</script>" + "y" * 500 for j in range(2000)]
    cards = (
        comparison_card(comparison(subjects=subjects)),
        audit_card(audit()),
        cohort_card(cohort()),
    )
    for card in cards:
        assert type(card) is str
        assert len(card.encode()) <= 60_000
        for node in tree(card).walk():
            assert node.tag not in {"script", "style", "img"}
            assert not [k for k in node.attributes if k.startswith("on") or k == "style"]
