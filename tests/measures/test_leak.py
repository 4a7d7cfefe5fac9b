"""The leak test: planted truth, conditions, twins, order of rows, and wrong input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.data.twins import Twin
from evenlight.errors import AttributionError, CohortError, GroupError, InputError
from evenlight.measures.leak import leak
from evenlight.measures.leakage import NUMBERS, Leakage
from tests.given import made_of


def people(n: int, seed: int = 0, *, kind: str = "binary", marker: float = 0.0) -> Cohort:
    """Groups that depend on outcome and site; x0 follows the outcome, x1 the site, x2 the group."""
    rng = np.random.default_rng(seed)
    site = rng.integers(0, 2, n)
    normal = rng.normal(size=n) + 0.3 * site
    y = (normal > 0.3).astype(np.float64) if kind == "binary" else normal
    chance = 0.25 + 0.3 * y + 0.1 * site if kind == "binary" else 1 / (1 + np.exp(-y))
    at = rng.random(n) < np.asarray(chance)
    x = rng.normal(size=(n, 4))
    x[:, 0] += 1.5 * y
    x[:, 1] += site
    x[:, 2] += marker * at
    columns = {"race": np.where(at, "B", "A"), "site": np.where(site, "s", "t")}
    outcome = y.astype(int) if kind == "binary" else y
    table = pd.DataFrame({**columns, "y": outcome}, index=[f"p{i}" for i in range(n)])
    return Cohort(x, table, outcome="y", groups=["race"], strata=["site"], unit="row")


def output(cohort: Cohort, weights: list[float]) -> Predictions:
    """A linear model of the cohort's values."""
    margin = cohort.dense() @ np.array(weights)
    return Predictions(cohort.rows, margin, 1 / (1 + np.exp(-margin)), "y", "logit")


def refits(cohort: Cohort, weights: list[float], own: list[float], k: int = 4) -> Twin:
    """K noisy refits of a model with `weights`, and of a twin with its `own`."""
    rng = np.random.default_rng(3)

    def made(w: list[float]) -> Attributions:
        values = cohort.dense() * (np.array(w) + 0.05 * rng.normal(size=4))
        return replace(made_of(cohort, values), target="y")

    models, twins = (tuple(made(w) for _ in range(k)) for w in (weights, own))
    return Twin(models, twins, "race", ("A", "B"), "given", np.full((k, 2), np.nan))


@pytest.mark.parametrize("kind", ["binary", "continuous"])
def test_what_the_outcome_explains_is_no_leak(kind: str) -> None:
    """The output follows the outcome, and the outcome the group: marginal yes, given it no."""
    cohort = people(600, kind=kind)
    said = output(cohort, [1.0, 0.5, 0.0, 0.0])
    marginal = leak(said, cohort, by="race", given="nothing", draws=199)
    held = leak(said, cohort, by="race", draws=199)
    assert held.given == "outcome"
    assert marginal.verdict[0, 0] == "different"
    assert held.p[0, 0] > 0.05
    assert held.verdict[0, 0] != "different"
    assert marginal.alone[0, 0] == pytest.approx(0.5)
    assert (abs(held.alone[0, 0] - 0.5) < 1e-9) == (kind == "binary")


def test_a_survival_outcome_is_held_by_its_residual() -> None:
    """The output follows the hazard, and the hazard the group: marginal yes, given it no."""
    rng = np.random.default_rng(10)
    n = 800
    risk = rng.normal(size=n)
    time, late = rng.exponential(np.exp(-risk)), rng.exponential(3.0, n)
    event = time <= late
    seen = np.minimum(time, late)
    at = rng.random(n) < 1 / (1 + np.exp(1.5 * np.log(seen)))
    table = pd.DataFrame(
        {"race": np.where(at, "B", "A"), "time": seen, "event": event.astype(int)},
        index=[f"p{i}" for i in range(n)],
    )
    x = np.log(seen)[:, None] + 0.5 * rng.normal(size=(n, 1))
    cohort = Cohort(x, table, outcome=Survival("time", "event"), groups=["race"], unit="row")
    said = Predictions(cohort.rows, -x[:, 0], np.exp(-x[:, 0]), "hazard", "log")
    marginal = leak(said, cohort, by="race", given="nothing", draws=199)
    held = leak(said, cohort, by="race", draws=199)
    assert held.given == "outcome"
    assert marginal.auc[0, 0] > 0.7
    assert held.auc[0, 0] < marginal.auc[0, 0] - 0.1
    assert held.p[0, 0] > 0.01


def test_the_output_is_asked_apart_from_what_it_is_made_of() -> None:
    """A marker with no weight is told by the values, and by neither output nor attributions."""
    cohort = people(500, 1, marker=1.5)
    said = output(cohort, [1.0, 0.0, 0.0, 0.5])
    phi = made_of(cohort, cohort.dense() * np.array([1.0, 0.0, 0.0, 0.5]))
    found = leak([said, phi, "values"], cohort, by="race", draws=199)
    assert found.kinds == ("output", "attributions", "values")
    assert found.verdict[2, 0] == "different"
    assert found.auc[2, 0] > 0.8
    assert "different" not in found.verdict[:2]
    assert found.above[2, 0] == pytest.approx(2 * found.auc[2, 0] - 1)
    assert found.to_frame()["representation"].tolist() == ["output", "attributions", "values"]


def test_attributions_of_an_additive_model_tell_what_its_features_tell() -> None:
    """The weight cancels, however small: encoding says nothing of use."""
    cohort = people(300, 2, marker=1.0)
    phi = made_of(cohort, cohort.dense() * np.array([1.0, 2.0, 1e-3, 5.0]))
    found = leak([phi, "values"], cohort, by="race", draws=199)
    assert found.auc[0, 0] == pytest.approx(found.auc[1, 0], abs=1e-3)
    assert found.p[0, 0] == found.p[1, 0]


def test_the_twin_is_the_yardstick_of_the_output() -> None:
    """A shortcut exceeds its twin; where twin and model are alike the excess is 0 within limits."""
    cohort = people(500, 3, marker=1.0)
    said = output(cohort, [1.0, 0.0, 0.8, 0.0])
    led = leak(
        said, cohort, by="race", draws=199,
        twin=refits(cohort, [1.0, 0.0, 0.8, 0.0], [1.0, 0.0, 0.0, 0.0]),
    ).twin  # fmt: skip
    same = leak(
        [said, "values"], cohort, by="race", draws=199,
        twin=refits(cohort, [1.0, 0.0, 0.8, 0.0], [1.0, 0.0, 0.8, 0.0]),
    )  # fmt: skip
    assert led is not None
    assert same.twin is not None
    assert led.excess_low[0] > 0.05
    assert same.twin.excess_low[0] < 0
    apart = led.model[:, 0] - led.twin[:, 0]
    assert led.excess[0] == pytest.approx(apart.mean())
    assert led.excess_low[0] == pytest.approx(apart.mean() - 2.353363 * apart.std(ddof=1))
    frame = same.to_frame()
    assert frame["excess"].notna().tolist() == [True, False]


def test_rows_of_a_person_stay_in_one_fold() -> None:
    """Copies of a person tell nothing about the group, though they tell the person."""
    rng = np.random.default_rng(4)
    n, copies = 60, 6
    who = np.repeat(np.arange(n), copies)
    x = rng.normal(size=(n, 40))[who] + 0.01 * rng.normal(size=(n * copies, 40))
    table = pd.DataFrame(
        {"race": np.where(who % 2, "A", "B"), "who": [f"u{i}" for i in who]},
        index=[f"r{i}" for i in range(n * copies)],
    )
    cohort = Cohort(x, table, groups=["race"], unit="who")
    found = leak("values", cohort, by="race", draws=199)
    assert found.n[0, 0].tolist() == [30, 30]
    assert found.p[0, 0] > 0.05
    assert found.auc[0, 0] < 0.7


def test_the_order_of_rows_does_not_matter() -> None:
    """The same people in another order give the same bits."""
    cohort = people(200, 5, marker=0.5)
    turned = cohort.take(np.random.default_rng(0).permutation(cohort.n))
    made = Representation.given("layer", cohort.dense(), rows=cohort.rows)
    one = leak(["values", made], cohort, by="race", draws=199, rng=1)
    two = leak(["values", made], turned, by="race", draws=199, rng=1)
    assert plain(one) == plain(two)


def test_three_groups_are_asked_in_pairs_and_small_ones_are_not() -> None:
    """Holm over pairs; a group of nine people has a reason and no number."""
    rng = np.random.default_rng(6)
    race = np.repeat(["A", "B", "C"], [100, 100, 9])
    table = pd.DataFrame({"race": race}, index=[f"p{i}" for i in range(209)])
    x = rng.normal(size=(209, 2)) + (race == "B")[:, None]
    cohort = Cohort(x, table, groups=["race"], unit="row")
    found = leak("values", cohort, by="race", draws=199)
    assert found.contrasts == (("B", "A"), ("C", "A"), ("C", "B"))
    assert found.verdict.tolist() == [["different", "not_estimable", "not_estimable"]]
    assert "fewer than 11" in found.reason[0, 1]
    assert found.n[0, 0].tolist() == [100, 100]
    assert np.isnan(found.auc[0, 1:]).all()


def test_a_pair_that_cannot_be_asked_has_no_count_of_nobody() -> None:
    """Its units are missing with the reason, not 0: people are there, or there was no overlap."""
    cohort = people(300, 12)
    site = np.where(cohort.people["race"] == "B", "s", "t")
    apart = Cohort(
        cohort.x, cohort.people.assign(site=site), outcome="y", groups=["race"], strata=["site"],
        unit="row",
    )  # fmt: skip
    found = leak("values", apart, by="race", draws=199)
    assert np.isnan(found.n).all()
    assert "both groups" in found.reason[0, 0]
    frame = found.to_frame()
    assert frame[["n_level", "n_reference"]].isna().all(axis=None)
    again = restore(Leakage, plain(found))
    assert np.isnan(again.n).all()
    told: dict[str, Any] = dict.fromkeys(NUMBERS, np.ones((1, 1)))
    with pytest.raises(InputError, match=r"Leakage\.n.* is missing without a reason"):
        replace(found, reason=np.array([[""]]), **told)


def test_a_stratum_may_be_asked_about_itself() -> None:
    """By the site, the site is no stratum; by the group, it is."""
    cohort = people(400, 11)
    found = leak("values", cohort, by="site", draws=199)
    assert found.verdict[0, 0] == "different"
    assert found.n[0, 0].sum() == 400


def test_the_record_survives_json_and_says_what_it_found() -> None:
    """To plain data and back, with a twin."""
    cohort = people(200, 7, marker=1.0)
    said = output(cohort, [1.0, 0.0, 0.5, 0.0])
    twin = refits(cohort, [1.0, 0.0, 0.5, 0.0], [1.0, 0.0, 0.0, 0.0], 3)
    found = leak([said, "values"], cohort, by="race", draws=199, twin=twin)
    again = restore(Leakage, plain(found))
    assert plain(again) == plain(found)
    assert repr(found).startswith("Leakage of race given outcome: largest AUC output 0.")
    with pytest.raises(InputError, match="kinds are"):
        replace(found, kinds=("layer", "values"))


def test_wrong_input_is_named_before_any_compute() -> None:
    """Each error names the item and the remedy."""
    cohort = people(100, 8)
    said = output(cohort, [1.0, 0.0, 0.0, 0.0])
    no_outcome = Cohort(cohort.x, cohort.people, groups=["race"], unit="row")
    cases = [
        (lambda: leak([], cohort, by="race"), InputError, "no representation"),
        (lambda: leak([3], cohort, by="race"), InputError, "a representation is a int"),  # type: ignore[list-item]
        (lambda: leak([said, said], cohort, by="race"), InputError, "two representations"),
        (lambda: leak(said, cohort, by="race", draws=50), InputError, "draws is 50"),
        (lambda: leak(said, cohort, by="race", margin=0.6), InputError, "margin 0.6"),
        (lambda: leak(said, cohort, by="race", given="site"), InputError, "given is 'site'"),
        (
            lambda: leak("values", no_outcome, by="race", given="outcome"),
            CohortError,
            "needs an outcome",
        ),
        (lambda: leak(said, cohort, by=one_group(cohort)), GroupError, "nothing to compare"),
    ]
    for ask, error, words in cases:
        with pytest.raises(error, match=words):
            ask()  # type: ignore[no-untyped-call]


def test_a_twin_of_something_else_is_refused() -> None:
    """By another grouping, of other groups, of another target or model, or no twin at all."""
    cohort = people(200)
    said, pair = output(cohort, [1.0] * 4), refits(cohort, [1.0] * 4, [1.0] * 4)
    cases: list[tuple[object, type[InputError], str]] = [
        (replace(pair, grouping="sex"), InputError, "by 'sex'; leak is by 'race'; make one"),
        (replace(pair, levels=("x", "y")), InputError, "accounts for .*'x', 'y'"),
        (cohort, InputError, "twin is a Cohort; wanted the Twin"),
        (replace(pair, audited=-said.margin), AttributionError, "of another model: on the same"),
    ]
    for twin, error, words in cases:
        with pytest.raises(error, match=words):
            leak(said, cohort, by="race", twin=twin, draws=100)  # type: ignore[arg-type]
    with pytest.raises(AttributionError, match="the twin is of 'y', leak of 'dose'"):
        leak(replace(said, target="dose"), cohort, by="race", twin=pair, draws=100)
    same = replace(pair, audited=said.margin + 1.0)  # a constant is no other model
    assert leak(said, cohort, by="race", twin=same, draws=100).twin is not None


def one_group(cohort: Cohort) -> Groups:
    """Everybody in one group."""
    return Groups("all", ("A", "B"), np.zeros(cohort.n, dtype=np.int64), rows=cohort.rows)


def test_values_that_cannot_be_asked_say_why() -> None:
    """Images and missing values are no table to classify."""
    rng = np.random.default_rng(9)
    table = pd.DataFrame({"race": ["A", "B"] * 30}, index=[f"p{i}" for i in range(60)])
    image = Cohort(rng.normal(size=(60, 2, 2)), table, groups=["race"], unit="row")
    with pytest.raises(InputError, match="wanted a table"):
        leak("values", image, by="race")
    x: Float = rng.normal(size=(60, 2))
    x[0, 0] = np.nan
    gaps = Cohort(x, table, groups=["race"], unit="row", missing="keep")
    with pytest.raises(InputError, match="missing in some rows"):
        leak("values", gaps, by="race")
