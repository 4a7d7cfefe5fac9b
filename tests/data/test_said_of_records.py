"""Records with many numbers are told in one line."""

from __future__ import annotations

import numpy as np

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.groups import Axes


def test_a_formula_of_many_terms_is_one_line() -> None:
    """Name, target, how many terms, link and intercept; not every weight."""
    made = CoefficientTable("clock", 0.5, {f"cg{i}": 0.1 for i in range(1200)}, unit="years")
    assert repr(made) == (
        "CoefficientTable clock: output in years from 1,200 terms, link identity, intercept 0.5; "
        "see .weights"
    )
    assert "from 1 term, link logit" in repr(CoefficientTable("r", -1, {"age": 0.1}, "logit"))


def test_axes_are_one_line() -> None:
    """Name, rows and components; not the values of people."""
    assert repr(Axes("pcs", np.full((1500, 6), 0.25))) == (
        "Axes pcs: 1,500 rows of 6 (PC1, PC2, PC3, PC4, ...)"
    )
    shares = Axes("admixture", np.full((3, 2), 0.5), names=("AFR", "EUR"), composition="ilr")
    assert repr(shares) == "Axes admixture: 3 rows of 2 (AFR, EUR), a composition (ilr)"
