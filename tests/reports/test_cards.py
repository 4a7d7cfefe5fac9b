"""Cards for notebooks: short, escaped, without a script, and nothing of any one person."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.cards import audit_card
from evenlight.data.attributions import Attributions
from evenlight.data.cards import attributions_card, cohort_card
from evenlight.data.cohort import Cohort
from evenlight.measures.cards import comparison_card
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
    assert "every row converged" in text
    assert "g2" in text
    assert "75 %" in text
    assert "patient" not in text


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
