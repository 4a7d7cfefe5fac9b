"""What features leave of the outcome's gap: shrinkage apart from recruitment, and who enters."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression, Ridge

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.groups import Axes
from evenlight.data.twins import Twin
from evenlight.errors import CohortError
from evenlight.explainers.explain import explain
from evenlight.measures.levers import levers
from evenlight.measures.prepare import as_variables, setting
from evenlight.measures.rely import rely
from evenlight.measures.remaining import remaining
from evenlight.measures.shortcut import shortcut
from evenlight.measures.shortcut_evidence import Compared, Evidence, unsupported_set
from evenlight.measures.structure import Structure
from evenlight.probes.refitting import Refitting
from evenlight.probes.swap import swap
from evenlight.probes.twin import twin
from evenlight.stats.remainder import remainder

NAMES = tuple(f"x{j}" for j in range(24))
SETS = FeatureSets.from_lists(
    {"cause": NAMES[:6], "markers": NAMES[6:18], "rest": NAMES[18:]}, NAMES
)


def people(seed: int, n: int, *, gap: float, prefix: str, kind: str = "binary") -> Cohort:
    """Causes and markers that all differ between groups; a gap beyond them where it is asked."""
    rng = np.random.default_rng(seed)
    group = np.arange(n) % 2
    x = rng.normal(size=(n, 24))
    x[:, :6] += 0.6 * group[:, None]
    x[:, 6:18] += 0.8 * group[:, None]
    score = 0.5 * (x[:, :6].sum(axis=1) - 1.8) + gap * (group - 0.5)
    y = (rng.random(n) < expit(score)).astype(float) if kind == "binary" else score
    y = y if kind == "binary" else y + rng.normal(size=n)
    table = pd.DataFrame(
        {"group": np.array(["a", "b"])[group], "y": y, "home": np.arange(n) // 4 * 2 + group},
        index=[f"{prefix}{i:05d}" for i in range(n)],
    )
    return Cohort(x, table, NAMES, outcome="y", unit="row", groups=["group"])


Held = tuple[object, Cohort, Cohort, Attributions]


@cache
def held(gap: float, c: float = 0.05) -> Held:
    """A model, its training and audited people, and its attributions."""
    training = people(1, 1500, gap=gap, prefix="t")
    cohort = people(2, 1500, gap=gap, prefix="a")
    model = LogisticRegression(C=c).fit(training.dense(), training.y)
    return model, training, cohort, explain(model, cohort)


def asked(made: Held, **more: object) -> Compared:
    """The slope of what remains, of the sets."""
    _, _, cohort, phi = made
    lean = rely(phi.by(SETS), cohort, by="group")
    laid = as_variables(phi.by(SETS), cohort)[0]
    return remaining(setting(cohort, "group"), laid, lean, SETS, **more)  # type: ignore[arg-type]


@cache
def _twin(gap: float, c: float) -> Twin:
    model, training, cohort, _ = held(gap, c)
    again = Refitting(refits=6, sets=SETS)
    return twin(model, cohort, training=training, by="group", refitting=again, rng=0)


@pytest.mark.parametrize(
    ("gap", "word"), [(0.0, "unresolved"), (2.0, "consistent_with_a_shortcut")]
)
def test_a_shrunken_model_is_told_from_a_shortcut(gap: float, word: str) -> None:
    """Penalised so much that markers stand in for causes, it leans on them more than its twin.

    All else is met in both: only what features leave of the gap tells the two apart.
    """
    model, training, cohort, phi = held(gap, 0.002)
    lean = rely(phi.by(SETS), cohort, by="group")
    moved = levers(
        swap(model, cohort, by="group", sets=unsupported_set(lean, SETS)), cohort, by="group"
    )
    shown = Evidence(twin=_twin(gap, 0.002), levers=moved, training=training)
    found = shortcut(lean, phi, cohort, sets=SETS, evidence=shown)
    assert np.delete(found.met, 2).tolist() == ["met"] * 3
    assert found.word == word
    if gap:
        assert found.remainder[1] > 0
        assert "leave a part of the outcome's own gap" in found.reason
    else:
        assert found.remainder[1] < 0 < found.remainder[2]
        assert "not shown to leave a gap" in found.reason


def test_the_numbers_are_those_of_the_fit_by_hand() -> None:
    """Training people below the audited, with an intercept of their own; what claims is audited."""
    made = held(2.0)
    _, training, cohort, phi = made
    lean = rely(phi.by(SETS), cohort, by="group")
    assert lean.support.tolist()[1] == "not_supported_within_groups"
    kept = [j for s, word in zip(SETS.names, lean.support, strict=True)
            if word != "not_supported_within_groups" for j in SETS.columns(s)]  # fmt: skip
    part = phi.by(SETS).values.astype(float)[:, ~np.char.startswith(lean.support, "supp")].sum(1)
    for both in (False, True):
        every = [cohort, training] if both else [cohort]
        x = np.vstack([c.dense()[:, sorted(kept)] for c in every])
        if both:
            x = np.column_stack([x, np.repeat([0.0, 1.0], 1500)])
        y = np.concatenate([c.y for c in every])
        g = np.concatenate([c.grouping("group").codes for c in every])
        own = np.arange(1500) % 2
        claim = np.array([part[own == k].mean() for k in (0, 1)])
        wanted = remainder(y, g, x, claim=claim, binary=True)
        found = asked(made, training=training if both else None)
        limits = wanted.slope + 1.959964 * wanted.se * np.array([0, -1, 1])
        np.testing.assert_allclose(found.numbers, limits, rtol=1e-5)
        assert found.met is True


def test_a_small_remainder_is_no_shortcut() -> None:
    """A gap shown beyond features, but below half of what the unsupported claim, is not enough."""
    model, training, cohort, phi = held(2.0)
    loud = replace(phi, values=phi.values * 4, output=phi.output * 4, base=phi.base * 4)
    found = asked((model, training, cohort, loud), training=training)
    assert 0 < found.numbers[1] < found.numbers[0] < 0.5
    assert found.met is False


def test_what_is_adjusted_for_of_the_audited_people_alone_keeps_others_out() -> None:
    """With axes inside groups the training people do not enter; with a named family they do."""
    made = held(2.0)
    _, training, cohort, _ = made
    rng = np.random.default_rng(0)
    axes = Axes("pcs", rng.normal(size=(cohort.n, 2)), cohort.rows)
    alone, both = asked(made), asked(made, training=training)
    first = asked(made, adjust=Structure(axes=axes), training=training)
    np.testing.assert_array_equal(first.numbers, asked(made, adjust=Structure(axes=axes)).numbers)
    assert first.numbers[0] == pytest.approx(alone.numbers[0], rel=0.05)
    home = asked(made, adjust=Structure(families="home"), training=training)
    assert home.numbers[0] == pytest.approx(both.numbers[0], rel=1e-9)
    assert home.numbers[1] != both.numbers[1]


def test_training_people_are_others_with_the_same_features() -> None:
    """Audited rows would count twice; other columns cannot be laid below."""
    made = held(2.0)
    _, training, cohort, _ = made
    with pytest.raises(CohortError, match="1500 of 1500 training rows are audited rows"):
        asked(made, training=cohort)
    other = Cohort(cohort.dense()[:, :3], cohort.people, NAMES[:3], outcome="y", unit="row",
                   groups=["group"])  # fmt: skip
    with pytest.raises(CohortError, match="the training cohort has 3 features, the audited one 24"):
        asked(made, training=other)
    number = Cohort(training.dense(), training.people.assign(y=np.arange(1500) / 7), NAMES,
                    outcome="y", unit="row", groups=["group"])  # fmt: skip
    with pytest.raises(CohortError, match="outcome is continuous, the audited one's binary"):
        asked(made, training=number)


def test_nothing_depends_on_the_order_of_rows() -> None:
    """Both cohorts in another order give the same numbers, to the last byte."""
    model, training, cohort, phi = held(2.0)
    order = np.random.default_rng(0).permutation(1500)
    mixed = (model, training, cohort.take(order), phi)
    found = asked(mixed, training=training.take(order[::-1]))
    np.testing.assert_array_equal(found.numbers, asked(held(2.0), training=training).numbers)


def test_missing_values_are_filled_and_marked() -> None:
    """A tenth of a column missing at random changes little."""
    model, training, cohort, phi = held(2.0)
    x = cohort.dense().copy()
    x[::10, 0] = np.nan
    gaps = Cohort(x, cohort.people, NAMES, outcome="y", unit="row", groups=["group"],
                  missing="keep")  # fmt: skip
    found = asked((model, training, gaps, replace(phi, cohort_digest=gaps.digest)))
    np.testing.assert_allclose(found.numbers, asked(held(2.0)).numbers, atol=0.1)


def test_a_continuous_outcome_is_a_least_squares_fit() -> None:
    """Of a ridge on a number, the gap beyond features is shown; without one it is not."""
    for gap, shown in ((1.5, True), (0.0, False)):
        training = people(1, 1500, gap=gap, prefix="t", kind="continuous")
        cohort = people(2, 1500, gap=gap, prefix="a", kind="continuous")
        model = Ridge(500.0).fit(training.dense(), training.y)
        assert asked((model, training, cohort, explain(model, cohort))).met is shown


def test_what_cannot_be_asked_has_its_reason() -> None:
    """Too many columns, and subjects that are no sets of columns."""
    model, training, cohort, phi = held(2.0)
    few = cohort.take(np.arange(80))
    found = asked((model, training, few, explain(model, few)))
    assert found.met is None
    assert "24 features need 120 people" in found.reason
    lean = rely(phi.by(SETS), cohort, by="group")
    laid = as_variables(phi.by(SETS), cohort)[0]
    other = remaining(setting(cohort, "group"), laid, lean, None)
    assert "no sets of columns" in other.reason
