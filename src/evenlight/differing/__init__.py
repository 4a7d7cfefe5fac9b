"""One audit against the next: what became better or worse, under a policy for repeated looks.

From the two records alone: no row, no model.
"""

from evenlight.differing.diff import diff, save_difference
from evenlight.differing.record import Difference
from evenlight.differing.regression import Regression, read_regression

__all__ = ["Difference", "Regression", "diff", "read_regression", "save_difference"]
