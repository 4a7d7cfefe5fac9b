"""The warfarin network where genotypes are missing and weights are rounded: by race."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

import evenlight as ev
from evenlight import demo
from evenlight.arrays import Values
from evenlight.cohorts import warfarin
from evenlight.measures.fragile import Fragility
from evenlight.models.adapted import Adapted

WHITE, ASIAN, BLACK = "White", "Asian", "Black or African American"
HIGH = 49.0
"""mg a week above which a patient needs a high dose (IWPC 2009)."""

KG = (1.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """The network of the demo, trained on half of the patients; the other half is audited.

    `cohort` holds the site fixed, `anywhere` does not.
    """

    model: Adapted
    cohort: ev.Cohort
    anywhere: ev.Cohort


@pytest.fixture(scope="module", name="world")
def _world() -> World:
    cohort = warfarin(split="test", features="without race")
    anywhere = ev.Cohort(
        cohort.x, cohort.people, cohort.features, outcome="dose", outcome_kind="continuous",
        unit="row", groups=cohort.groups,
    )  # fmt: skip
    model = demo.network(warfarin(split="train", features="without race"))
    return World(model, cohort, anywhere)


@pytest.fixture(scope="module", name="untyped")
def _untyped(world: World) -> ev.Perturbed:
    """Either genotype missing at random: the suite of tables, of VKORC1 and CYP2C9 only."""
    suite = {"name": "tabular", "only": ["VKORC1", "CYP2C9"]}
    return ev.perturb(world.model, world.cohort, suite=suite, explain="ig")


def weight_rounding(cohort: ev.Cohort) -> ev.Perturbation:
    """Weights rounded to whole kilograms, or to 5, 10 and 20 of them.

    The suite of tables rounds every number to shares of its SD; a step in kilograms is a
    perturbation of one's own, made of a function.
    """
    column = cohort.features.place["weight_kg"]

    def rounded(values: Values, strength: float, rng: np.random.Generator) -> Values:
        if strength == 0:
            return values
        out = values.copy()
        out[:, column] = np.rint(values[:, column] / strength) * strength
        return out

    return ev.Perturbation(
        "weight rounding", rounded, KG, "kg", "numbers", "nearest multiple", by_row=False
    )


def _verdict(found: Fragility, view: str, pair: tuple[str, str], step: int) -> str:
    return str(found.apart.verdict[found.view(view), found.contrasts.index(pair), step])


def test_missing_genotypes_cost_asian_patients_most_and_sites_do_not_let_it_be_compared(
    world: World, untyped: ev.Perturbed
) -> None:
    """A quarter missing: 0.53 SD(f) and a third of a unit of R2 in Asian, 0.32 in White patients.

    Asian patients come from sites without White ones, so that within sites nothing can be said of
    the difference; with the site left free it is there.
    """
    found = ev.fragility(untyped, world.cohort, by="race", threshold=HIGH)
    size, r2 = found.measure("size"), found.measure("r2")
    white, asian, black = (found.part(name) for name in (WHITE, ASIAN, BLACK))
    assert found.n[[white, asian, black]].tolist() == [1368, 605, 342]
    assert found.low[asian, -1, size] > found.high[white, -1, size]
    assert found.low[asian, -1, size] > found.high[black, -1, size]
    assert found.high[asian, -1, r2] < found.value[white, -1, r2] < 0
    assert (found.doses.word == "rises").all()
    for step in range(3):
        assert _verdict(found, "size", (ASIAN, WHITE), step) == "not_estimable"
    reason = found.apart.reason[found.view("size"), found.contrasts.index((ASIAN, WHITE)), 0]
    assert "23 of 605 units in Asian are in a stratum" in reason
    free = ev.fragility(untyped, world.anywhere, by="race", threshold=HIGH)
    assert _verdict(free, "size", (ASIAN, WHITE), 2) == "different"
    assert free.apart.effect[free.view("size"), free.contrasts.index((ASIAN, WHITE)), 2] > 0.1


def test_black_and_white_patients_are_moved_alike_by_little_and_nobody_can_say_by_much(
    world: World, untyped: ev.Perturbed
) -> None:
    """Within shared sites (243 and 740): similar at 5 and 10 %, cannot tell at 25 % missing.

    Explanations move alike at every strength.
    """
    found = ev.fragility(untyped, world.cohort, by="race", threshold=HIGH)
    words = [_verdict(found, "size", (BLACK, WHITE), step) for step in range(3)]
    assert words == ["similar", "similar", "cannot_tell"]
    assert {_verdict(found, "moved", (BLACK, WHITE), step) for step in range(3)} == {"similar"}
    pair = found.contrasts.index((BLACK, WHITE))
    assert found.apart.n[found.view("size"), pair].tolist() == [243, 740]


def test_an_unknown_genotype_lowers_the_dose_of_black_patients(
    world: World, untyped: ev.Perturbed
) -> None:
    """With its sign the change is different at 25 %: their doses fall, those of others do not."""
    found = ev.fragility(untyped, world.cohort, by="race", threshold=HIGH)
    assert _verdict(found, "change", (BLACK, WHITE), 2) == "different"
    change, black = found.measure("change"), found.part(BLACK)
    assert found.high[black, -1, change] < 0
    assert found.low[found.part(ASIAN), -1, change] < 0 < found.high[found.part(ASIAN), -1, change]


def test_rounded_weights_move_nobody_far(world: World) -> None:
    """Even to 20 kg: under 0.11 SD(f) in every group, and similar between all of them.

    Whether decisions flip alike is told for the most part only: 342 people are few for a share.
    """
    made = ev.perturb(world.model, world.cohort, suite=weight_rounding(world.cohort))
    found = ev.fragility(made, world.anywhere, by="race", threshold=HIGH)
    size = found.measure("size")
    assert (found.high[:, :, size] < 0.11).all()
    assert (found.doses.word == "rises").all()
    for view in ("change", "size"):
        assert set(found.apart.verdict[found.view(view)].ravel()) == {"similar"}
    assert _verdict(found, "flips", (ASIAN, WHITE), 3) == "similar"
    assert _verdict(found, "flips", (BLACK, WHITE), 3) == "cannot_tell"
    shared = ev.fragility(made, world.cohort, by="race", threshold=HIGH)
    assert {_verdict(shared, "size", (BLACK, WHITE), step) for step in range(4)} == {"similar"}


def test_rounding_is_what_it_says(world: World) -> None:
    """Weights become the nearest multiple, nothing else changes, and the output is the model's."""
    made = ev.perturb(world.model, world.cohort, suite=weight_rounding(world.cohort))
    x = world.cohort.dense()
    j = world.cohort.features.place["weight_kg"]
    x[:, j] = 10 * np.rint(x[:, j] / 10)
    said = world.model.margin(x)[:, 0]
    np.testing.assert_allclose(made.after[2], said, rtol=1e-5)


def genotype_missing(cohort: ev.Cohort) -> ev.Perturbation:
    """Each genotype unknown at random: the suite's missing values, beside changes of other columns.

    What a suite makes for `only` some columns counts in these; it cannot be put beside others.
    """
    coded = [i for i in cohort.features.indicators if i.variable in ("VKORC1", "CYP2C9")]
    place = cohort.features.place

    def missing(values: Values, strength: float, rng: np.random.Generator) -> Values:
        out = values.copy()
        for own, u in zip(coded, rng.random(len(coded)), strict=True):
            if u < strength:
                out[:, [place[c] for c in own.columns]] = 0.0
                out[:, place[f"{own.variable} unknown"]] = 1.0
        return out

    return ev.Perturbation(
        "genotype missing", missing, (0.05, 0.1, 0.25), "share of genotypes", "numbers", "at random"
    )


def test_genotypes_of_ones_own_making_are_missing_as_those_of_the_suite(
    world: World, untyped: ev.Perturbed
) -> None:
    """The same sizes of change up to the draw of who is missing, group by group."""
    own = genotype_missing(world.cohort)
    made = ev.perturb(world.model, world.cohort, suite=own, rng=1)
    assert (made.size > 0).mean(axis=1) == pytest.approx((untyped.size > 0).mean(axis=1), abs=0.03)
    for name in (WHITE, ASIAN, BLACK):
        here = world.cohort.grouping("race").members(name)
        one, two = made.size[2, here], untyped.size[2, here]
        error = np.sqrt((one.var() + two.var()) / here.sum())
        assert abs(one.mean() - two.mean()) < 4 * error


def test_the_worst_of_both_is_missing_genotypes_of_asian_patients(world: World) -> None:
    """Searched over both within bounds and shown on held-out patients: genotypes at their bound."""
    pair = (genotype_missing(world.anywhere), weight_rounding(world.anywhere))
    found = ev.worst(
        world.model, world.anywhere, suite=ev.Suite("genotypes and weight", pair), by="race",
        bounds={"genotype missing": 0.25, "weight rounding": 10.0},
        search=ev.Search(drawn=20, refined=20),
    )  # fmt: skip
    assert (found.level, found.verdict) == (ASIAN, "different")
    assert found.strength[found.perturbations.index("genotype missing")] > 0.2
    assert found.low > 0.05
