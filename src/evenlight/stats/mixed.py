"""A linear mixed model of rows nested in units, as a sensitivity analysis of the unit means.

    value_ij = b x_i + strata and covariates + u_i + e_ij,    u_i of variance tau^2

fitted by restricted maximum likelihood. Unit means weigh every unit alike, the mixed model by its
number of rows and the likeness within it (Zimmerman et al. 2021, Nat Commun 12:738).
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning, ModelWarning

from evenlight.arrays import Float, Int

NOT_CONVERGED = "the mixed model did not converge"
STILL = "the values do not vary"


@dataclass(frozen=True, slots=True)
class Fitted:
    """The first column's effect, its standard error, z and p, the ICC; or `reason` why not."""

    effect: float
    se: float
    p: float
    icc: float
    reason: str


def mixed_model(values: Float, design: Float, unit: Int) -> Fitted:
    """Fit values (n,) on design (n, k), with an intercept for each unit (n,) at random.

    The design has its own intercept; the effect is that of its first column. NaN with a reason
    where the fit fails. A unit variance of 0 is a fit: the rows are then as good as independent.

    >>> rng = np.random.default_rng(0)
    >>> unit = np.repeat(np.arange(12), 5)
    >>> x = np.column_stack([unit % 2, np.ones(60)])
    >>> y = x[:, 0] + rng.normal(size=12)[unit] + rng.normal(size=60)
    >>> round(mixed_model(y, x, unit).icc, 1)
    0.6
    """
    scale = float(np.std(values))
    if scale <= 1e-12 * max(float(np.abs(values).max(initial=0.0)), 1e-300):
        return Fitted(np.nan, np.nan, np.nan, np.nan, STILL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.simplefilter("ignore", RuntimeWarning)
        warnings.simplefilter("ignore", ModelWarning)
        try:
            made = MixedLM(values / scale, design, groups=unit).fit(reml=True)
        except (np.linalg.LinAlgError, ValueError):
            return Fitted(np.nan, np.nan, np.nan, np.nan, NOT_CONVERGED)
        between, within = float(made.cov_re[0, 0]), float(made.scale)
        se, p = float(made.bse_fe[0]), float(made.pvalues[0])
    if not (made.converged or between <= 1e-6 * within) or not np.isfinite(se) or se <= 0:
        return Fitted(np.nan, np.nan, np.nan, np.nan, NOT_CONVERGED)
    effect = float(made.fe_params[0])
    return Fitted(effect * scale, se * scale, p, between / (between + within), "")
