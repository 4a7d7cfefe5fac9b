"""Sites combined: against a literal twin, with heterogeneity, and never beyond what each shows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from evenlight.differing.read import Read
from evenlight.errors import InputError
from evenlight.findings import Answer
from evenlight.measures.words import Verdict
from evenlight.pooling import Pool, pool, save_pool
from evenlight.pooling.items import Family, items
from evenlight.pooling.pool import _answers
from evenlight.result import Result
from evenlight.stats.combined import combine, standard_errors
from tests.between_world import audited


def one(verdict: Verdict, effect: float, half: float, n: float = 203.0) -> Result:
    """A result of one site."""
    return Result(
        "performance", "g", ("b", "a"), "mae", "", verdict, effect, effect - half, effect + half,
        n, "", 0.1,
    )  # fmt: skip


def said(**sites: Result) -> str:
    """What an answer says of one number over sites."""
    family = Family({"E-1": sites}, tuple(sites), dict.fromkeys(sites, 1))
    (item,) = items(iter([family]), frozenset({"E-1"}))
    reads = [Read({"E-1": r}, {"Is it similar?": ("E-1",)}) for r in sites.values()]
    (made,) = _answers(reads, (item,))
    return made.sentence


def together(**sites: Result) -> tuple[str, str]:
    """The verdict and reason of one number over sites."""
    family = Family({"E-1": sites}, tuple(sites), dict.fromkeys(sites, 1))
    (made,) = items(iter([family]), frozenset())
    return made.verdict, made.reason


def test_the_combination_is_that_of_its_formulas() -> None:
    """Effect, Q, tau and prediction interval equal a loop over sites, written out."""
    rng = np.random.default_rng(0)
    effect, se = rng.normal(size=(5, 4)), rng.uniform(0.2, 0.6, size=(5, 4))
    effect[1, 2] = np.nan
    made = combine(effect, se, se)
    for j in range(4):
        own = [k for k in range(5) if not np.isnan(effect[k, j])]
        w = [1 / se[k, j] ** 2 for k in own]
        mean = sum(v * effect[k, j] for v, k in zip(w, own, strict=True)) / sum(w)
        q = sum(v * (effect[k, j] - mean) ** 2 for v, k in zip(w, own, strict=True))
        c = sum(w) - sum(v**2 for v in w) / sum(w)
        tau2 = max(q - (len(own) - 1), 0) / c
        u = [1 / (se[k, j] ** 2 + tau2) for k in own]
        centre = sum(v * effect[k, j] for v, k in zip(u, own, strict=True)) / sum(u)
        half = stats.t.isf(0.025, len(own) - 2) * np.sqrt(tau2 + 1 / sum(u))
        assert made.effect[j] == pytest.approx(mean)
        assert made.se[j] == pytest.approx(sum(w) ** -0.5)
        assert made.q[j] == pytest.approx(q)
        assert made.p[j] == pytest.approx(stats.chi2.sf(q, len(own) - 1))
        assert made.tau[j] == pytest.approx(np.sqrt(tau2))
        assert made.elsewhere_low[j] == pytest.approx(centre - half)


def test_limits_hold_the_mean_over_sites_and_q_its_size() -> None:
    """Of 4,000 pools 95 % hold the weighted mean of what is true at the sites, like or unlike."""
    rng = np.random.default_rng(1)
    runs, k = 4000, 4
    se = np.broadcast_to(np.array([[0.1], [0.2], [0.15], [0.3]]), (k, runs))
    for spread in (0.0, 0.5):
        true = spread * rng.normal(size=(k, runs))
        made = combine(true + se * rng.normal(size=(k, runs)), se, se)
        mean = (true / se**2).sum(axis=0) / (1 / se**2).sum(axis=0)
        held = np.abs(made.effect - mean) <= stats.norm.isf(0.025) * made.se
        assert held.mean() == pytest.approx(0.95, abs=0.012)
        if not spread:
            assert (made.p < 0.05).mean() == pytest.approx(0.05, abs=0.012)


def test_standard_errors_bracket_that_behind_simultaneous_limits() -> None:
    """The true one lies between the largest and the smallest that are read from half-widths."""
    draws = np.abs(np.random.default_rng(2).normal(size=(20_000, 7))).max(axis=1)
    half = 0.3 * np.quantile(draws, 0.95)
    high, low = standard_errors(
        np.array([half]), np.array([0.05]), np.array([1e6]), np.array([7.0])
    )
    assert low[0] - 0.002 <= 0.3 <= high[0]


def test_sites_that_cancel_are_never_similar() -> None:
    """Opposite differences whose mean is 0 are not called similar, nor is one site's alone."""
    word, reason = together(a=one("different", 0.3, 0.05), b=one("different", -0.3, 0.05))
    assert (word, reason) == ("cannot_tell", "Similar in the mean, yet different at a, b.")
    word, reason = together(a=one("similar", 0.09, 0.009), b=one("similar", -0.09, 0.009))
    assert (word, reason) == (
        "cannot_tell",
        "Similar in the mean, yet sites differ from each other.",
    )
    assert together(a=one("similar", 0.01, 0.05), b=one("similar", 0.0, 0.05))[0] == "similar"
    assert (
        together(a=one("cannot_tell", 0.1, 0.3), b=one("cannot_tell", 0.1, 0.3))[0] == "cannot_tell"
    )


def test_an_interval_that_holds_no_site_says_so() -> None:
    """Two sites at 0 and two at 0.9 have a mean whose interval holds none: that is told."""
    sites = {"a": 0.0, "b": 0.9, "c": 0.05, "d": 0.95}
    told = said(**{name: one("cannot_tell", at, 0.2) for name, at in sites.items()})
    assert "mean alone: estimates of sites go from 0.00 to 0.95 (I² 96 %)" in told
    assert "the interval holds none of them" in told
    near = {"a": 0.0, "b": 0.3, "c": 0.6}
    told = said(**{name: one("cannot_tell", at, 0.2) for name, at in near.items()})
    assert "estimates of sites go from 0.00 to 0.60" in told
    assert "none of them" not in told
    alike = {"a": 0.30, "b": 0.32, "c": 0.31}
    assert "alone" not in said(**{name: one("different", at, 0.1) for name, at in alike.items()})


def test_three_audits_become_one_record(tmp_path: Path) -> None:
    """Three sites of one formula: answers, people to 5, and a file that reads back alike."""
    sites = [audited(400, seed) for seed in (0, 1, 2)]
    made = pool(sites, names=("north", "south", "west"), other_background=True)
    assert [a.question for a in made.answers] == [a.question for a in sites[0].answers]
    assert all(person.units % 5 == 0 for person in made.people)
    assert {p.part: p.units for p in made.people}["a"] == 600
    mae = next(i for i in made.items if i.subject == "mae")
    assert mae.at == ("north", "south", "west")
    assert (
        min(t.effect or 0 for t in mae.each) <= mae.effect <= max(t.effect or 0 for t in mae.each)
    )
    again = Pool.from_json(save_pool(made, tmp_path).read_text())
    assert again.to_json() == made.to_json()


def test_more_sites_tell_what_one_cannot() -> None:
    """A difference that each of three sites leaves open is told by all of them."""
    sites = [audited(400, seed, 0.35) for seed in (0, 1, 2)]
    made = pool(sites, other_background=True)
    mae = next(i for i in made.items if i.subject == "mae")
    widths = [t.high - t.low for t in mae.each if t.high is not None and t.low is not None]
    assert mae.high - mae.low < min(widths)


def test_explanations_against_own_backgrounds_need_saying_so() -> None:
    """Without the declaration attributions are not put together, and the answer says why not."""
    made = pool([audited(400, seed) for seed in (0, 1)])
    by = {answer.question: answer for answer in made.answers}
    told = [a for q, a in by.items() if "contribute" in q]
    assert [a.verdict for a in told] == ["not_estimable"]
    assert any(one.spoils == "explanations" for one in made.apart)


def test_a_question_left_open_anywhere_is_not_similar() -> None:
    """An answer whose numbers are told at one site alone is never similar."""
    sites = [audited(400, seed) for seed in (0, 1)]
    made = pool(sites)
    lost: list[Answer] = [a for one in sites for a in one.answers]
    assert lost
    assert "similar" not in {a.verdict for a in made.answers if "contribute" in a.question}


def test_wrong_sites_are_named() -> None:
    """One audit, one cohort twice, and one name for two sites are errors."""
    a, b = audited(400, 0), audited(400, 1)
    with pytest.raises(InputError, match="two audits or more, not 1"):
        pool([a])
    with pytest.raises(InputError, match="site 1 and site 2 are the same people"):
        pool([a, replace(a)])
    with pytest.raises(InputError, match="different names"):
        pool([a, b], names=("x", "x"))
