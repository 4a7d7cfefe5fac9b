"""Where one person is most of a bin, a region's steps, or a sum that other tables complete."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Int
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.probed import Contrasts, Intervention, Predictions
from evenlight.measures.belongs import moments
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.dependence import Dependence
from evenlight.measures.people import depend, flips, sensitivities
from evenlight.measures.perform import perform
from evenlight.measures.regions_telling import RegionsTelling
from evenlight.measures.regions_within import regions_within
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.measures.testing import Testing
from evenlight.stats.disclosure import told_step

N = 120


def cohort_of(x: Float, **columns: Any) -> Cohort:
    """People by row, with these columns."""
    names = [f"p{i:03d}" for i in range(len(x))]
    groups = [name for name in columns if name != "y"]
    features = [f"f{j}" for j in range(x.shape[1])]
    return Cohort(
        x, pd.DataFrame(columns, index=names), features,
        outcome="y" if "y" in columns else None, unit="row", groups=groups,
    )  # fmt: skip


def attributed(values: Float, cohort: Cohort) -> Attributions:
    """Given attributions."""
    return Attributions.from_arrays(
        values, rows=list(cohort.rows), features=cohort.features, output=values.sum(axis=1),
        base=0.0,
    )  # fmt: skip


def bent(phi: float, own: float | None = None) -> tuple[Dependence, Float, Int]:
    """A dependence in which one of A has `phi` (and `own` value); attributions, and bins."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2 * N, 1))
    race = np.repeat(["A", "B"], N)
    x[0] = 0.5
    values = 0.1 * x
    values[0] = phi
    if own is not None:
        x[0] = own
    cohort = cohort_of(x, race=race)
    made = depend(attributed(values, cohort), cohort, by="race", subject="f0")
    cuts = np.quantile(x[:, 0], np.linspace(0, 1, 9)[1:-1])
    bins = np.searchsorted(cuts, x[:, 0], side="right").astype(np.int64)
    return made, values[:, 0], bins


def test_one_person_who_is_most_of_a_bin_is_told_to_steps() -> None:
    """3.0 and 3.2 are told alike; n times the bin's mean was the person's attribution."""
    made, other = bent(3.0)[0], bent(3.2)[0]
    assert made.rounded
    at = int(bent(3.0)[2][0])
    assert made.mean[0, at] == other.mean[0, at]
    assert made.low[0, at] <= made.mean[0, at] <= made.high[0, at]
    assert np.isfinite(made.mean).all()


def test_a_level_less_its_other_bins_does_not_tell_the_person() -> None:
    """The mean over all of A is exact elsewhere: the bins beside leave its sum open by 1."""
    made, phi, bins = bent(3.0)
    n = np.bincount(bins[:N], minlength=8)
    np.testing.assert_array_equal(made.n[0], n)
    beside = np.arange(8) != bins[0]
    left = phi[:N].sum() - (made.mean[0] * n)[beside].sum()
    wide = (_steps(made.mean[0]) * n)[beside].sum()
    assert wide > 2.0
    assert abs(left - phi[:N][bins[:N] == bins[0]].sum()) <= wide / 2


def _steps(told: Float) -> Float:
    """The finest step that each of some told numbers can have."""
    return np.array([10.0 ** -len(f"{v:.9f}".rstrip("0").partition(".")[2]) for v in told])


def test_an_own_value_far_from_all_others_is_told_to_steps() -> None:
    """The mean value of the last bin told 900 from 902: one person's, times its people."""
    told = [bent(0.05, own)[0] for own in (900.0, 902.0)]
    assert told[0].rounded
    np.testing.assert_array_equal(told[0].value[0], told[1].value[0])


def test_bins_without_such_a_person_are_exact() -> None:
    """Nothing is rounded where nobody is most of a bin, and the record says so."""
    made, phi, bins = bent(0.05)
    assert not made.rounded
    assert made.mean[0, 0] == pytest.approx(phi[:N][bins[:N] == 0].mean(), rel=1e-6)


def imaged(far: float) -> RegionsTelling:
    """Two images of each of 40 people, by view; one of them has steps of `far` in a region."""
    rng = np.random.default_rng(1)
    view = np.tile(["AP", "PA"], 40)
    x = rng.normal(size=(80, 1, 2, 3))
    values = 0.2 * x
    values[view == "PA", 0, 0] += 0.3
    values[:, 0, :, 2] *= 0.05
    values[1, 0, :, 2] = far
    people = pd.DataFrame(
        {"person": np.repeat(np.arange(40), 2), "view": view}, index=[f"i{k}" for k in range(80)]
    )
    cohort = Cohort(x, people, unit="person")
    sets = FeatureSets.from_label_map(
        np.array([[[1, 2, 3], [1, 2, 3]]]), {1: "one", 2: "two", 3: "rare"}, shape=(1, 2, 3)
    )
    made = Attributions.from_arrays(
        values.astype(np.float32), rows=list(cohort.rows), features=cohort.features,
        output=values.reshape(80, -1).sum(axis=1), base=0.0,
    )  # fmt: skip
    return regions_within(made, cohort, by="view", sets=sets, testing=Testing())


def test_a_region_that_rests_on_one_person_is_told_to_steps() -> None:
    """Its share and mass are the same for a step of 2.0 and one of 2.01; never of it alone."""
    one, other = imaged(2.0), imaged(2.01)
    rare = one.sets.index("rare")
    assert one.rounded
    for name in ("share", "mass"):
        first, second = (np.asarray(getattr(made, name))[..., rare] for made in (one, other))
        np.testing.assert_array_equal(first, second)
    for part in (one.share[0], one.mass):
        coarse = np.isclose(part * 100, np.round(part * 100), atol=1e-9)
        assert coarse[rare]
        assert coarse.sum() >= 2
    assert (one.share_low <= one.share).all()
    assert (one.share <= one.share_high).all()


def test_regions_of_many_are_exact_and_say_so() -> None:
    """Without such a person shares and masses are as they are."""
    made = imaged(0.01)
    assert not made.rounded
    assert not np.isclose(made.mass * 1000, np.round(made.mass * 1000), atol=1e-6).all()
    assert not made.to_frame()["rounded"].any()


def compared(by: str, *, people: Sequence[int] = (400, 60), far: float = 3.0) -> Comparison:
    """A feature that all of A have a bit of, and one of B much of; people alternate by sex."""
    return compare(*given(people, far), by=by, testing=Testing(draws=199), rng=0)


def given(people: Sequence[int] = (400, 60), far: float = 3.0) -> tuple[Attributions, Cohort]:
    """Attributions of three features: one is as above, two are of all."""
    rng = np.random.default_rng(2)
    n = sum(people)
    values = rng.normal(size=(n, 3))
    values[:, 1] = 0.05 + 0.3 * rng.normal(size=n)
    values[people[0] :, 1] = 0.0
    values[-1, 1] = far
    race = np.repeat(["A", "B"], people)
    cohort = cohort_of(rng.normal(size=(n, 3)), race=race, sex=np.where(np.arange(n) % 2, "f", "m"))
    return attributed(values, cohort), cohort


def test_everybody_less_the_other_level_is_not_the_person() -> None:
    """Means by sex are exact, and those of A were: what was left of everybody was one of B.

    Of a subject of which one is most in a level no level is told finer than that level.
    """
    made, cohort = given()
    phi = np.asarray(made.values, dtype=float)[:, 1]
    sex, race = compared("sex"), compared("race")
    assert not sex.rounded
    many = cohort.people["sex"].value_counts()
    whole = sum(sex.mean[k, 1] * many[level] for k, level in enumerate(sex.levels))
    assert whole == pytest.approx(phi.sum(), abs=1e-3)
    step = float(told_step(np.array([phi[400:].std() / 20]), np.array([400]))[0])
    assert race.rounded
    assert 400 * step >= 2.0
    assert race.mean[0, 1] == pytest.approx(round(float(race.mean[0, 1]) / step) * step, abs=1e-12)


def test_what_subjects_add_up_to_does_not_tell_the_one() -> None:
    """The sum of all differences is told: less those of other subjects it was the person's."""
    made = [compared("race", far=far) for far in (3.0, 3.1)]
    coarse = np.isclose(made[0].mean[0] * 1000, np.round(made[0].mean[0] * 1000), atol=1e-9)
    assert coarse[1]
    assert coarse.sum() == 2  # another subject, the most important, as well
    effects = [np.asarray(one.effect[0, 0]) for one in made]
    assert effects[0][1] == effects[1][1]


def test_errors_of_the_other_groups_are_as_open_as_those_of_one() -> None:
    """The sum of errors by sex is exact: less that of A, to fine steps, it told B's to 1 in 100."""
    rng = np.random.default_rng(3)
    race = np.repeat(["A", "B"], [400, 60])
    said = rng.normal(size=460)
    y = said + np.where(rng.random(460) < 0.5, 1.0, -1.0) * (1 + 0.05 * rng.random(460))
    said[-1] += 200.0
    cohort = cohort_of(said[:, None], race=race, sex=np.where(np.arange(460) % 2, "f", "m"), y=y)
    found = perform(Predictions(cohort.rows, said, said, "y", "identity"), cohort, by="race")
    at = found.parts.index("A"), found.metric("mae")
    beside = perform(Predictions(cohort.rows, said, said, "y", "identity"), cohort, by="sex")
    exact = np.abs(said - y)
    assert beside.value[beside.parts.index("m"), at[1]] == pytest.approx(exact[::2].mean())
    assert 400 * float(_steps(found.value[at[:1], at[1]])[0]) / 2 > 15.0


@pytest.mark.parametrize("made", [bent(3.0)[0], imaged(2.0)], ids=["bins", "regions"])
def test_a_record_keeps_that_it_is_rounded(made: Dependence | RegionsTelling) -> None:
    """To JSON and back, and in the table."""
    assert restore(type(made), plain(made)).rounded
    assert made.to_frame()["rounded"].all()


def far(value: float) -> Comparison:
    """A comparison in which one of 60 has `value` of a feature that is common in all."""
    rng = np.random.default_rng(4)
    values = rng.normal(size=(120, 3))
    values[-1, 0] = value
    race = np.repeat(["A", "B"], 60)
    cohort = cohort_of(rng.normal(size=(120, 3)), race=race)
    return compare(attributed(values, cohort), cohort, by="race", testing=Testing(draws=199), rng=0)


def test_an_extreme_attribution_is_not_its_group_s_standard_error() -> None:
    """With 30 SD the sum of squares is one person's: SE and SD(f) told 30.0 from 30.1.

    The person has less than half of the group's |attribution|, so that means alone do not tell.
    """
    told = [far(value) for value in (30.0, 30.1)]
    assert told[0].rounded
    for name in ("mean", "se", "effect"):
        one, other = (np.asarray(getattr(made, name))[..., 0] for made in told)
        np.testing.assert_array_equal(one, other)
    assert told[0].views[0].unit == told[1].views[0].unit
    assert told[0].gap.tolist() == told[1].gap.tolist()
    assert not far(3.0).rounded


def test_moments_of_the_output_are_nobody_s() -> None:
    """The root of n times the fourth moment was the largest output; it holds no extreme now."""
    rng = np.random.default_rng(5)
    output = rng.normal(size=300)
    told = [moments(np.append(output, value)) for value in (40.0, 4000.0)]
    np.testing.assert_array_equal(told[0], told[1])
    assert np.abs(moments(2 * output) - told[0]).max() > 0.5  # another model is told apart


def moved(value: float) -> Sensitivity:
    """The same change of two features; one person of B moves by `value` with the second."""
    names = [f"p{i:03d}" for i in range(120)]
    changes = np.random.default_rng(6).normal(1.0, 0.1, (120, 2))
    changes[:, 1] = 0.0
    changes[-1, 1] = value
    cohort = cohort_of(np.zeros((120, 1)), race=np.repeat(["A", "B"], 60))
    made = Contrasts(
        rows=np.array(names), subjects=("all", "one"), low=("0", "0"), high=("1", "1"),
        margin=changes, response=changes, target="y", link="identity",
    )  # fmt: skip
    return sensitivities(made, cohort, by="race")


def test_a_change_of_one_person_is_told_to_steps() -> None:
    """Sixty times the mean change was the change of the one whom it moves; others are exact."""
    one, other = moved(3.0), moved(3.1)
    assert one.margin[1, 1] == other.margin[1, 1]
    assert round(float(one.margin[0, 0]), 4) != pytest.approx(float(one.margin[0, 0]), abs=1e-9)


def flipped(value: float, few: int) -> Flip:
    """A recorded group set otherwise in 120 people: `value` of one changes, `few` decisions do."""
    response = np.full((120, 2), 0.2)
    response[:few, 1] = 0.9
    response[0, 1] = 0.2 + value
    made = Intervention(
        rows=np.array([f"p{i:03d}" for i in range(120)]), attribute="race", states=("A", "B"),
        recorded=np.zeros(120, dtype=np.int64), margin=response, response=response, target="y",
    )  # fmt: skip
    cohort = cohort_of(np.zeros((120, 1)), race=np.repeat(["A", "B"], 60))
    return flips(made, cohort, threshold=0.5)


def test_a_group_set_otherwise_tells_of_no_single_person() -> None:
    """One of 120 is all that changes: 0.70 and 0.71 are told alike; one decision is none in 120."""
    one, other = flipped(0.70, 1), flipped(0.71, 1)
    for name in ("mean", "low", "high", "spread"):
        assert getattr(one, name)[0] == getattr(other, name)[0]
    assert one.changed[0] != pytest.approx(1 / 120)
    assert flipped(0.7, 30).changed[0] == pytest.approx(0.25)
