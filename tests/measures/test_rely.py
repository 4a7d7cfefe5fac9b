"""Reliance with outcomes of every kind, bins, structure inside groups, and families."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax

from evenlight.arrays import Float, Int
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.outcome import Survival
from evenlight.errors import CohortError, InputError
from evenlight.measures.prepare import setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely, unaskable
from evenlight.measures.structure import Structure, unit_axes, unit_families
from evenlight.measures.supported import partial_support

NAMES = ["signal", "marker", "noise"]
WEIGHTS = np.array([1.0, 1.2, 0.1])


def drawn(n: int, seed: int = 0) -> tuple[Float, Int]:
    """A signal, a marker that only tells the group, noise; and two groups."""
    rng = np.random.default_rng(seed)
    group = rng.integers(0, 2, n)
    marker = group + 0.4 * rng.normal(size=n)
    return np.column_stack([rng.normal(size=n), marker, rng.normal(size=n)]), group


def survival(n: int = 3000, seed: int = 0) -> tuple[Cohort, Attributions]:
    """Hazards follow the signal and the group; the model takes the group from its marker."""
    x, group = drawn(n, seed)
    rng = np.random.default_rng(seed + 1)
    event_at = rng.exponential(size=n) * np.exp(-x[:, 0] - group)
    left_at = 2 * rng.exponential(size=n)
    table = {
        "days": np.minimum(event_at, left_at),
        "died": (event_at <= left_at).astype(int),
    }
    return audited(x, group, table, outcome=Survival("days", "died"))


def classes(n: int = 3000, seed: int = 0) -> tuple[Cohort, Attributions]:
    """Three classes; the margin of class "b" follows the signal, and the marker of the group."""
    x, group = drawn(n, seed)
    rng = np.random.default_rng(seed + 1)
    logits = np.column_stack([np.zeros(n), 1.2 * x[:, 0] + group, x[:, 2]])
    chance = softmax(logits, axis=1)
    codes = (rng.uniform(size=(n, 1)) > chance.cumsum(axis=1)).sum(axis=1)
    return audited(x, group, {"kind": np.array(list("abc"))[codes]}, outcome="kind", target="b")


def continuous(n: int = 3000, seed: int = 0) -> tuple[Cohort, Attributions]:
    """A number that follows the signal and the group."""
    x, group = drawn(n, seed)
    y = x[:, 0] + group + np.random.default_rng(seed + 1).normal(size=n)
    return audited(x, group, {"dose": y}, outcome="dose")


def audited(
    x: Float, group: Int, table: Mapping[str, object], *, target: str = "y", **roles: object
) -> tuple[Cohort, Attributions]:
    """A cohort, and a linear model of its three features."""
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], **table},
        index=[f"p{i:05d}" for i in range(len(x))],
    )
    cohort = Cohort(x, people, NAMES, groups=["race"], unit="row", **roles)  # type: ignore[arg-type]
    values = (x - x.mean(axis=0)) * WEIGHTS
    made = Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0,
        target=target,
    )  # fmt: skip
    return cohort, replace(made, settings={"link": "softmax"}) if target == "b" else made


@pytest.mark.parametrize("world", [survival, classes, continuous])
def test_a_marker_is_found_and_lacks_support_whatever_the_outcome(world: object) -> None:
    """Planted: given the outcome the marker's share is large and unsupported, the signal has it."""
    cohort, made = world()  # type: ignore[operator]
    found = rely(made, cohort, by="race")
    g = found.condition("outcome")
    assert found.given == ("nothing", "outcome")
    assert found.verdict[g, 1:].tolist() == ["different", "similar"]
    assert found.share[g, 1] > 0.2
    assert found.support[:2].tolist() == ["supported_within_groups", "not_supported_within_groups"]
    assert found.slope[0] > 0.7
    assert abs(found.slope[1]) < 0.3
    assert found.total_verdict[g, 1] == "different"
    assert found.resolved[g] > 0.9
    np.testing.assert_allclose(found.raw.sum(axis=1), found.raw_total, atol=1e-12)


@pytest.mark.parametrize("world", [survival, classes, continuous])
def test_the_unsupported_part_as_one_score_does_not_predict(world: object) -> None:
    """Its partial slope is near 0, and counts the subjects without support."""
    cohort, made = world()  # type: ignore[operator]
    partial = rely(made, cohort, by="race").partial
    assert partial is not None
    assert partial.subjects == 2
    assert partial.low[0] < partial.slope[0] < partial.high[0] < 0.5


@pytest.mark.parametrize("world", [survival, classes, continuous])
def test_a_reliance_is_the_same_after_json_and_in_any_order_of_rows(world: object) -> None:
    """Saved and read again, or from rows turned round, every number is the same."""
    cohort, made = world(400)  # type: ignore[operator]
    found = rely(made, cohort, by="race", rng=3)
    again = restore(Reliance, json.loads(json.dumps(plain(found))))
    turned = rely(made, cohort.take(np.arange(cohort.n)[::-1]), by="race", rng=3)
    assert plain(again) == plain(found) == plain(turned)


def test_totals_are_told_at_other_numbers_of_bins() -> None:
    """5, 10 and 20 bins; at the number that was used, the totals are those of the reliance."""
    cohort, made = continuous()
    found = rely(made, cohort, by="race")
    assert found.cuts is not None
    assert found.cuts.bins.tolist() == [5, 10, 20]
    assert found.cuts.given == ("outcome",)
    g, b = found.condition("outcome"), found.cuts.bins.tolist().index(found.bins[1])
    np.testing.assert_allclose(found.cuts.total[0, b], found.total[g], atol=2e-3)
    np.testing.assert_allclose(found.cuts.low[0, b], found.total_low[g], atol=0.01)
    assert (found.cuts.span[0, :2] < 0.02).all()


def test_too_many_bins_for_the_people_say_so() -> None:
    """200 people in 20 bins are mostly chance: no number, with the reason and who is lacking."""
    cohort, made = continuous(200)
    cuts = rely(made, cohort, by="race").cuts
    assert cuts is not None
    assert np.isnan(cuts.total[0, 2]).all()
    assert "chance alone makes a share of the order 0.10, above 0.05" in cuts.reason[0, 2]
    assert "about 300 people in these groups are needed" in cuts.reason[0, 2]


def test_an_outcome_of_classes_is_not_cut() -> None:
    """There are no bins to be sensitive to."""
    cohort, made = classes(400)
    assert rely(made, cohort, by="race").cuts is None


def test_support_of_another_class_than_the_outcome_has_is_not_asked() -> None:
    """The reason names the target and the classes."""
    cohort, made = classes(300)
    found = rely(replace(made, target="d"), cohort, by="race")
    assert set(found.support) == {"unresolved"}
    assert "not 'd'; it has ['a', 'b', 'c']" in found.support_reason[0]
    assert found.partial is not None
    assert np.isnan(found.partial.slope[0])


def test_times_below_zero_and_strange_events_are_refused() -> None:
    """Named, with their number."""
    cohort, made = survival(200)
    for column, value, told in (("days", -1.0, "1 times are below 0"), ("died", 2, "neither 0")):
        people = cohort.people.copy()
        people.loc[people.index[0], column] = value
        with pytest.raises(CohortError, match=told):
            rely(made, cohort.altered(people=people), by="race")


def test_survival_with_several_rows_of_a_person_counts_people() -> None:
    """Each row three times over, as visits: the shares and slopes are those of the people."""
    cohort, made = survival(300)
    again = np.repeat(np.arange(300), 3)
    people = cohort.people.iloc[again].assign(person=again)
    people.index = pd.Index([f"r{i:05d}" for i in range(900)])
    visits = Cohort(
        cohort.x[again], people, NAMES, outcome=Survival("days", "died"), groups=["race"],
        unit="person",
    )  # fmt: skip
    values = made.values[again]
    twice = Attributions.from_arrays(
        values, rows=visits.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0
    )
    one, other = rely(made, cohort, by="race"), rely(twice, visits, by="race")
    np.testing.assert_allclose(other.raw, one.raw, atol=1e-6)
    np.testing.assert_allclose(other.slope, one.slope, rtol=1e-4)
    np.testing.assert_allclose(other.slope_p, one.slope_p, rtol=1e-3, atol=1e-12)


def nested(n: int = 6000) -> tuple[Cohort, Attributions]:
    """Two sub-populations in each group: "noise" follows them and so does the outcome."""
    x, group = drawn(n, 4)
    rng = np.random.default_rng(5)
    inner = rng.integers(0, 2, n)
    x[:, 2] += inner
    y = (rng.uniform(size=n) < expit(x[:, 0] + group + inner - 1)).astype(int)
    axes = Axes("within", np.column_stack([inner + 0.1 * rng.normal(size=n), rng.normal(size=n)]))
    table = {"case": y, "inner": inner, "household": np.arange(n) // 2}
    return audited(x, group, table, outcome="case", axes=[axes])


def test_support_by_structure_inside_groups_is_cleared_away() -> None:
    """Supported without axes, not with them, by name, as Axes or as a column; signal stays."""
    cohort, made = nested()
    assert rely(made, cohort, by="race").support[2] == "supported_within_groups"
    for axes in ("within", ["inner"], cohort.axes[0]):
        found = rely(made, cohort, by="race", adjust=Structure(axes=axes))
        assert not found.support[2].startswith("supported")
        assert found.support[0] == "supported_within_groups"
        assert found.adjusted == f"adjusted for {'inner' if axes == ['inner'] else 'within'}"


def test_families_widen_the_limits_of_shares_and_slopes() -> None:
    """Everyone twice: by families as wide as half the people alone, by a factor of root two."""
    cohort, made = continuous(600)
    again = np.repeat(np.arange(600), 2)
    people = cohort.people.iloc[again].assign(household=[f"h{i}" for i in again])
    people.index = pd.Index([f"r{i:05d}" for i in range(1200)])
    both = Cohort(cohort.x[again], people, NAMES, outcome="dose", groups=["race"], unit="row")
    values = made.values[again]
    twice = Attributions.from_arrays(
        values, rows=both.rows.tolist(), features=NAMES, output=values.sum(axis=1), base=0.0
    )
    alone = rely(twice, both, by="race")
    related = rely(twice, both, by="race", adjust=Structure(families="household"))
    assert related.adjusted == "families by household"
    for name, at in (("slope", 2), ("total", (0, 0))):
        widths = [
            (getattr(r, f"{name}_high") - getattr(r, f"{name}_low"))[at] for r in (related, alone)
        ]
        assert 1.25 < widths[0] / widths[1] < 1.6


def test_a_family_of_unknown_name_is_one_of_its_own() -> None:
    """Two named families and two people without: four families."""
    cohort, _ = continuous(60)
    people = cohort.people.assign(kin=["f1"] * 30 + ["f2"] * 28 + ["NA", "NA"])
    named = Cohort(cohort.x, people, NAMES, outcome="dose", groups=["race"], unit="row")
    here = setting(named, "race")
    codes = unit_families(here, Structure(families="kin"))
    assert codes is not None
    assert np.bincount(codes).tolist() == [30, 28, 1, 1]
    same = unit_families(here, Structure(families=Groups.from_labels("kin", people["kin"])))
    np.testing.assert_array_equal(same, codes)
    assert unit_families(here, None) is None


def test_structure_that_is_not_there_is_an_error_that_names_it() -> None:
    """An unknown name, a column with a missing number, something that is no name."""
    cohort, made = continuous(60)
    gap = cohort.people.assign(pc=np.where(np.arange(60) == 3, np.nan, 1.0))
    held = Cohort(cohort.x, gap, NAMES, outcome="dose", groups=["race"], unit="row")
    with pytest.raises(CohortError, match="no axes 'pcs'"):
        rely(made, cohort, by="race", adjust=Structure(axes="pcs"))
    with pytest.raises(CohortError, match="'pc' is missing or no number in 1 of 60 rows"):
        rely(made, held, by="race", adjust=Structure(axes=["pc"]))
    with pytest.raises(InputError, match="axes holds a int"):
        rely(made, cohort, by="race", adjust=Structure(axes=[3]))  # type: ignore[list-item]
    assert unit_axes(setting(cohort, "race"), Structure()) is None


def test_groups_too_small_for_the_axes_do_not_enter_adjusted_support() -> None:
    """Forty axes for groups of about thirty: no slope, and the reason says so."""
    cohort, made = continuous(60)
    wide = Axes("pcs", np.random.default_rng(0).normal(size=(60, 40)))
    found = rely(made, cohort, by="race", adjust=Structure(axes=wide))
    assert np.isnan(found.slope).all()
    assert "no group has known outcomes of enough units" in found.support_reason[0]


def test_partial_scores_are_judged_each_by_itself() -> None:
    """The slope of a sum of attributions, whatever else is judged beside it."""
    cohort, made = continuous()
    here = setting(cohort, "race")
    phi, f = here.per_unit(made.values.astype(float)), here.per_unit(made.total())
    sums = np.column_stack([phi[:, 0], phi[:, 1] + phi[:, 2], phi.sum(axis=1)])
    found = partial_support(here, sums, f, link="identity")
    alone = partial_support(here, sums[:, [1]], f, link="identity")
    assert found.word[0] == "supported_within_groups"
    assert found.word[1] == "not_supported_within_groups"
    assert found.slope[1] == alone.slope[0]
    assert found.high[1] < 0.5


def test_survival_can_be_asked_given_the_outcome() -> None:
    """So says the check before any compute; with too few people it says why not."""
    cohort, _ = survival(400)
    assert unaskable(cohort, by="race", given="outcome") == ""
    few = survival(24)[0]
    assert "fewer than 11 units in A" in unaskable(few, by="race", given="outcome")


def test_the_curve_of_a_reliance_has_the_area_of_its_parts() -> None:
    """sum_j M_j max(A_j, 0)."""
    cohort, made = continuous(300)
    found = rely(made, cohort, by="race")
    wanted = float(found.mass @ np.maximum(found.association, 0))
    assert abs(found.curve.area - wanted) < 1e-8


def test_few_families_are_not_called_similar() -> None:
    """A group of 300 people in fifteen families is fifteen, below the twenty that similar needs."""
    x, group = drawn(600, 6)
    x[:, 1] = np.random.default_rng(7).normal(size=600)
    kin = [f"{g}{i % 15}" for i, g in enumerate(group)]
    y = x[:, 0] + np.random.default_rng(8).normal(size=600)
    cohort, made = audited(x, group, {"dose": y, "kin": kin}, outcome="dose")
    alone = rely(made, cohort, by="race")
    related = rely(made, cohort, by="race", adjust=Structure(families="kin"))
    assert alone.total_verdict[0, 0] == "similar"
    assert related.total_verdict[0, 0] == "cannot_tell"
    assert related.cuts is not None
    np.testing.assert_allclose(related.cuts.total[0, 0], alone.total[1], atol=0.03)


def test_features_that_follow_nothing_are_not_flagged_beside_one_that_does() -> None:
    """Ten of eleven features follow nothing: p stays at 5 %, adjusted p flags few of 16 runs."""
    names = [f"f{i}" for i in range(11)]
    raw, flags = [], []
    for seed in range(16):
        rng = np.random.default_rng(seed)
        group = np.repeat([0, 1], 200)
        values = 0.5 * rng.normal(size=(400, 11))
        values[:, 0] += 0.5 * group
        people = pd.DataFrame(
            {"race": np.array(["A", "B"])[group]}, index=[f"p{i:03d}" for i in range(400)]
        )
        cohort = Cohort(values, people, names, groups=["race"], unit="row")
        made = Attributions.from_arrays(
            values, rows=cohort.rows.tolist(), features=names, output=values.sum(axis=1), base=0.0
        )
        lean = rely(made, cohort, by="race")
        raw.append(lean.p[0, 1:] < 0.05)
        flags.append((lean.p_maxt[0, 1:] < 0.05).any())
        assert (lean.q[0] >= lean.p[0] - 1e-12).all()
    assert np.mean(raw) < 0.05 + 4 * np.sqrt(0.05 * 0.95 / 160)
    assert np.sum(flags) <= 4
