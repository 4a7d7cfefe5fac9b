"""The worst small perturbation: applied as by hand, found where planted, shown on other people."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Bool, Float, Values
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.searched import Search, Worst
from evenlight.errors import GroupError, InputError, ModelError, UnknownName
from evenlight.models.probe import prepare
from evenlight.probes.composed import composed
from evenlight.probes.halves import split
from evenlight.probes.perturbations.drawing import perturbed_rows
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.worst import worst
from tests.perturbed_world import world

SHORT = Search(drawn=20, refined=40)


def noisy(values: Values, strength: float, rng: np.random.Generator, *, at: Bool) -> Values:
    """An error in some columns."""
    return values + at * strength * rng.normal(size=values.shape)


def people(n: int = 200, *, silent: bool = True, seed: int = 0, **roles: object) -> Cohort:
    """Group a, a third of `n`; where `silent` it has 0 in the first column and b in the second."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"g": np.where(np.arange(n) % 3 > 0, "b", "a")})
    table["site"] = np.where(np.arange(n) % 2 == 0, "s", "t")
    table.index = pd.Index([f"r{i:04d}" for i in rng.permutation(n)])
    x = rng.normal(2, 1, size=(n, 3))
    if silent:
        first = np.array(table["g"] == "a")
        x[first, 0], x[~first, 1] = 0.0, 0.0
    return Cohort(x, table, groups=["g"], unit="row", **roles)  # type: ignore[arg-type]


def gated() -> Suite:
    """An error where the first column has values, one where the second has, and one for all."""

    def only(values: Values, strength: float, rng: np.random.Generator, *, j: int) -> Values:
        at = (np.arange(values.shape[1]) == j) & (values != 0)
        return noisy(values, strength, rng, at=at)

    made = [partial(only, j=0), partial(only, j=1), partial(noisy, at=np.arange(3) == 2)]
    return Suite("gated", tuple(
        Perturbation(name, of, (0.5, 1.0), "SD", "numbers", "Gaussian")
        for name, of in zip(("hurts b", "hurts a", "hurts all"), made, strict=True)
    ))  # fmt: skip


def total(x: Float) -> Float:
    """A sum."""
    said: Float = x.sum(axis=1)
    return said


@pytest.mark.parametrize("kind", ["counts", "genotypes", "imaging"])
def test_perturbations_compose_in_the_suites_order(kind: str) -> None:
    """Sizes are those of rows that are changed by one perturbation after the other, by hand."""
    cohort, made = world(kind)
    made = made.taking(*[p.name for p in made.perturbations[:3]])
    strength = np.array(
        [made.perturbations[0].strengths[0], 0.0, made.perturbations[2].strengths[1]]
    )

    def said(x: Float) -> Float:
        return np.asarray(np.log1p(np.abs(x.reshape(len(x), -1))).sum(axis=1))

    rows = np.arange(3, 20)
    found = composed(prepare(said, cohort), cohort, made).sizes(rows, strength, run=7, draw=1)
    x = cohort.dense(rows)
    before = said(x)
    for i in (0, 2):
        x = perturbed_rows(
            made.perturbations[i], x, float(strength[i]), rows=cohort.rows[rows], run=7, draw=1
        )
    np.testing.assert_allclose(found, np.abs(said(x) - before), rtol=1e-12)


def test_the_gap_that_is_planted_is_found() -> None:
    """What hurts b goes to its bound, what hurts a to nearly nothing, and others confirm it."""
    found = worst(
        total, people(), suite=gated(), by="g", search=Search(level="b", drawn=20, refined=80)
    )
    assert (found.level, found.reference) == ("b", "a")
    strength = dict(zip(found.perturbations, found.strength.tolist(), strict=True))
    assert strength["hurts b"] > 0.9
    assert strength["hurts a"] < 0.15
    assert (found.verdict, found.extent) == ("different", "material")
    assert found.effect > found.at_bounds + 0.1
    assert found.low < found.effect < found.high
    assert len(found.trace) == 100
    assert (found.trace[0], found.searched) == (found.trace.min(), found.trace.max())


def test_only_what_is_named_is_searched_within_its_bounds() -> None:
    """Bounds choose perturbations and hold; the level of a size is whichever moves most."""
    found = worst(
        total, people(), suite=gated(), by="g",
        search=Search(objective="size", drawn=10, refined=10),
        bounds={"hurts all": 0.2, "hurts a": (0.1, 0.3)},
    )  # fmt: skip
    assert found.perturbations == ("hurts a", "hurts all")
    assert ((found.strength >= [0.1, 0.0]) & (found.strength <= [0.3, 0.2])).all()
    assert (found.level, found.reference) == ("a", "")
    assert found.n_held[1] == 0
    assert 0 < found.low < found.effect


def test_a_group_in_which_nobody_moved_is_not_told_to_move_by_nothing() -> None:
    """Of 21 held-out people of group a none moves, and two in five of b do: a limit above 0."""

    def rare(values: Values, strength: float, rng: np.random.Generator) -> Values:
        at = (np.arange(3) == 0) & (values != 0)
        return noisy(values, 10 * strength, rng, at=at)

    suite = Suite("rare", (Perturbation("rare", rare, (0.5, 1.0), "SD", "numbers", "Gaussian"),))
    how = Search(objective="size", level="a", drawn=3, refined=0)
    found = worst(total, people(126), suite=suite, by="g", search=how)
    assert (found.effect, found.low) == (0.0, 0.0)
    assert found.high > 1
    assert found.verdict == "cannot_tell"
    still = worst(lambda x: x[:, 1], people(126), suite=suite, by="g", search=how)
    assert still.verdict == "similar"
    assert "similar of the strengths searched" in repr(still)
    with pytest.raises(InputError, match="holds the words 'alike'"):
        replace(still, verdict="alike")


def test_where_nothing_differs_the_search_is_optimistic_and_others_are_not() -> None:
    """Over 20 worlds the searched half always shows a gap, the other half none on average."""
    made = [
        worst(
            total, people(120, silent=False, seed=s), suite=gated(), by="g", rng=s,
            search=Search(drawn=15, refined=15, draws=3),
        )
        for s in range(20)
    ]  # fmt: skip
    assert all(m.searched > 0 for m in made)
    assert np.mean([m.optimism for m in made]) > 0.03
    effects = np.array([m.effect for m in made])
    assert abs(effects.mean()) < 3 * effects.std() / np.sqrt(20)
    assert sum(m.verdict == "different" for m in made) <= 4


def test_halves_are_of_people_and_of_no_order() -> None:
    """No unit is in both halves, groups are divided evenly, and shuffled rows change nothing."""
    cohort = people(200, strata=["site"])
    groups = cohort.grouping("g")
    one, two = split(cohort, groups, most=30, rng=np.random.default_rng(0))
    assert not set(one) & set(two)
    assert np.bincount(groups.codes[one]).tolist() == [30, 30]
    assert np.bincount(groups.codes[two]).tolist() == [33, 66]
    mixed = cohort.take(np.random.default_rng(1).permutation(200))
    texts = [
        json.dumps(plain(worst(total, c, suite=gated(), by="g", search=SHORT, rng=3)))
        for c in (cohort, mixed)
    ]
    first, second = (json.loads(text) for text in texts)
    assert first["strength"] == second["strength"]
    assert first["effect"] == pytest.approx(second["effect"], rel=1e-12)
    assert json.dumps(plain(restore(Worst, first))) == texts[0]


def test_whoever_is_too_few_is_left_out() -> None:
    """Groups of 21 units are not searched; none left, no shared stratum, or one group: an error."""
    cohort = people(63)
    with pytest.raises(GroupError, match="no two groups have"):
        worst(total, cohort, suite=gated(), by="g", search=SHORT)
    found = worst(total, cohort, suite=gated(), by="g", search=Search(objective="size", drawn=3))
    assert (found.level, found.left) == ("b", ("a",))
    apart = people(200)
    table = apart.people.assign(site=apart.people["g"])
    alone = Cohort(apart.dense(), table, groups=["g"], unit="row", strata=["site"])
    with pytest.raises(GroupError, match="in shared strata"):
        worst(total, alone, suite=gated(), by="g", search=SHORT)


def test_wrong_input_is_named() -> None:
    """Unknown names, bounds in the wrong order, an objective that is none, a model that fails."""
    cohort = people(200)

    def ask(**own: object) -> Worst:
        asked = {"suite": gated(), "by": "g", "search": SHORT} | own
        return worst(total, cohort, **asked)  # type: ignore[arg-type]

    with pytest.raises(UnknownName, match="hurts al"):
        ask(bounds={"hurts al": 1.0})
    with pytest.raises(InputError, match="0 <= low < high"):
        ask(bounds={"hurts all": (0.5, 0.2)})
    with pytest.raises(InputError, match="names no perturbation"):
        ask(bounds={})
    with pytest.raises(UnknownName, match="no level 'c'"):
        ask(search=Search(level="c"))
    with pytest.raises(InputError, match="objective 'worst'"):
        Search(objective="worst")
    with pytest.raises(InputError, match="drawn is 0"):
        Search(drawn=0)
    with pytest.raises(ModelError, match="does not vary within groups"):
        worst(lambda x: np.zeros(len(x)), cohort, suite=gated(), by="g", search=SHORT)
    with pytest.raises(ModelError, match=r"after hurts b, .*not finite"):
        worst(
            lambda x: np.where(x[:, 0] > 5.5, np.nan, x[:, 0]),
            people(200), suite=gated(), by="g", search=SHORT, bounds={"hurts b": 50.0},
        )  # fmt: skip
