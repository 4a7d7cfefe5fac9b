"""Names for the arrays that travel between the rooms."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]
Single = NDArray[np.float32]
Int = NDArray[np.int64]
Bool = NDArray[np.bool_]
Text = NDArray[np.str_]
Values = NDArray[Any]

__all__ = ["Bool", "Float", "Int", "Single", "Text", "Values"]
