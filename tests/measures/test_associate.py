"""Association with groups and axes: planted truth, silence, units, gaps, and what is refused."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight import codec
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Axes
from evenlight.data.indicators import Indicators
from evenlight.data.outcome import Survival
from evenlight.errors import FeatureError, GroupError
from evenlight.measures.associate import associate
from evenlight.measures.associations import Association
from evenlight.measures.genotype_axes import genotype_axes
from tests.genotyped import drifted
from tests.slow import eps_squared

SITES = tuple(f"s{j}" for j in range(8))
FEATURES = Features(
    (*SITES, "level", "noise", "spread", "kit B", "kit C"),
    None,
    (Indicators("kit", {"kit B": "B", "kit C": "C"}, "A"),),
)


def people(seed: int, n: int = 240, **roles: object) -> Cohort:
    """Two ancestries: sites drift, `level` and `kit` follow ancestry, `spread` in spread alone.

    The outcome follows `level`, so that less is left of it given the outcome.
    """
    rng = np.random.default_rng(seed)
    sizes = (n // 2, n - n // 2)
    dosage, codes, _ = drifted(sizes, len(SITES), fst=0.2, rng=rng)
    level = codes + rng.normal(size=n)
    kit = rng.choice(3, n, p=[0.4, 0.3, 0.3])
    kit = np.where((codes == 1) & (rng.random(n) < 0.5), 2, kit)
    x = np.column_stack(
        [
            *(dosage, level, rng.normal(size=n), rng.normal(size=n) * (1 + 2 * codes)),
            *(kit == 1, kit == 2),
        ]
    ).astype(np.float64)
    table = pd.DataFrame(
        {
            "ancestry": np.array(["north", "south"])[codes],
            "sex": rng.choice(["f", "m"], n),
            "site": rng.choice(["a", "b"], n),
            "y": (level + rng.normal(size=n) > 0.5).astype(int),
            "dose": 3 * level + rng.normal(size=n),
            "time": rng.exponential(np.exp(-level)),
            "event": rng.integers(0, 2, n),
        },
        index=[f"p{i:04d}" for i in range(n)],
    )
    given: dict[str, object] = {"outcome": "y", "unit": "row", **roles}
    return Cohort(x, table, FEATURES, **given)  # type: ignore[arg-type]


def test_planted_features_tell_ancestry_and_sex_is_silent() -> None:
    """Drifted sites, a level and a kit tell ancestry; noise does not; nothing tells sex."""
    cohort = people(0)
    found = associate(cohort, by="ancestry", genotypes=SITES)
    flagged = dict(zip(found.subjects, (found.p_maxt[0] <= 0.05).tolist(), strict=True))
    assert flagged["level"]
    assert flagged["kit"]
    assert not flagged["noise"]
    assert not flagged["spread"]
    at = found.subjects.index("spread")
    assert found.information[0, at] > 0.03
    assert found.kind.tolist() == ["genotype"] * 8 + ["number"] * 3 + ["states"]
    silent = associate(cohort, by="sex")
    assert (silent.p_maxt > 0.05).all()
    assert np.abs(silent.share).max() < 0.05


def test_given_the_outcome_less_is_left_of_what_follows_it() -> None:
    """The level tells ancestry, and tells less of it among people of one outcome."""
    found = associate(people(1, n=600, strata=["site"]), by="ancestry")
    assert found.given == ("nothing", "outcome", "outcome and strata")
    at = found.subjects.index("level")
    assert found.share[0, at] > found.share[1, at] > 0.03
    assert found.strata.tolist() == [1, 2, 4]


@pytest.mark.parametrize("outcome", ["dose", Survival("time", "event")])
def test_outcomes_in_bins(outcome: str | Survival) -> None:
    """A number and a survival time are cut into bins, inside which their slope is taken off."""
    found = associate(people(2, n=500, outcome=outcome), by="ancestry")
    assert found.bins[1] >= 3
    at = found.subjects.index("level")
    assert found.share[1, at] < found.share[0, at]
    if outcome == "dose":  # the level is nearly the dose
        assert abs(found.share[1, at]) < 0.1


def test_what_is_the_outcome_tells_nothing_given_it() -> None:
    """The outcome itself differs between groups inside its bins, and is silent given itself."""
    rng = np.random.default_rng(11)
    g = rng.integers(0, 2, 400)
    dose = rng.normal(size=400) + 1.5 * g
    x = np.column_stack([dose, rng.normal(size=400)])
    x[3, 1] = np.nan
    x[5, 0] = np.nan
    table = pd.DataFrame({"group": g.astype(str), "dose": dose}).set_axis(
        [f"p{i:03d}" for i in range(400)]
    )
    cohort = Cohort(x, table, ["dose", "noise"], outcome="dose", unit="row", missing="keep")
    found = associate(cohort, by="group")
    assert found.share[0, 0] > 0.2
    assert abs(found.share[1, 0]) < 1e-6


def test_a_column_of_numbers_is_an_axis() -> None:
    """Age is no grouping: it is asked as an axis, and a site coded 1 and 2 is a grouping."""
    cohort = people(12)
    rng = np.random.default_rng(13)
    table = cohort.people.copy()
    table["age"] = 50 + 5 * cohort.dense()[:, 9] + rng.normal(size=cohort.n)
    table["centre"] = rng.integers(1, 3, cohort.n)
    aged = Cohort(cohort.dense(), table, FEATURES, outcome="y", unit="row")
    found = associate(aged, by="age")
    assert (found.source, found.levels) == ("axes", ("age",))
    at = found.subjects.index("noise")
    assert found.share[0, at] > 0.8
    assert associate(aged, by="centre").levels == ("1", "2")


def test_the_share_is_eps_squared_over_units() -> None:
    """Rows of a person are averaged first: a person seen twice counts once."""
    cohort = people(3, n=100)
    twice = pd.concat([cohort.people, cohort.people.set_axis(cohort.people.index + "x")])
    twice["person"] = np.tile(cohort.people.index, 2)
    x = np.vstack([cohort.dense(), cohort.dense()])
    again = Cohort(x, twice, FEATURES, outcome="y", unit="person")
    once, both = (associate(c, by="ancestry", genotypes=SITES) for c in (cohort, again))
    for name in ("n", "share", "p", "information"):
        np.testing.assert_allclose(getattr(once, name), getattr(both, name))
    codes = (cohort.people["ancestry"] == "south").to_numpy().astype(np.int64)
    np.testing.assert_allclose(once.share[0, :11], eps_squared(cohort.dense()[:, :11], codes))
    assert once.drift is not None
    assert both.drift is not None
    np.testing.assert_allclose(once.drift.fst, both.drift.fst)


def test_order_of_rows_plays_no_part_and_the_record_is_read_back() -> None:
    """Shuffled rows give the same bytes, and JSON gives the same record."""
    cohort = people(4)
    order = np.random.default_rng(0).permutation(cohort.n)
    sets = FeatureSets.from_lists({"sites": SITES, "rest": FEATURES.names[8:]}, FEATURES.names)
    found = associate(cohort, by="ancestry", genotypes=SITES, sets=sets)
    again = associate(cohort.take(order), by="ancestry", genotypes=SITES, sets=sets)
    assert codec.plain(found) == codec.plain(again)
    restored = codec.restore(Association, codec.plain(found))
    assert restored.to_frame().equals(found.to_frame())
    assert restored.sets_frame().equals(found.sets_frame())
    assert "2 sets" in repr(found)


def test_people_with_more_rows_are_no_other_group() -> None:
    """Nothing differs between 25 people seen once and 120 seen eight times: 5 % of p are small."""
    rng = np.random.default_rng(0)
    person = np.r_[np.arange(25), np.repeat(np.arange(25, 145), 8)]
    x = rng.normal(size=(len(person), 400)) + 0.6 * rng.normal(size=(145, 400))[person]
    table = pd.DataFrame(
        {"person": person, "site": np.where(person < 25, "a", "b")},
        index=[f"r{i}" for i in range(len(person))],
    )
    names = Features(tuple(f"v{j}" for j in range(400)), None, ())
    found = associate(Cohort(x, table, names, unit="person"), by="site")
    assert 0.02 <= np.mean(found.p[0] <= 0.05) <= 0.085


def test_sets_tell_together() -> None:
    """Sites that each tell little tell ancestry as a set, and sex by no set."""
    rng = np.random.default_rng(5)
    dosage, codes, _ = drifted((120, 120), 60, fst=0.03, rng=rng)
    names = [f"s{j}" for j in range(60)]
    table = pd.DataFrame(
        {"ancestry": codes.astype(str), "sex": rng.choice(["f", "m"], 240), "y": codes % 2},
        index=[f"p{i:03d}" for i in range(240)],
    )
    dosage[rng.random(dosage.shape) < 0.02] = np.nan
    cohort = Cohort(dosage, table, names, unit="row", missing="keep")
    sets = FeatureSets.from_lists({"half": names[:30], "other": names[30:]}, names)
    found = associate(cohort, by="ancestry", sets=sets, genotypes=True).sets
    assert found is not None
    assert (found.low > 0.2).all()
    assert (found.value < 1).all()
    silent = associate(cohort, by="sex", sets=sets).sets
    assert silent is not None
    assert (silent.p > 0.01).all()
    assert (silent.low < 0.05).all()


def test_axes_are_asked_by_adjusted_r_squared() -> None:
    """Axes from genotypes tell the sites that made them, more than noise; no group is made."""
    cohort = people(6)
    pcs = genotype_axes(cohort, columns=SITES, components=2, prune=0.9)
    sets = FeatureSets.from_lists({"sites": SITES, "rest": FEATURES.names[8:]}, FEATURES.names)
    found = associate(cohort, by=pcs, genotypes=SITES, sets=sets)
    assert found.measure == "adjusted R squared"
    assert found.levels == ("PC1", "PC2")
    at = found.subjects.index("noise")
    assert found.share[0, :8].mean() > 0.1 > abs(found.share[0, at])
    assert np.isnan(found.information).all()
    assert found.drift is None
    assert found.sets is not None
    assert found.sets.measure == "correlation"
    assert found.sets.low[0, 0] > 0.5 > found.sets.value[0, 1]
    named = Cohort(
        cohort.dense(), cohort.people, FEATURES, outcome="y", unit="row", axes=[pcs]
    )  # fmt: skip
    assert associate(named, by=pcs.name).levels == ("PC1", "PC2")
    assert codec.restore(Association, codec.plain(found)).to_frame().equals(found.to_frame())


def test_indicators_as_axes_are_the_groups() -> None:
    """Asked as an axis, a grouping of two has the shares that it has as groups."""
    cohort = people(7)
    south = (cohort.people["ancestry"] == "south").to_numpy().astype(np.float64)
    axes = Axes("south", south[:, None], cohort.rows)
    np.testing.assert_allclose(
        associate(cohort, by=axes).share[:2], associate(cohort, by="ancestry").share[:2]
    )


def test_regions_of_images_are_asked_by_their_means() -> None:
    """A marker in one corner tells the scanner, by its mean and as a set; the centre does not."""
    rng = np.random.default_rng(8)
    scanner = rng.integers(0, 2, 80)
    x = rng.normal(size=(80, 1, 6, 6))
    x[scanner == 1, 0, :2, :2] += 1.0
    labels = np.zeros((6, 6), dtype=np.int64)
    labels[:2, :2] = 1
    regions = FeatureSets.from_label_map(labels, {0: "rest", 1: "corner"}, shape=(1, 6, 6))
    table = pd.DataFrame({"scanner": scanner.astype(str)}, index=[f"i{k:02d}" for k in range(80)])
    cohort = Cohort(x, table, unit="row")
    found = associate(cohort, by="scanner", sets=regions)
    assert found.subjects == ("rest", "corner")
    assert (found.p_maxt[0] <= 0.05).tolist() == [False, True]
    assert found.sets is not None
    assert found.sets.low[0, 1] > 0 > found.sets.low[0, 0]
    with pytest.raises(FeatureError, match="pass sets of positions"):
        associate(cohort, by="scanner")


def test_small_groups_are_not_asked() -> None:
    """Fewer than 11 people are in no FST and no share; with one group left nothing is asked."""
    cohort = people(9)
    table = cohort.people.copy()
    table["ancestry"] = np.where(np.arange(cohort.n) < 5, "east", table["ancestry"])
    few = Cohort(cohort.dense(), table, FEATURES, outcome="y", unit="row")
    found = associate(few, by="ancestry", genotypes=SITES)
    assert found.drift is not None
    assert found.drift.levels == ("east", "north", "south")
    assert np.isnan(found.drift.pairs[0]).all()
    assert found.drift.pair_reason[0, 1] == "suppressed (<11)"
    assert np.isfinite(found.drift.pairs[1, 2])
    assert (found.n % 5 == 0).all()
    table["ancestry"] = np.where(np.arange(cohort.n) < 5, "east", "north")
    alone = Cohort(cohort.dense(), table, FEATURES, outcome="y", unit="row")
    gone = associate(alone, by="ancestry", genotypes=SITES)
    assert (gone.reason != "").all()
    assert np.isnan(gone.share).all()


def test_what_is_no_genotype_is_refused() -> None:
    """Genotypes are asked for and checked; the message names the column and the value."""
    cohort = people(10)
    with pytest.raises(FeatureError, match="'level' holds"):
        associate(cohort, by="ancestry", genotypes=["s1", "level"])
    with pytest.raises(FeatureError, match="is a state of 'kit'"):
        associate(cohort, by="ancestry", genotypes=True)
    with pytest.raises(FeatureError, match=r"no features, first \['rs1'\]"):
        associate(cohort, by="ancestry", genotypes=["rs1"])
    with pytest.raises(GroupError, match="nothing to compare"):
        associate(cohort.take(np.arange(100)), by="ancestry")
    strange = FeatureSets.from_lists({"a": ["u"]}, ["u"])
    with pytest.raises(FeatureError):
        associate(cohort, by="ancestry", sets=strange)
