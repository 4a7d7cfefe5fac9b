"""How a refit is called, and what is said where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from evenlight.errors import InputError, ModelError
from evenlight.models.adapt import adapt
from evenlight.probes.refitting import Refitting
from evenlight.probes.twin import twin
from tests.twin_world import drawn


def bare(x: object, y: object) -> object:
    """A refit without the keywords."""
    return x, y


def test_a_refit_without_the_keywords_is_refused_before_training() -> None:
    """The signature is asked at birth; one that takes any keywords passes."""
    with pytest.raises(InputError, match=r"refit is bare\(x: 'object'.*weight=..., seed=...\)"):
        Refitting(refit=bare)
    assert Refitting(refit=lambda x, y, **own: None).refits == 10


def net(width: int) -> nn.Module:
    """A network of one layer."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(width, 1)).eval()


def test_a_network_of_fixed_width_is_told_of_the_group_columns() -> None:
    """The twin's x has a column more, and the error says so; with the width of x it is trained."""
    training, cohort = drawn(40, 120), drawn(41, 60, prefix="a")
    model = adapt(net(3), link="logit", gives="margin")

    def fixed(x: np.ndarray, y: np.ndarray, *, weight: np.ndarray, seed: int) -> object:
        made = net(3)
        made(torch.tensor(x, dtype=torch.float32))
        return adapt(made, link="logit", gives="margin")

    def wide(x: np.ndarray, y: np.ndarray, *, weight: np.ndarray, seed: int) -> object:
        return adapt(net(x.shape[1]), link="logit", gives="margin")

    wanted = Refitting(refits=5, refit=fixed)
    words = r"\(120, 4\) \(the twin's x: its last column is of the group, beside the 3 features"
    with pytest.raises(ModelError, match=words):
        twin(model, cohort, training=training, by="group", refitting=wanted)
    wanted = Refitting(refits=5, refit=wide)
    made = twin(model, cohort, training=training, by="group", refitting=wanted)
    assert made.how == "covariate"
    assert made.audited is not None
    np.testing.assert_allclose(made.audited, made.models[0].output)  # the refit is the model itself
