"""What a model leans on beyond its twin: shares of variance between groups over paired refits.

    B_S|y of one refit, less its mean under permutation of the group within strata, in closed form:
    E[B_j] = sum_s (k_s - 1) S_s(j, f) / (n E Var(f | s)),   S_s the covariance (n_s - 1) in s

(the variance of a mean of n_g units drawn without replacement is S / n_g (1 - n_g / n); Cochran
1977, Sampling Techniques, 2.6). Over K refits of a model and of its twin on the same resamples:

    EAS_k = UAS(model_k) - UAS(twin_k),   EAS_lo = mean - t_{K-1, 1-alpha} SD(EAS_k)

The limit is one for a further refit, not for the mean: the audited model is one of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import stats

from evenlight.arrays import Float
from evenlight.errors import InputError
from evenlight.stats.decomposition import Layout, shares


@dataclass(frozen=True, slots=True, eq=False)
class Excess:
    """Mean, SD over refits, and lower limit, each with the trailing shape of what was compared."""

    mean: Float
    sd: Float
    low: Float
    refits: int


def expected_shares(plan: Layout) -> Float:
    """The mean of B_j (p,) when the group is shuffled among the units of each stratum, exactly.

    >>> import numpy as np
    >>> from evenlight.stats.decomposition import layout
    >>> phi = np.array([[0.0, 1.0], [0.0, -1.0], [2.0, 1.0], [2.0, -1.0]])
    >>> plan = layout(phi, phi.sum(axis=1), np.array([0, 0, 1, 1]), np.zeros(4, dtype=int))
    >>> expected_shares(plan).round(4).tolist()
    [0.1667, 0.1667]
    """
    out, total = np.zeros(plan.phi.shape[1]), 0.0
    for s in range(plan.s):
        rows = plan.stratum == s
        f = plan.f[rows] - plan.f[rows].mean()
        present = len(np.unique(plan.group[rows]))
        out += (present - 1) * (f @ plan.phi[rows]) / max(int(rows.sum()) - 1, 1)
        total += float(f @ f)
    return out / total if total > 0 else out


def corrected_shares(plan: Layout) -> Float:
    """B_j (p,) less its mean under no effect."""
    out: Float = shares(plan) - expected_shares(plan)
    return out


def excess(model: Float, twin: Float, *, alpha: float = 0.05) -> Excess:
    """Model less twin over K paired refits (K, ...), with the one-sided limit of 1 - `alpha`.

    Raises InputError where the two have other shapes, or K is below 2.

    >>> made = excess(np.array([[0.3], [0.5]]), np.array([[0.1], [0.1]]))
    >>> made.mean.round(3).tolist(), made.sd.round(3).tolist(), made.low.round(3).tolist()
    ([0.3], [0.141], [-0.593])
    """
    if model.shape != twin.shape or len(model) < 2:
        raise InputError(
            f"refits of the model have shape {model.shape}, of the twin {twin.shape}; wanted the "
            "same number, 2 or more, in pairs"
        )
    apart, k = model - twin, len(model)
    mean, sd = apart.mean(axis=0), apart.std(axis=0, ddof=1)
    return Excess(mean, sd, mean - float(stats.t.isf(alpha, k - 1)) * sd, k)
