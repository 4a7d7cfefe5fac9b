"""What a fitted estimator is handed, and what it hands back, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Text


def as_fitted(estimator: Any, x: Float, rows: Text | None = None) -> Any:
    """Rows x (n, p) with the column names that an estimator was fitted with, if it had names.

    `rows` (n,) are their ids, for an estimator that looks at them.
    """
    names = getattr(estimator, "feature_names_in_", None)
    return x if names is None else pd.DataFrame(x, columns=list(names), index=rows)


def as_dense(values: Any) -> Float:
    """What a step gives, as float64; some give sparse matrices.

    >>> from scipy.sparse import csr_array
    >>> as_dense(csr_array(np.eye(2))).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    return np.asarray(values.toarray() if hasattr(values, "toarray") else values, dtype=np.float64)
