"""Whole audits of the default plan, with every default question set to block.

Five ancestries of 100 people each, and sex. What the gate says where nothing is wrong, and what the
primary questions say where one of them is wrong by exactly two of its margins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy.special import expit
from scipy.stats import rankdata

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.findings import Answer
from evenlight.models.adapt import adapt
from evenlight.plan import Plan, default_questions
from evenlight.policy import Margins
from evenlight.qualify.lines import Found
from evenlight.qualify.told import Score
from evenlight.record import Audit

ANCESTRIES = ("AFR", "AMR", "EAS", "EUR", "SAS")
PEOPLE = 500
WEIGHTS = (0.9, -0.7, 0.6, 0.5, -0.4, 0.3)
APART = ANCESTRIES[0]
"""The ancestry that is planted apart from the others."""

MANY = 400_000
"""People by whom the true size of a planted difference is found."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """Values (n, p), what the outcome's logit is, and the model that is audited."""

    x: Float
    logit: Float
    model: object
    method: str


Make = Callable[[np.random.Generator, np.ndarray], World]


def null(rng: np.random.Generator, ancestry: np.ndarray) -> World:
    """A calibrated linear model; values and outcome do not go with ancestry or sex."""
    x = rng.normal(size=(len(ancestry), len(WEIGHTS)))
    return World(x, x @ np.array(WEIGHTS), _table(WEIGHTS), "linear")


def worse_for_one(rng: np.random.Generator, ancestry: np.ndarray) -> World:
    """The outcome follows the same signs less in one ancestry: its AUROC is two margins lower."""
    made = null(rng, ancestry)
    steep = np.where(ancestry == APART, weaker(), 1.0)
    return World(made.x, made.logit * steep, made.model, made.method)


def used_otherwise(rng: np.random.Generator, ancestry: np.ndarray) -> World:
    """The output holds x_0 x_1, and x_1 is higher in one ancestry: x_0 counts two margins more."""
    x = rng.normal(size=(len(ancestry), 4))
    x[ancestry == APART, 1] += 1.0
    strength = product_strength()
    return World(x, _with_product(x, strength), _function(strength), "shapley")


def relied_on(rng: np.random.Generator, ancestry: np.ndarray) -> World:
    """A marker of one ancestry, which no outcome follows, carries two margins of the variance."""
    made = null(rng, ancestry)
    x = np.column_stack([made.x, 0.3 * rng.normal(size=len(ancestry)) + (ancestry == APART)])
    return World(x, made.logit, _table((*WEIGHTS, marker_weight())), "linear")


WORLDS: Mapping[str, tuple[Make, str]] = {
    "audit, null": (null, ""),
    "audit, performance two margins": (worse_for_one, "performance"),
    "audit, use two margins": (used_otherwise, "use"),
    "audit, reliance two margins": (relied_on, "reliance"),
}
"""Case to its generator and the question whose true difference is two margins."""


def whole_audit(case: str, rng: np.random.Generator, seed: int) -> Found:
    """The gate and the answers of one audit, as shares (0 or 1) by question."""
    make, planted = WORLDS[case]
    made, cohort = _drawn(make, rng)
    questions = [q.model_copy(update={"blocks": True}) for q in default_questions(cohort)]
    plan = Plan.from_data({
        "explain": {"method": made.method, "seed": seed, "repeats": 0},
        "measure": {"further": False},
        "question": [q.model_dump() for q in questions],
    })  # fmt: skip
    return _told(audit(made.model, cohort, plan=plan), planted)


def _drawn(make: Make, rng: np.random.Generator) -> tuple[World, Cohort]:
    ancestry = np.array(ANCESTRIES)[np.arange(PEOPLE) % len(ANCESTRIES)]
    made = make(rng, ancestry)
    ill = rng.uniform(size=PEOPLE) < expit(made.logit)
    sex = np.where(rng.uniform(size=PEOPLE) < 0.5, "female", "male")
    people = pd.DataFrame(
        {"ancestry": ancestry, "sex": sex, "ill": ill.astype(int)},
        index=[f"p{i:04d}" for i in range(PEOPLE)],
    )
    names = [f"x{j}" for j in range(made.x.shape[1])]
    roles = {"outcome": "ill", "unit": "row", "groups": ["ancestry", "sex"]}
    return made, Cohort(made.x, people, names, **roles)  # type: ignore[arg-type]


def _told(made: Audit, planted: str) -> Found:
    gate = {f"gate {word}": 0.0 for word in ("failed", "no verdict", "passed")}
    gate[f"gate {made.verdict.word}"] = 1.0
    out: Found = {"gate": {"evenlight": gate}}
    for answer in made.answers:
        out[answer.measure] = {"evenlight": _shares(answer, answer.measure == planted)}
    return out


def _shares(answer: Answer, planted: bool) -> Score:
    """The answer's word; and, of the contrasts of the ancestry apart, those called similar."""
    words = ("different", "similar", "cannot_tell", "not_estimable")
    out = {f"said {word}": float(answer.verdict == word) for word in words}
    if planted:
        own = [p.verdict for p in answer.parts if APART in p.contrast] or [answer.verdict]
        out["similar at two margins"] = float("similar" in own)
    return out


def _table(weights: tuple[float, ...]) -> CoefficientTable:
    named = {f"x{j}": w for j, w in enumerate(weights)}
    return CoefficientTable("score", 0.0, named, link="logit")


def _with_product(x: Float, strength: float) -> Float:
    made: Float = x @ np.array([0.9, 0.3, -0.6, 0.4]) + strength * x[:, 0] * x[:, 1]
    return made


def _function(strength: float) -> object:
    def risk(x: Float) -> Float:
        return _with_product(np.asarray(x, dtype=np.float64), strength)

    return adapt(risk, link="logit", gives="margin")


def _many() -> tuple[np.random.Generator, np.ndarray]:
    return np.random.default_rng(1), np.array(ANCESTRIES)[np.arange(MANY) % len(ANCESTRIES)]


@cache
def weaker() -> float:
    """The slope of the outcome on the score that lowers the AUROC by two margins."""
    rng, _ = _many()
    score, u = rng.normal(size=MANY) * float(np.linalg.norm(WEIGHTS)), rng.uniform(size=MANY)
    target = _auroc(score, u < expit(score)) - 2 * Margins().auroc
    return _solved(lambda slope: _auroc(score, u < expit(slope * score)) - target, 0.0, 1.0)


@cache
def product_strength() -> float:
    """The strength of x_0 x_1 that makes the use of x_0 differ by two margins of SD(f)."""
    rng, ancestry = _many()
    x = rng.normal(size=(MANY, 4))
    x[ancestry == APART, 1] += 1.0
    reach = float(np.ptp(np.quantile(x[:, 0], [0.1, 0.9])))

    def apart(strength: float) -> float:
        f = _with_product(x, strength)
        sd = np.sqrt(np.mean([f[ancestry == a].var() for a in ANCESTRIES]))
        return float(reach * strength / sd) - 2 * Margins().attribution

    return _solved(apart, 0.0, 1.0)


@cache
def marker_weight() -> float:
    """The weight at which the marker carries two margins of the variance within the outcome."""
    rng, ancestry = _many()
    made = null(rng, ancestry)
    ill, marker = rng.uniform(size=MANY) < expit(made.logit), ancestry == APART
    within = np.mean([made.logit[ill == y].var() * (ill == y).mean() * 2 for y in (True, False)])

    def share(weight: float) -> float:
        between = weight**2 * float(marker.var())
        rest = float(within) + weight**2 * 0.3**2
        return between / (between + rest) - 2 * Margins().reliance

    return _solved(share, 0.0, 10.0)


def _auroc(score: Float, ill: np.ndarray) -> float:
    ranks, n = rankdata(score), int(ill.sum())
    return float((ranks[ill].sum() - n * (n + 1) / 2) / (n * (len(ill) - n)))


def _solved(gap: Callable[[float], float], low: float, high: float) -> float:
    """The root of a monotone function between two points, by halving."""
    rising = gap(high) > gap(low)
    for _ in range(40):
        middle = (low + high) / 2
        if (gap(middle) > 0) == rising:
            high = middle
        else:
            low = middle
    return (low + high) / 2
