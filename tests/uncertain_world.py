"""Models whose uncertainty is planted: doses, risks, classes, and members that scatter."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit, softmax

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.ensemble import Ensemble
from evenlight.data.probed import Predictions
from evenlight.measures.conforming import Calibration, Conformal

NINE = Conformal(levels=(0.9,))
Audited = tuple[Predictions, Cohort]


def on(people: Calibration) -> Conformal:
    """One level, calibrated on these people."""
    return Conformal(levels=(0.9,), calibration=people)


def doses(n: int, seed: int, ratio: float = 1.0, who: str = "p", share: float = 0.3) -> Audited:
    """A right model of a dose whose errors in group b are `ratio` times those in group a."""
    rng = np.random.default_rng(seed)
    at_b = rng.permutation(n) < share * n
    said = rng.normal(size=n)
    people = pd.DataFrame(
        {
            "race": np.where(at_b, "b", "a"),
            "dose": said + rng.normal(size=n) * np.where(at_b, ratio, 1.0),
        },
        index=[f"{who}{i:04d}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 1)), people, outcome="dose", unit="row")
    return Predictions(cohort.rows, said, said, "dose", "identity", unit="mg"), cohort


def risks(n: int, seed: int, noise: float = 0.0) -> Audited:
    """A calibrated risk of death, to which coin tosses are added in group b."""
    rng = np.random.default_rng(seed)
    at_b = rng.permutation(n) < 0.4 * n
    margin = 2.0 * rng.normal(size=n)
    y = rng.random(n) < expit(margin)
    y = np.where(at_b & (rng.random(n) < noise), rng.random(n) < 0.5, y)
    people = pd.DataFrame(
        {"race": np.where(at_b, "b", "a"), "died": y.astype(int)},
        index=[f"p{i:04d}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 1)), people, outcome="died", unit="row")
    return Predictions(cohort.rows, margin, expit(margin), "died", "logit"), cohort


def ensemble_of(said: Predictions, spread: Float, m: int = 8) -> Ensemble:
    """Members whose margins scatter around the prediction with `spread` (n,) of its own."""
    noise = np.random.default_rng(9).normal(size=(m, len(spread)))
    margins = said.margin + spread * (noise - noise.mean(axis=0))
    response = expit(margins) if said.link == "logit" else margins
    return Ensemble(said.rows, margins, response, said.target, said.link, unit=said.unit)


def classes(n: int, seed: int) -> tuple[list[Predictions], Cohort]:
    """Three classes with right probabilities."""
    rng = np.random.default_rng(seed)
    p = softmax(2.0 * rng.normal(size=(n, 3)), axis=1)
    y = (rng.random(n)[:, None] > np.cumsum(p, axis=1)).sum(axis=1).clip(max=2)
    people = pd.DataFrame(
        {"race": rng.choice(["a", "b"], n), "kind": np.array(["one", "three", "two"])[y]},
        index=[f"p{i}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 1)), people, outcome="kind", unit="row")
    said = [
        Predictions(cohort.rows, np.log(q / (1 - q)), q, name, "softmax")
        for name, q in zip(["one", "three", "two"], p.T, strict=True)
    ]
    return said, cohort
