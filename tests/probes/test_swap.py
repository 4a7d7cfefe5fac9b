"""Sets of features swapped between groups among people with the same outcome."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array
from torch import nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.data.neutralised import Neutralised
from evenlight.data.outcome import Survival
from evenlight.data.rows import Rows
from evenlight.errors import FeatureError, GroupError, ModelError, UnknownName
from evenlight.probes.scene import Scene
from evenlight.probes.swap import RESAMPLES, How, swap

NAMES = ("a", "b", "rest", "m1", "m2", "m3")
HAPLOTYPES = np.array([[0, 0, 0], [1, 1, 0], [1, 1, 1]])


def cohort(n: int = 240, *, seed: int = 0, levels: str = "AB", **roles: Any) -> Cohort:
    """Two numbers, a rest, and three SNPs of one haplotype block, by ancestry and outcome."""
    rng = np.random.default_rng(seed)
    g = rng.integers(0, len(levels), n)
    y = (rng.random(n) < 0.3 + 0.2 * (g == 1)).astype(int)
    ab = 0.8 * g[:, None] + 0.5 * y[:, None] + rng.normal(size=(n, 2))
    chance = np.column_stack([0.6 - 0.2 * g, np.full(n, 0.3), 0.1 + 0.2 * g]).cumsum(axis=1)
    block = sum(HAPLOTYPES[(rng.random((n, 1)) > chance[:, :2]).sum(axis=1)] for _ in range(2))
    x = np.column_stack([ab, rng.normal(size=n) + 0.3 * g, block])
    people = pd.DataFrame({"anc": np.array(list(levels))[g], "y": y})
    people["site"] = np.where(rng.random(n) < 0.5, "s", "t")
    people["time"], people["event"] = rng.exponential(size=n) / (1 + g), y
    people.index = pd.Index([f"r{i:03d}" for i in rng.permutation(n)])
    return Cohort(x, people, NAMES, groups=["anc"], **{"outcome": "y", **roles})


def sets(**members: list[str]) -> FeatureSets:
    """Sets of the columns."""
    return FeatureSets.from_lists(members, NAMES)


def model(x: Float) -> Float:
    """Additive but for one product."""
    said: Float = x @ np.array([1.0, 0.5, 1.0, 0.4, 0.3, 0.2]) + 0.2 * x[:, 0] * x[:, 2]
    return said


@pytest.fixture
def fed(monkeypatch: pytest.MonkeyPatch) -> list[tuple[list[int], Float, Float]]:
    """What the model was given in the place of a set: rows, columns and values of each call."""
    calls = []
    plain: Callable[..., Float] = Scene.margin

    def spy(self: Scene, rows: np.ndarray, columns: np.ndarray, values: Float) -> Float:
        calls.append((rows.tolist(), columns, np.array(values)))
        return plain(self, rows, columns, values)

    monkeypatch.setattr(Scene, "margin", spy)
    return calls


def moved(calls: list[tuple[list[int], Float, Float]], n: int) -> Float:
    """The values (n, q) of the last draw, after which swaps are made anew on resamples."""
    rows, columns, values = calls[-1 - RESAMPLES]
    out = np.full((n, len(columns)), np.nan)
    out[rows] = values
    return out


def test_donors_are_people_of_the_other_group_with_the_same_outcome(
    fed: list[tuple[list[int], Float, Float]],
) -> None:
    """Every joint state that comes out is one that somebody of the other group has, given y."""
    made = cohort()
    swap(model, made, by="anc", sets=sets(block=["m1", "m2", "m3"]), how="donors")
    block, y, g = made.columns([3, 4, 5]), made.y, made.groups[0].codes
    new = moved(fed, made.n)
    for side in (0, 1):
        for case in (0, 1):
            own, others = (g == side) & (y == case), (g != side) & (y == case)
            assert {tuple(v) for v in new[own]} <= {tuple(v) for v in block[others]}


def test_quantiles_map_each_column_to_the_other_groups_values(
    fed: list[tuple[list[int], Float, Float]],
) -> None:
    """Column by column, values are the other group's given y, and ranks are kept."""
    made = cohort()
    swap(model, made, by="anc", sets=sets(number=["a"]))
    a, y, g = made.column(0), made.y, made.groups[0].codes
    new = moved(fed, made.n)[:, 0]
    own, others = (g == 1) & (y == 1), (g == 0) & (y == 1)
    assert set(new[own]) <= set(a[others])
    assert (np.diff(new[own][np.argsort(a[own])]) >= 0).all()


def test_automatic_ways_follow_what_the_columns_are() -> None:
    """One column by quantiles, continuous blocks as Gaussians, genotypes by donors."""
    made = swap(
        model, cohort(), by="anc",
        sets=sets(one=["a"], block=["a", "b"], snps=["m1", "m2"], both=["a", "m1"]),
    )  # fmt: skip
    assert [how.split()[0] for how in made.how] == ["quantile", "Gaussian", "whole", "whole"]
    small = swap(model, cohort(60), by="anc", sets=sets(block=["a", "b", "rest"]))
    assert small.how[0].startswith("whole")


def test_a_swap_of_a_linear_set_turns_its_gap_round() -> None:
    """With a linear model the gap of a set given y becomes its opposite, in every way."""
    people = cohort(2000)
    weight = np.array([1.0, 0.5, 1.0, 0.4, 0.3, 0.2])
    g, y = people.groups[0].codes, people.y

    def gap(f: Float, case: int) -> float:
        return float(f[(g == 1) & (y == case)].mean() - f[(g == 0) & (y == case)].mean())

    for how in ("quantile", "gaussian", "donors"):
        made = swap(lambda x: x @ weight, people, by="anc", sets=sets(s=["a", "b"]), how=how)
        own = people.columns([0, 1]) @ weight[:2]
        for case in (0, 1):
            lost = gap(made.before, case) - gap(made.after[0].mean(axis=0), case)
            assert lost == pytest.approx(2 * gap(own, case), abs=0.03)


def test_more_than_two_groups_are_swapped_pair_by_pair() -> None:
    """Each pair moves its own people; people of a third group are not moved."""
    people = cohort(300, levels="ABC")
    made = swap(model, people, by="anc", sets=sets(one=["a"]))
    assert list(dict.fromkeys(made.pairs)) == [("B", "A"), ("C", "A"), ("C", "B")]
    third = people.groups[0].members("C")
    first = made.after[0, made.draws_of(("B", "A"))]
    assert np.isnan(first[:, third]).all()
    assert np.isfinite(first[:, ~third]).all()


def test_strata_are_held_beside_the_outcome(fed: list[tuple[list[int], Float, Float]]) -> None:
    """Within sites, values come from the same site."""
    people = cohort(strata=["site"])
    made = swap(model, people, by="anc", sets=sets(number=["a"]))
    assert made.given == "outcome and strata"
    a, g, new = people.column(0), people.groups[0].codes, moved(fed, people.n)[:, 0]
    site = people.people["site"].to_numpy()
    for name in ("s", "t"):
        assert set(new[(g == 0) & (site == name)]) <= set(a[(g == 1) & (site == name)])


def test_a_stratum_that_is_the_grouping_is_no_stratum() -> None:
    """Declaring the group as a stratum leaves the swap as it is without."""
    plain = swap(model, cohort(), by="anc", sets=sets(one=["a"]))
    declared = swap(model, cohort(strata=["anc"]), by="anc", sets=sets(one=["a"]))
    np.testing.assert_array_equal(plain.after, declared.after)


@pytest.mark.parametrize(
    ("roles", "words", "numbers"),
    [
        ({"outcome": None}, "nothing", False),
        ({"outcome": "time"}, "outcome", True),
        ({"outcome": Survival("time", "event")}, "outcome", True),
    ],
)
def test_numbers_and_times_are_held_in_bins(
    roles: dict[str, Any], words: str, numbers: bool
) -> None:
    """Quantile bins of a number, of residuals apart for events and censored times; or nothing."""
    made = swap(model, cohort(**roles), by="anc", sets=sets(one=["a"]))
    assert made.given == words
    assert np.isfinite(made.y).all() == numbers
    held = {"nothing": 1, "outcome": 5}[words] * (
        2 if isinstance(roles["outcome"], Survival) else 1
    )
    assert len(np.unique(made.stratum[made.stratum >= 0])) in range(max(held - 2, 1), held + 1)


def test_nothing_depends_on_the_order_of_rows() -> None:
    """Rows in another order get the same numbers, for every way."""
    people = cohort()
    turned = people.take(np.random.default_rng(1).permutation(people.n))
    ways: tuple[How, ...] = ("quantile", "gaussian", "donors")
    for how in ways:
        a, b = (swap(model, c, by="anc", sets=sets(s=["a", "b"]), how=how, rng=3)
                for c in (people, turned))  # fmt: skip
        b = b.at(people)
        for name in ("before", "after", "part", "stratum"):
            np.testing.assert_allclose(getattr(a, name), getattr(b, name), rtol=1e-12)


def test_one_hot_variables_move_as_states(fed: list[tuple[list[int], Float, Float]]) -> None:
    """Sets of variables stand for all their columns, and only states that occur come out."""
    n, rng = 120, np.random.default_rng(0)
    state = rng.integers(0, 3, n)
    x = np.column_stack([rng.normal(size=n), state == 1, state == 2]).astype(float)
    people = pd.DataFrame({"anc": np.tile(["A", "B"], n // 2)}, index=[f"p{i}" for i in range(n)])
    coded = Indicators("snp", {"snp AG": "AG", "snp GG": "GG"}, "AA")
    features = Features(("age", "snp AG", "snp GG"), None, (coded,))
    made = Cohort(x, people, features)
    by_name = FeatureSets.from_lists({"s": ["snp", "age"]}, features.variables().names)
    swap(lambda v: v.sum(axis=1), made, by="anc", sets=by_name)
    new = moved(fed, n)
    assert new.shape == (n, 3)
    assert (new[:, 1] + new[:, 2] <= 1).all()
    torn = FeatureSets.from_lists({"s": ["snp AG"]}, features.names)
    with pytest.raises(FeatureError, match="holds 1 of the 2 columns of 'snp'"):
        swap(lambda v: v.sum(axis=1), made, by="anc", sets=torn)


def test_linked_genotypes_stay_linked(data: Path) -> None:
    """On 1000 Genomes, donors keep the correlation of neighbours that single quantiles halve."""
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    people = pd.read_csv(data / "kg2504-genotypes" / "samples.csv", index_col="sample")
    x = held["exome_common"].astype(float)
    some = people["superpopulation"].isin(["AFR", "EUR"]).to_numpy()
    link = [abs(np.corrcoef(x[some, j], x[some, j + 1])[0, 1]) for j in range(600)]
    pair = [int(np.argmax(np.where(np.array(link) < 0.98, link, 0)))]
    pair.append(pair[0] + 1)
    cohort = Cohort(x[some][:, pair], people[some], ["s1", "s2"])
    told = {how: _correlation(cohort, how) for how in ("donors", "quantile")}
    truth = np.corrcoef(x[some][:, pair].T)[0, 1]
    assert abs(told["donors"] - truth) < 0.02
    assert told["quantile"] < 0.8 * truth


def _correlation(people: Cohort, how: How) -> float:
    """Of two SNPs after a swap: models that hand out either column tell what came out."""
    both = FeatureSets.from_lists({"b": ["s1", "s2"]}, ["s1", "s2"])
    made = swap(lambda x: x[:, 0] + 10 * x[:, 1], people, by="superpopulation", sets=both, how=how)
    second = np.floor(made.after[0, 0] / 10 + 1e-9)
    return float(np.corrcoef(made.after[0, 0] - 10 * second, second)[0, 1])


def test_sparse_and_lazy_rows_give_the_same() -> None:
    """However x is held, the swap is the same."""
    people = cohort(120)
    x = people.columns(range(6))
    block = sets(block=["m1", "m2", "m3"], one=["a"])
    plain = swap(model, people, by="anc", sets=block).after
    for held in (csr_array(x), Rows(x)):
        other = Cohort(held, people.people, NAMES, groups=["anc"], outcome="y")
        np.testing.assert_allclose(swap(model, other, by="anc", sets=block).after, plain)


def test_a_network_is_handed_back_as_it_was() -> None:
    """A network in train mode is swapped in eval mode and left in train mode."""
    net = nn.Sequential(nn.Linear(6, 4), nn.Dropout(0.5), nn.Linear(4, 1)).train()
    made = swap(net, cohort(120), by="anc", sets=sets(one=["a"]))
    assert net.training
    assert np.isfinite(made.after).all()


def test_what_cannot_be_swapped_is_refused() -> None:
    """Other features, images, gaps, codes as numbers, no overlap and unknown ways are errors."""
    people = cohort()
    with pytest.raises(UnknownName, match="no way 'ot' to swap"):
        swap(model, people, by="anc", sets=sets(s=["a"]), how="ot")  # type: ignore[arg-type]
    with pytest.raises(FeatureError, match="2 features that are not the 6"):
        swap(model, people, by="anc", sets=FeatureSets.from_lists({"s": ["q"]}, ["q", "r"]))
    with pytest.raises(ModelError, match="columns of few values"):
        swap(model, people, by="anc", sets=sets(s=["m1", "m2"]), how="gaussian")
    with pytest.raises(GroupError, match="holds 2 rows of each"):
        swap(model, _apart(), by="anc", sets=sets(s=["a"]))
    x = people.columns(range(6))
    x[0, 0] = np.nan
    gaps = Cohort(x, people.people, NAMES, groups=["anc"], missing="keep")
    with pytest.raises(ModelError, match="missing values"):
        swap(model, gaps, by="anc", sets=sets(s=["a"]))
    images = Cohort(np.zeros((people.n, 1, 2, 3)), people.people)
    with pytest.raises(ModelError, match="regions of images go to patches"):
        swap(model, images, by="anc", sets=sets(s=["a"]))


def _apart() -> Cohort:
    """Groups of which each has an outcome of its own."""
    people = cohort()
    table = people.people.assign(y=people.groups[0].codes)
    return Cohort(people.columns(range(6)), table, NAMES, groups=["anc"], outcome="y")


def test_a_record_checks_itself() -> None:
    """Wrong shapes, another cohort, and numbers that are not finite are refused."""
    people = cohort()
    made = swap(model, people, by="anc", sets=sets(s=["a"]))
    fields = {name: getattr(made, name) for name in Neutralised.__dataclass_fields__}
    with pytest.raises(ModelError, match="part has shape"):
        Neutralised(**{**fields, "part": made.part[:, 1:]})
    with pytest.raises(ModelError, match="finite together"):
        Neutralised(**{**fields, "after": made.after * np.inf})
    with pytest.raises(ModelError, match="not one of"):
        Neutralised(**{**fields, "kind": "vanish"})
    with pytest.raises(ModelError, match="another cohort"):
        made.at(cohort(seed=1))
    assert made.to_frame().shape == (people.n, 4)
    assert repr(made).startswith("Neutralised by swap: 1 sets in 240 rows")
