"""Sets of features exchanged within groups, taken away, or freed from group means."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes
from evenlight.errors import GroupError, ModelError
from evenlight.probes.residualise import residualise
from evenlight.probes.shuffle import PEOPLE, remove, shuffle

NAMES = ("a", "b", "snp")
WEIGHT = np.array([1.0, 2.0, 0.5])


def cohort(n: int = 200, *, seed: int = 0, **roles: object) -> Cohort:
    """Two numbers and a SNP, all shifted between three groups; the last rows are of no group."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, 3, n)
    x = np.column_stack([rng.normal(size=(n, 2)) + g[:, None], rng.binomial(2, 0.2 + 0.2 * g)])
    labels = np.array(["A", "B", "C"])[g].astype(object)
    labels[-10:] = None
    people = pd.DataFrame({"anc": labels, "y": (rng.random(n) < 0.4).astype(int)})
    people["site"] = rng.choice(["s", "t"], n)
    people.index = pd.Index([f"r{i:03d}" for i in rng.permutation(n)])
    return Cohort(x, people, NAMES, groups=["anc"], outcome="y", **roles)  # type: ignore[arg-type]


SETS = FeatureSets.from_lists({"ab": ["a", "b"], "snp": ["snp"]}, NAMES)


def linear(x: Float) -> Float:
    """A weighted sum."""
    said: Float = x @ WEIGHT
    return said


def test_a_shuffle_exchanges_whole_sets_within_groups() -> None:
    """Each group keeps its values of the set, row by row, and rows of no group are not moved."""
    people = cohort()
    made = shuffle(lambda x: x[:, 0] + 1000 * np.round(x[:, 1], 6), people, by="anc", sets=SETS)
    codes = people.groups[0].codes
    for g in range(3):
        before = np.sort(made.before[codes == g])
        for d in range(5):
            np.testing.assert_allclose(np.sort(made.after[0, d, codes == g]), before)
    assert np.isnan(made.after[:, :, codes < 0]).all()
    assert not np.allclose(made.after[0, 0, codes >= 0], made.after[0, 1, codes >= 0])


def test_a_shuffle_stays_within_strata() -> None:
    """With sites declared, a site's values stay there."""
    people = cohort(strata=["site"])
    made = shuffle(lambda x: x[:, 0], people, by="anc", sets=SETS, draws=1)
    site, g = people.people["site"].to_numpy(), people.groups[0].codes
    for cell in [(g == 0) & (site == "s"), (g == 2) & (site == "t")]:
        np.testing.assert_allclose(np.sort(made.after[0, 0, cell]), np.sort(made.before[cell]))
    assert made.how[0] == "exchanged at random within anc and site"


def test_removal_is_the_mean_over_the_same_people_for_everyone() -> None:
    """A linear model loses each row's own part, and gains one number for all."""
    people = cohort()
    made = remove(linear, people, by="anc", sets=SETS)
    rest = people.columns([2]) @ WEIGHT[2:]
    gained = made.after[0, 0] - rest
    np.testing.assert_allclose(gained, gained[0])
    assert made.how[0].startswith(f"mean over the values of {PEOPLE + 1} people")


def test_people_who_stand_in_are_typical_of_balanced_groups() -> None:
    """Their mean is near that of all groups weighed alike: they lie at even ranks of each."""
    people = cohort(3000)
    made = remove(linear, people, by="anc", sets=SETS)
    own = people.columns([0, 1]) @ WEIGHT[:2]
    codes = people.groups[0].codes
    wanted = np.mean([own[codes == g].mean() for g in range(3)])
    got = float((made.after[0, 0] - people.columns([2]) @ WEIGHT[2:])[0])
    assert got == pytest.approx(wanted, abs=0.1)


def test_residuals_have_the_same_mean_in_every_group() -> None:
    """Group means of the set are alike afterwards, and what is left of each person stays."""
    people = cohort()
    made = residualise(lambda x: x[:, 0], people, by="anc", sets=SETS)
    codes = people.groups[0].codes
    means = [made.after[0, 0, codes == g].mean() for g in range(3)]
    np.testing.assert_allclose(means, means[0])
    for g in range(3):
        shift = (made.after[0, 0] - made.before)[codes == g]
        np.testing.assert_allclose(shift, shift[0])


def test_residuals_on_axes_equal_least_squares() -> None:
    """The residual of a regression on the axes, plus the mean, is what the model gets."""
    people = cohort()
    rng = np.random.default_rng(3)
    axes = Axes("pcs", rng.normal(size=(people.n, 2)) + people.columns([0]), people.rows)
    turned = Axes("pcs", axes.values[::-1], people.rows[::-1])
    made = residualise(lambda x: x[:, 0], people, by="anc", sets=SETS, on=turned)
    design = np.column_stack([np.ones(people.n), axes.values])
    a = people.column(0)
    fit = design @ np.linalg.lstsq(design, a, rcond=None)[0]
    np.testing.assert_allclose(made.after[0, 0], a - fit + a.mean())
    assert any("taken as known" in note for note in made.notes)


def test_residual_genotypes_are_said_to_be_nobodys() -> None:
    """The note names the sets whose columns hold few values, and only these."""
    made = residualise(linear, cohort(), by="anc", sets=SETS)
    assert len(made.notes) == 1
    assert made.notes[0].startswith("1 of 2 sets (snp) hold columns of few values")


def test_nothing_depends_on_the_order_of_rows() -> None:
    """Every kind gives the same numbers for rows in another order."""
    people = cohort()
    turned = people.take(np.random.default_rng(1).permutation(people.n))
    for verb in (shuffle, remove, residualise):
        a = verb(linear, people, by="anc", sets=SETS, rng=5)
        b = verb(linear, turned, by="anc", sets=SETS, rng=5).at(people)
        np.testing.assert_allclose(a.after, b.after, rtol=1e-10)
        np.testing.assert_allclose(a.part, b.part, rtol=1e-10)


def test_wrong_input_is_refused() -> None:
    """No draws, axes of other people, and one group only."""
    people = cohort()
    with pytest.raises(ModelError, match="one or more"):
        shuffle(linear, people, by="anc", sets=SETS, draws=0)
    with pytest.raises(GroupError, match="5 rows for a cohort of 200"):
        residualise(linear, people, by="anc", sets=SETS, on=Axes("pcs", np.zeros((5, 1))))
    alone = people.take(people.groups[0].members("A"))
    with pytest.raises(GroupError, match="fewer than two groups have people"):
        remove(linear, alone, by="anc", sets=SETS)
