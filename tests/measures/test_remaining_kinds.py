"""What features leave of a gap in survival, and regions of images: planted truth, and by hand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.outcome import Survival
from evenlight.data.twins import Twin
from evenlight.measures.levers import levers
from evenlight.measures.prepare import as_variables, setting
from evenlight.measures.reliance import Reliance
from evenlight.measures.rely import rely
from evenlight.measures.remaining import remaining
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Compared, Evidence, unsupported_set
from evenlight.probes.swap import swap
from evenlight.stats.hazards import Followed, hazard_remainder
from evenlight.stats.remainder import remainder

NAMES = tuple(f"x{j}" for j in range(24))
SETS = FeatureSets.from_lists(
    {"cause": NAMES[:6], "markers": NAMES[6:18], "rest": NAMES[18:]}, NAMES
)
REGIONS = FeatureSets.from_label_map(np.kron(np.arange(9).reshape(3, 3), np.ones((4, 4), int)))
LESION = 4
STRIPES = np.tile([1.0, -1.0, 1.0, -1.0], (4, 1))


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """Audited people and the attributions of a model, and others from where they come."""

    cohort: Cohort
    phi: Attributions
    training: Cohort
    weight: Float


@cache
def leaning(made: Held) -> Reliance:
    """What is relied on, asked once."""
    return rely(made.phi, made.cohort, by="group")


def asked(made: Held, sets: FeatureSets | None, **more: object) -> Compared:
    """The slope of what remains."""
    lean = leaning(made)
    laid = as_variables(made.phi, made.cohort)[0]
    return remaining(setting(made.cohort, "group"), laid, lean, sets, **more)  # type: ignore[arg-type]


def patients(seed: int, n: int, *, gap: float, prefix: str) -> Cohort:
    """Causes and markers that all differ between groups; a gap in hazard beyond them if asked."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    x = rng.normal(size=(n, 24))
    x[:, :6] += 0.6 * group[:, None]
    x[:, 6:18] += 0.8 * group[:, None]
    score = 0.4 * (x[:, :6].sum(axis=1) - 1.8) + gap * (group - 0.5)
    died, left = rng.exponential(np.exp(-score)), rng.exponential(2.0, n)
    table = pd.DataFrame(
        {"group": np.array(["a", "b"])[group], "time": np.minimum(died, left) + 0.001,
         "event": (died <= left).astype(int), "clinic": rng.integers(2, size=n)},
        index=[f"{prefix}{i:05d}" for i in range(n)],
    )  # fmt: skip
    return Cohort(x, table, NAMES, outcome=Survival("time", "event"), unit="row", groups=["group"])


def cox(x: Float, time: Float, event: Float, ridge: float) -> Float:
    """Coefficients of a penalised proportional hazard model."""
    order = np.argsort(-time, kind="stable")
    x, event = x[order], event[order]

    def loss(w: Float) -> tuple[float, Float]:
        f = x @ w
        hazard = np.exp(f - f.max())
        risk = hazard.cumsum()
        rest = event - hazard * (event / risk)[::-1].cumsum()[::-1]
        told = float(event @ (f - f.max() - np.log(risk)))
        return ridge * float(w @ w) / 2 - told, ridge * w - x.T @ rest

    found: Float = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
    return found


def times(cohort: Cohort) -> tuple[Float, Float]:
    """Time and event as numbers."""
    return tuple(cohort.people[["time", "event"]].to_numpy(dtype=float).T)  # type: ignore[return-value]


def told(cohort: Cohort, weight: Float) -> Attributions:
    """The attributions of a linear log hazard, by set."""
    x = cohort.dense()
    values = (x - x.mean(axis=0)) * weight
    made = Attributions.from_arrays(
        values, rows=list(cohort.rows), features=NAMES, output=values.sum(axis=1), base=0.0
    )
    return made.by(SETS)


@cache
def followed(gap: float, ridge: float = 3000.0) -> Held:
    """A penalised model of survival."""
    training = patients(1, 1500, gap=gap, prefix="t")
    cohort = patients(2, 1500, gap=gap, prefix="a")
    weight = cox(training.dense(), *times(training), ridge)
    return Held(cohort, told(cohort, weight), training, weight)


def pairs(made: Held, ridge: float) -> Twin:
    """Six refits and their twins, the latter with the group beside, which is then dropped."""
    rng = np.random.default_rng(5)
    x, (time, event) = made.training.dense(), times(made.training)
    beside = 30.0 * made.training.grouping("group").codes[:, None]
    models, twins = [], []
    for _ in range(6):
        at = rng.integers(len(x), size=len(x))
        own = np.column_stack([x, beside])[at]
        models.append(told(made.cohort, cox(x[at], time[at], event[at], ridge)))
        twins.append(told(made.cohort, cox(own, time[at], event[at], ridge)[:-1]))
    gone = np.full((6, 2), np.nan)
    return Twin(tuple(models), tuple(twins), "group", ("a", "b"), "given", gone, {})


@pytest.mark.parametrize(
    ("gap", "word"), [(0.0, "unresolved"), (1.5, "consistent_with_a_shortcut")]
)
def test_a_shrunken_model_of_survival_is_told_from_a_shortcut(gap: float, word: str) -> None:
    """Penalised so much that markers stand in for causes: what is left of the gap tells it."""
    made = followed(gap)
    lean = leaning(made)
    neutral = unsupported_set(lean, SETS)
    moved = swap(lambda x: x @ made.weight, made.cohort, by="group", sets=neutral)
    known = Evidence(twin=pairs(made, 3000.0), levers=levers(moved, made.cohort, by="group"),
                     training=made.training)  # fmt: skip
    found = shortcut(lean, made.phi, made.cohort, sets=SETS, evidence=known)
    assert np.delete(found.met, 2).tolist() == ["met"] * 3
    assert found.word == word
    assert (found.remainder[1] > 0) == bool(gap)


def test_survival_is_the_fit_of_hazards_by_hand() -> None:
    """Training people with a baseline hazard of their own, subjects without support left out."""
    made = followed(1.5)
    lean = leaning(made)
    kept = [j for s, word in zip(SETS.names, lean.support, strict=True)
            if word != "not_supported_within_groups" for j in SETS.columns(s)]  # fmt: skip
    lacking = ~np.char.startswith(lean.support, "supp")
    part = made.phi.values.astype(float)[:, lacking].sum(axis=1)
    own = np.arange(1500) % 2
    claim = np.array([part[own == k].mean() for k in (0, 1)])
    for both in (False, True):
        every = [made.cohort, made.training] if both else [made.cohort]
        x = np.vstack([c.dense()[:, sorted(kept)] for c in every])
        time, event = (np.concatenate(v) for v in zip(*map(times, every), strict=True))
        seen = Followed(time, event, np.repeat([0, 1], 1500)[: len(x)])
        wanted = hazard_remainder(seen, np.tile(own, len(every)), x, claim=claim)
        found = asked(made, SETS, training=made.training if both else None)
        limits = wanted.slope + 1.959964 * wanted.se * np.array([0, -1, 1])
        np.testing.assert_allclose(found.numbers, limits, rtol=1e-5)


def test_survival_depends_on_no_order_and_holds_strata_apart() -> None:
    """Other rows first gives the same to the last byte; a baseline a clinic gives nearly so."""
    made = followed(1.5)
    first = asked(made, SETS)
    mixed = made.cohort.take(np.random.default_rng(0).permutation(1500))
    again = asked(Held(mixed, made.phi.at(mixed), made.training, made.weight), SETS)
    np.testing.assert_array_equal(again.numbers, first.numbers)
    c = made.cohort
    own = Cohort(c.dense(), c.people, NAMES, outcome=c.outcome, unit="row", groups=["group"],
                 strata=["clinic"])  # fmt: skip
    apart = asked(Held(own, told(own, made.weight), made.training, made.weight), SETS)
    assert apart.numbers[0] != first.numbers[0]
    np.testing.assert_allclose(apart.numbers, first.numbers, rtol=0.1)


def test_times_that_differ_inside_a_person_are_refused() -> None:
    """Two rows of one person with other times have no one hazard."""
    made = followed(1.5)
    table = made.cohort.people.assign(who=np.arange(1500) // 4 * 2 + np.arange(1500) % 2)
    own = Cohort(made.cohort.dense(), table, NAMES, outcome=made.cohort.outcome, unit="who",
                 groups=["group"])  # fmt: skip
    found = asked(Held(own, told(own, made.weight), made.training, made.weight), SETS)
    assert found.met is None
    assert "rows of one person differ in time or event" in found.reason


def pictures(seed: int, *, gap: float, prefix: str, n: int = 1500) -> Cohort:
    """A brighter corner marks the group; stripes that stand or lie are the lesion, whose outcome.

    The lesion is more frequent in b, and no brighter or more varied than its absence.
    """
    rng = np.random.default_rng(seed)
    g = np.arange(n) % 2
    x = 0.5 * rng.normal(size=(n, 12, 12))
    ill = rng.random(n) < np.where(g == 1, 0.55, 0.25)
    size = (rng.uniform(0.8, 1.2, n) * rng.choice([-1, 1], n))[:, None, None]
    x[:, 4:8, 4:8] += size * np.where(ill[:, None, None], STRIPES, STRIPES.T)
    x[:, :4, :4] += (0.25 * rng.normal(size=n) + 0.5 * g)[:, None, None]
    y = (rng.random(n) < expit(2.0 * (ill - 0.4) + gap * (g - 0.5))).astype(int)
    table = pd.DataFrame({"group": np.array(["a", "b"])[g], "y": y})
    table.index = pd.Index([f"{prefix}{i:05d}" for i in range(n)])
    return Cohort(x, table, outcome="y", unit="row", groups=["group"])


def seen_in(cohort: Cohort) -> Float:
    """What a network of two filters and a pooling sees: stripes in the middle, else brightness."""
    x = cohort.dense()
    out: Float = x.reshape(len(x), 3, 4, 3, 4).mean(axis=(2, 4)).reshape(len(x), 9).copy()
    middle = x[:, 4:8, 4:8]
    stands, lies = (np.abs((middle * s).mean(axis=(1, 2))) for s in (STRIPES, STRIPES.T))
    out[:, LESION] = stands - lies
    return out


@cache
def pictured(gap: float, seed: int = 0) -> Held:
    """A model of the regions, additive so that its attributions are exact."""
    training = pictures(100 + seed, gap=gap, prefix="t")
    cohort = pictures(200 + seed, gap=gap, prefix="a")
    weight = LogisticRegression().fit(seen_in(training), training.y).coef_[0]
    values = (seen_in(cohort) - seen_in(training).mean(axis=0)) * weight
    phi = Attributions.from_arrays(
        values, rows=list(cohort.rows), features=REGIONS.names, output=values.sum(axis=1), base=0.0
    )
    return Held(cohort, phi, training, weight)


def summed(made: Held, kept: list[int], *, attributed: bool) -> Float:
    """Means and SD of regions, and their attributions if asked, region by region."""
    x = made.cohort.dense()
    out = []
    for j in kept:
        own = x.reshape(len(x), -1)[:, REGIONS.columns(REGIONS.names[j])]
        out += [own.mean(axis=1), own.std(axis=1)]
        out += [made.phi.values[:, j].astype(float)] if attributed else []
    return np.column_stack(out)


def by_hand(made: Held, *, attributed: bool = True) -> Float:
    """The slope and its limits, of all regions that are not shown to have no support."""
    lean = leaning(made)
    kept = [j for j, word in enumerate(lean.support) if word != "not_supported_within_groups"]
    lacking = ~np.char.startswith(lean.support, "supp")
    part = made.phi.values.astype(float)[:, lacking].sum(axis=1)
    g = made.cohort.grouping("group").codes
    claim = np.array([part[g == k].mean() for k in (0, 1)])
    held = summed(made, kept, attributed=attributed)
    found = remainder(made.cohort.y, g, held, claim=claim, binary=True)
    limits: Float = found.slope + 1.959964 * found.se * np.array([0, -1, 1])
    return limits


def test_regions_of_images_have_slopes_of_mean_spread_and_attribution() -> None:
    """The numbers are those of the fit by hand; training people do not enter, in any order."""
    made = pictured(1.5)
    found = asked(made, REGIONS, training=made.training)
    np.testing.assert_allclose(found.numbers, by_hand(made), rtol=1e-5)
    mixed = made.cohort.take(np.random.default_rng(1).permutation(1500))
    again = asked(Held(mixed, made.phi.at(mixed), made.training, made.weight), REGIONS)
    np.testing.assert_array_equal(again.numbers, found.numbers)


@pytest.mark.parametrize("seed", range(3))
def test_a_marked_corner_leaves_a_gap_and_a_frequent_lesion_does_not(seed: int) -> None:
    """With recruitment by the outcome a gap is left, without it none is shown."""
    assert asked(pictured(1.5, seed), REGIONS).met is True
    assert asked(pictured(0.0, seed), REGIONS).met is False


def test_without_attributions_a_texture_would_be_left() -> None:
    """Stripes change neither mean nor spread: these alone leave a gap that is none."""
    above = [by_hand(pictured(0.0, seed), attributed=False) for seed in range(3)]
    assert sum(limits[1] > 0 or limits[2] < 0 for limits in above) >= 2


def test_what_cannot_be_asked_of_images_has_its_reason() -> None:
    """No regions, other regions, and fewer people than five a summary."""
    made = pictured(1.5)
    assert "pass the regions as sets=" in asked(made, None).reason
    whole = FeatureSets.from_label_map(np.zeros((12, 12), dtype=int))
    assert "no regions of x" in asked(made, whole).reason
    few = made.cohort.take(np.arange(100))
    found = asked(Held(few, made.phi.at(few), made.training, made.weight), REGIONS)
    assert found.met is None
    assert "3 summaries of each of" in found.reason
