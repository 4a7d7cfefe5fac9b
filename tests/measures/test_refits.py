"""Refits of a model: what holds for the training procedure, and what for one model only."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import InputError
from evenlight.measures.compare import compare
from evenlight.measures.comparison import Comparison
from evenlight.measures.refits import Refits, refits
from evenlight.measures.testing import Testing

QUICK = Testing(margin=0.2, draws=200)


def compared(weights: Float, *, seed: int = 0, n: int = 400) -> list[Comparison]:
    """One comparison for each linear model (K, p) of the same people; B is shifted in x0 and x1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, weights.shape[1]))
    x[1::2, :2] += 1.0
    race = np.where(np.arange(n) % 2 == 0, "A", "B")
    people = pd.DataFrame({"race": race}, index=[f"p{i}" for i in range(n)])
    cohort = Cohort(x, people, groups=["race"], unit="row")
    out = []
    for w in weights:
        phi = (x - x.mean(axis=0)) * w
        made = Attributions.from_arrays(
            phi, rows=list(people.index), features=cohort.features, output=phi.sum(axis=1), base=0.0
        )
        out.append(compare(made, cohort, by="race", testing=QUICK))
    return out


def models(*, turning: bool) -> Float:
    """Six fits: x0 is always used, x1 with a sign that may turn, x2 never matters much."""
    sign = np.array([1, 1, 1, -1, 1, -1]) if turning else np.ones(6)
    jitter = 1 + 0.05 * np.random.default_rng(1).normal(size=6)
    return np.column_stack([jitter, sign, 0.1 * np.ones(6), np.ones(6)])


def test_what_every_fit_uses_holds_and_what_turns_round_does_not() -> None:
    """x0 is different in all refits, x1 in each but not in one direction."""
    made = compared(models(turning=True))
    found = refits(made)
    v = made[0].view("signed")
    assert all(one.verdict[v, 0, 1] == "different" for one in made)
    assert found.verdict[v, 0].tolist()[:2] == ["different", "cannot_tell"]
    assert found.rho[v, 0, 1] > 0.9 > found.rho[v, 0, 0]
    assert found.different[v, 0, 1] == pytest.approx(4 / 6)
    assert found.low[v, 0, 1] < 0 < found.high[v, 0, 1]
    assert found.similar[v, 0, 2] == 1.0
    assert found.verdict[v, 0, 2] == "similar"


def test_this_model_keeps_its_numbers_but_a_flag_has_to_hold() -> None:
    """Of the audited model the interval stays; the verdict still needs 80 % of the refits."""
    made = compared(models(turning=True))
    found = refits(made, about="this model")
    np.testing.assert_array_equal(found.effect, made[0].effect)
    np.testing.assert_array_equal(found.high, made[0].high)
    v = made[0].view("signed")
    assert found.verdict[v, 0].tolist()[:2] == ["different", "cannot_tell"]


def test_equal_refits_give_the_first_comparison_again() -> None:
    """No variance between refits: effects, limits and verdicts are those of one."""
    made = compared(np.ones((1, 3)))[0]
    found = refits([made] * 5)
    np.testing.assert_allclose(found.effect, made.effect)
    np.testing.assert_allclose(found.rho, 0, atol=1e-12)
    inside = found.df / made.df
    assert ((inside > 0.97) & (inside < 1)).all()
    np.testing.assert_allclose(found.low, made.low, rtol=0.01, atol=1e-3)
    np.testing.assert_array_equal(found.verdict, made.verdict)


def test_a_refit_that_cannot_be_asked_silences_its_cells() -> None:
    """The reason says which refit."""
    made = compared(np.ones((5, 3)))
    word, reason = made[3].verdict.copy(), made[3].reason.copy().astype("<U40")
    blank = {name: getattr(made[3], name).copy() for name in ("effect", "low", "high", "se", "df")}
    blank |= {name: getattr(made[3], name).copy() for name in ("p", "p_maxt", "q")}
    for values in blank.values():
        values[0, 0, 1] = np.nan
    word[0, 0, 1], reason[0, 0, 1] = "not_estimable", "no overlap"
    extent = made[3].extent.copy()
    extent[0, 0, 1] = ""
    made[3] = replace(made[3], verdict=word, reason=reason, extent=extent, **blank)
    found = refits(made)
    assert found.reason[0, 0, 1] == "refit 4: no overlap"
    assert found.verdict[0, 0, 1] == "not_estimable"
    assert np.isnan(found.effect[0, 0, 1])
    assert plain(restore(Refits, plain(found))) == plain(found)
    assert len(found.to_frame()) == found.effect.size
    assert "5 refits" in repr(found)


def test_other_questions_are_refused() -> None:
    """Too few, another margin, other people: each is named."""
    made = compared(np.ones((5, 3)))
    with pytest.raises(InputError, match="4 refits; at least 5"):
        refits(made[:4])
    with pytest.raises(InputError, match="refit 5 has margin"):
        refits([*made[:4], replace(made[4], margin=0.3)])
    with pytest.raises(InputError, match="refit 5 was compared on other people"):
        refits([*made[:4], replace(made[4], n=made[4].n + 1)])
