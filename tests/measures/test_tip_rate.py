"""Tipping points of verdicts on performance, and agreement of raters by group."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from statsmodels.stats.inter_rater import cohens_kappa, to_table

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError
from evenlight.measures.perform import Judging, perform
from evenlight.measures.rate import rate
from evenlight.measures.tip import tip
from evenlight.measures.tipped import Tipping


def missed(n: int, share: float, seed: int = 0) -> tuple[Cohort, Predictions]:
    """Two groups that are alike, but in B this share of the events is not recorded."""
    rng = np.random.default_rng(seed)
    score, group = rng.normal(size=n), np.arange(n) % 2
    true = rng.uniform(size=n) < expit(1.5 * score)
    seen = true & ~((group == 1) & (rng.uniform(size=n) < share))
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], "case": seen.astype(int)},
        index=[f"p{i:05d}" for i in range(n)],
    )
    cohort = Cohort(score[:, None], people, ["s"], outcome="case", groups=["race"], unit="row")
    return cohort, Predictions(cohort.rows, 1.5 * score, expit(1.5 * score), "case", "logit")


def test_a_difference_made_by_missed_events_tips_near_their_share() -> None:
    """Specificity differs because 30 % of B's events are missed; corrected, it does not."""
    cohort, said = missed(3000, 0.3)
    made = tip(said, cohort, by="race", judging=Judging(threshold=0.5))
    m = made.metrics.index("specificity")
    assert made.verdict[0, m] == "different"
    assert made.contrasts == (("B", "A"),)
    assert 0.1 < made.tip[0, m, 0, 0] < 0.3
    assert made.becomes[0, m, 0, 0] in ("cannot_tell", "similar")
    assert "label of B" in made.sentence(0, m)


def test_the_verdicts_are_those_of_performance() -> None:
    """With the same seed nothing but the label is moved; the record survives JSON."""
    cohort, said = missed(2000, 0.3)
    made = tip(said, cohort, by="race", judging=Judging(threshold=0.5), rng=3)
    seen = perform(said, cohort, by="race", judging=Judging(threshold=0.5), rng=3)
    at = [seen.metric(name) for name in made.metrics]
    np.testing.assert_array_equal(made.verdict, seen.verdict[:, at])
    assert plain(restore(Tipping, plain(made))) == plain(made)
    assert len(made.to_frame()) == made.tip.size
    open_ = made.verdict == "cannot_tell"
    assert (made.reason[open_] == "only a verdict of similar or different can be overturned").all()


def test_tipping_points_depend_on_no_order_of_rows() -> None:
    """The same people in another order give the same bytes."""
    cohort, said = missed(500, 0.3)
    turned = cohort.take(np.random.default_rng(1).permutation(500))
    rules = Judging(threshold=0.5)
    one, other = (plain(tip(said, c, by="race", judging=rules)) for c in (cohort, turned))
    assert one == other


def test_a_gross_difference_is_not_overturned() -> None:
    """Where the score is noise in B no plausible label error mends its AUROC, and this is said."""
    cohort, said = missed(3000, 0.0)
    noise = np.where(np.arange(3000) % 2, np.random.default_rng(5).normal(size=3000), said.margin)
    bad = Predictions(cohort.rows, noise, expit(noise), "case", "logit")
    made = tip(bad, cohort, by="race")
    m = made.metrics.index("auroc")
    assert made.verdict[0, m] == "different"
    held = made.reason[0, m, 0, 1]
    assert "overturns it" in held or made.tip[0, m, 0, 1] > 0.3
    with pytest.raises(CohortError, match="binary outcome, this one is continuous"):
        tip(
            bad,
            Cohort(
                cohort.x, cohort.people.assign(case=np.arange(3000.0)), ["s"], outcome="case",
                groups=["race"], unit="row",
            ),
            by="race",
        )  # fmt: skip


def readings(n: int = 400) -> pd.DataFrame:
    """Two readers who agree less on B."""
    rng = np.random.default_rng(0)
    truth, b = rng.integers(0, 2, n), np.arange(n) % 2 == 1
    wrong = np.where(b, 0.35, 0.05)[:, None]
    said = np.where(rng.random((n, 2)) < wrong, 1 - truth[:, None], truth[:, None])
    return pd.DataFrame(
        {"race": np.where(b, "B", "A"), "r1": said[:, 0], "r2": said[:, 1]},
        index=[f"p{i:03d}" for i in range(n)],
    )


def test_raters_who_agree_less_on_one_group_are_seen() -> None:
    """Cohen's kappa by group is statsmodels'; the difference leaves out 0; there is no verdict."""
    people = readings()
    cohort = Cohort(np.zeros((400, 1)), people, ["x"], groups=["race"], unit="row")
    made = rate(cohort, by="race", ratings=["r1", "r2"])
    assert made.metrics == ("pairs_agree", "alpha", "kappa")
    for part in "AB":
        own = people.loc[people["race"] == part, ["r1", "r2"]].to_numpy()
        theirs = cohens_kappa(to_table(own)[0]).kappa
        assert made.value[made.parts.index(part), made.metric("kappa")] == pytest.approx(theirs)
    assert (made.difference_high[0] < 0).all()
    assert set(made.verdict.ravel()) == {""}


def test_raters_as_rows_are_raters_as_columns() -> None:
    """A unit with a row for each reader gives the same, words as well as numbers."""
    people = readings()
    wide = Cohort(np.zeros((400, 1)), people, ["x"], groups=["race"], unit="row")
    long = pd.concat(
        [
            people[["race"]].assign(
                label=people[r].map({0: "no", 1: "yes"}), reader=r, person=people.index
            )
            for r in ("r1", "r2")
        ]
    )
    long.index = pd.Index(long["person"] + long["reader"])
    rows = Cohort(
        np.zeros((800, 1)), long, ["x"], outcome="label", outcome_kind="categorical",
        groups=["race"], unit="person", rater="reader",
    )  # fmt: skip
    a, b = rate(wide, by="race", ratings=["r1", "r2"]), rate(rows, by="race")
    np.testing.assert_allclose(a.value, b.value)
    np.testing.assert_allclose(a.difference_low, b.difference_low)


def test_a_single_rating_is_no_agreement() -> None:
    """Nobody with two ratings, or nobody who rated: said with the remedy."""
    people = readings()
    cohort = Cohort(np.zeros((400, 1)), people, ["x"], groups=["race"], unit="row")
    with pytest.raises(CohortError, match="who rated is not known"):
        rate(cohort, by="race")
    alone = Cohort(np.zeros((400, 1)), people.assign(r2=np.nan), ["x"], groups=["race"], unit="row")
    with pytest.raises(CohortError, match="no unit has two ratings"):
        rate(alone, by="race", ratings=["r1", "r2"])
    scaled = people.assign(r1=np.arange(400.0), r2=np.arange(400.0) + 1)
    scale = Cohort(np.zeros((400, 1)), scaled, ["x"], groups=["race"], unit="row")
    assert rate(scale, by="race", ratings=["r1", "r2"]).metrics == ("alpha",)
