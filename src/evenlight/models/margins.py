"""The margin of one target from what a network gives, with gradients."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from evenlight.data.coefficients import Link
from evenlight.models.adapted import Gives
from evenlight.models.links import ADULT


def margin_tensor(raw: Tensor, link: Link, gives: Gives, column: int) -> Tensor:
    """Margin (n,) of one target from raw outputs (n,) or (n, t), differentiable."""
    out = raw.reshape(len(raw), -1)
    chosen = out[:, column]
    if gives == "margin" and link == "softmax":
        others = torch.cat([out[:, :column], out[:, column + 1 :]], dim=1)
        return chosen - torch.logsumexp(others, dim=1)
    if gives == "margin" or link == "identity":
        return chosen
    if link == "square":
        return torch.sqrt(chosen)
    if link == "log":
        return torch.log(chosen)
    if link == "horvath":
        child = torch.log(torch.clamp(chosen, max=ADULT) + 1) - float(np.log(ADULT + 1))
        return torch.where(chosen < ADULT, child, (chosen - ADULT) / (ADULT + 1))
    return torch.log(chosen) - torch.log1p(-chosen)
