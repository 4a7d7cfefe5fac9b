"""How unsure a prediction is, and how much of it members of an ensemble disagree about."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from evenlight.arrays import Float


@dataclass(frozen=True, slots=True, eq=False)
class Doubt:
    """Total uncertainty of each row (n,), and its parts: total = aleatoric + epistemic.

    *Aleatoric* is what members expect of the outcome on average, *epistemic* what they disagree
    about: more training data would lessen the second alone.
    """

    total: Float
    aleatoric: Float
    epistemic: Float


def entropy(p: Float) -> Float:
    """Shannon entropy of probabilities (..., c) in bits, (...): -sum p log2 p, with 0 log 0 = 0.

    >>> entropy(np.array([[0.5, 0.5], [1.0, 0.0], [0.25, 0.75]])).round(3).tolist()
    [1.0, 0.0, 0.811]
    """
    safe = np.where(p > 0, p, 1.0)
    bits: Float = -(safe * np.log2(safe)).sum(axis=-1)
    return np.maximum(bits, 0.0)


def disagreement(p: Float) -> Doubt:
    """The entropy of the members' mean, split, from probabilities (m, n, c) of m members, in bits.

    Total H(mean p), aleatoric mean H(p), epistemic their difference: the mutual information of
    the outcome and the member (Depeweg et al. 2018, ICML; Houlsby et al. 2011, arXiv 1112.5745).
    It is of these m members: few members show a little less than all would.

    >>> made = disagreement(np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    >>> made.total.tolist(), made.aleatoric.tolist(), made.epistemic.tolist()
    ([1.0], [0.0], [1.0])
    """
    total, own = entropy(p.mean(axis=0)), entropy(p).mean(axis=0)
    return Doubt(total, own, np.maximum(total - own, 0.0))


def variance_parts(means: Float, variances: Float | None = None) -> Doubt:
    """The variance of the members' mixture, split, from means and variances (m, n) of m members.

    Law of total variance: aleatoric is the mean of the variances, epistemic the variance of the
    means (over m, as in Lakshminarayanan et al. 2017, NeurIPS). Without `variances` members say
    nothing of the aleatoric part, which is NaN, as the total is.

    >>> made = variance_parts(np.array([[1.0], [3.0]]), np.array([[4.0], [6.0]]))
    >>> made.total.tolist(), made.aleatoric.tolist(), made.epistemic.tolist()
    ([6.0], [5.0], [1.0])
    """
    between = means.var(axis=0)
    own = np.full_like(between, np.nan) if variances is None else variances.mean(axis=0)
    return Doubt(own + between, own, between)
