"""Stems, chains and pairs that look right on some rows and are not: each must be seen."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.errors import EvenlightWarning
from evenlight.explainers.explain import explain
from evenlight.explainers.opened import Network, Part
from evenlight.explainers.proof import alone
from evenlight.explainers.stem import find
from evenlight.models.adapt import adapt
from evenlight.models.networks import kept
from tests.zoo import layers

PEOPLE = pd.DataFrame({"sex": np.tile(["f", "m"], 20)}, index=[f"r{i:02d}" for i in range(40)])


def rows(*shape: int, seed: int = 0) -> Float:
    """Forty rows of noise."""
    return np.random.default_rng(seed).normal(size=(40, *shape))


def found(module: nn.Module, x: Float, **own: object) -> Attributions:
    """Integrated gradients of the first target from the mean row, or from what is asked for."""
    people = Cohort(x, PEOPLE, groups=["sex"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        return explain(module, people, method="ig", target=0, **{"baseline": x.mean(0), **own})


def slow(module: nn.Module, x: Float, start: Float, nodes: int = 4000) -> Float:
    """Midpoints at the input in float64, a row at a time."""
    share = torch.tensor((np.arange(nodes) + 0.5) / nodes).reshape(-1, *[1] * (x.ndim - 1))
    values = np.zeros_like(x)
    for i, row in enumerate(x):
        at = (torch.tensor(start) + share * torch.tensor(row - start)).requires_grad_()
        (g,) = torch.autograd.grad(module.double()(at)[:, 0].sum(), at)
        values[i] = g.mean(dim=0).numpy() * (row - start)
    module.float()
    return values


def close(module: nn.Module, x: Float, start: Float | None = None) -> Attributions:
    """The attributions, which lie within 1 % of the scale of those of the slow way."""
    begin = x.mean(0) if start is None else start
    made = found(module, x, baseline=begin)
    assert made.converged.mean() >= 0.95
    moved = np.abs(made.output - made.base)
    scale = np.maximum(moved, np.median(moved))
    apart = np.abs(made.values - slow(module.eval(), x, begin)).reshape(len(x), -1).max(axis=1)
    assert (apart[made.converged] <= 0.011 * scale[made.converged]).all()
    return made


class Masked(nn.Linear):
    """A linear layer that knows only some of its weights, as pathway networks have."""

    def forward(self, x: Tensor) -> Tensor:
        """Every second weight is masked."""
        mask = torch.arange(self.weight.numel()).reshape(self.weight.shape) % 2
        return functional.linear(x, self.weight * mask, self.bias)


def test_a_row_of_zeros_does_not_vouch_for_the_weights() -> None:
    """With a first row of zeros, a layer that masks or scales is not taken for its weights."""
    torch.manual_seed(0)
    x = rows(6)
    x[0] = 0
    masked = nn.Sequential(Masked(6, 7), nn.Tanh(), nn.Linear(7, 1))
    assert close(masked, x).settings["stem"] == "0"
    scaled = layers(6, 5, 1, activation=nn.Tanh)
    scaled[0].register_forward_pre_hook(lambda part, given: (3 * given[0],))
    assert close(scaled, x).settings["stem"] == "0"


class Side(nn.Module):
    """A second path that is shut on almost all rows."""

    def __init__(self, *, chosen: bool) -> None:
        super().__init__()
        self.first, self.last, self.other = nn.Linear(6, 8), nn.Linear(8, 1), nn.Linear(8, 1)
        self.chosen = chosen

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 1)."""
        z = torch.tanh(self.first(x))
        if self.chosen:
            return torch.where(x[:, :1] > 4, self.other(z), self.last(z))
        return torch.as_tensor(self.last(z) + functional.relu(x[:, :1] - 4))


@pytest.mark.parametrize("chosen", [True, False])
def test_a_second_path_that_is_shut_on_the_sample_is_seen(chosen: bool) -> None:
    """Probes far from the data open it."""
    module = Side(chosen=chosen)
    with kept(module):
        assert find(module, torch.tensor(rows(6)[:8] / 4).float()).name == ""


class Logs(nn.Module):
    """A part that takes the logarithm of all columns but one, which is a million times larger."""

    def forward(self, x: Tensor) -> Tensor:
        """Rows (n, 6) to (n, 6)."""
        return torch.cat([x[:, :1], torch.log1p(x[:, 1:].abs())], dim=1)


def test_a_bend_in_small_numbers_beside_large_ones_is_seen() -> None:
    """What is straight in its largest numbers only is no stem."""
    torch.manual_seed(0)
    scale = nn.BatchNorm1d(6)
    x = np.abs(rows(6)) * np.array([1e6, 1, 1, 1, 1, 1])
    scale.running_var = torch.tensor([1e12, 1, 1, 1, 1, 1])
    module = nn.Sequential(Logs(), scale, nn.Linear(6, 4), nn.Tanh(), nn.Linear(4, 1))
    assert close(module.eval(), x).settings["stem"] == ""


@pytest.mark.parametrize("hidden", [1, 2])
def test_relus_that_end_at_six_are_no_relus(hidden: int) -> None:
    """Also where z at the baseline is 0, so that nothing tells how large it gets."""
    torch.manual_seed(1)
    own: list[nn.Module] = [nn.Linear(6, 8, bias=False), nn.ReLU6()]
    own += [nn.Linear(8, 8), nn.ReLU6()] * (hidden - 1)
    made = close(nn.Sequential(*own, nn.Linear(8, 1)), 8 * rows(6), np.zeros(6))
    assert made.settings["exact_rows"] == 0


def test_a_clamped_output_is_seen() -> None:
    """A dose cannot be below 0: where that is not seen at the baseline, pieces do not add up."""
    torch.manual_seed(1)
    module = nn.Sequential(nn.Linear(6, 8, bias=False), nn.ReLU(), nn.Linear(8, 1), nn.ReLU())
    with torch.no_grad():
        module.get_parameter("2.bias").fill_(0.3)
    close(module, 3 * rows(6), np.zeros(6))


@pytest.mark.parametrize("size", [1e-20, 1.0, 1e20])
def test_pieces_do_not_depend_on_the_size_of_z(size: float) -> None:
    """Products of two small numbers would be 0 in float32."""
    torch.manual_seed(1)
    module = layers(6, 8, 5, 1)
    x = rows(6)
    plain = found(module, x)
    with torch.no_grad():
        for name in ("0.weight", "0.bias", "2.bias"):
            module.get_parameter(name).mul_(size)
        module.get_parameter("4.weight").div_(size)
    made = found(module, x)
    assert made.settings["exact_rows"] == plain.settings["exact_rows"] == 40
    np.testing.assert_allclose(made.values, plain.values, atol=1e-5, rtol=0)


def test_one_unit_written_in_place_is_copied() -> None:
    """An in-place ReLU on numbers that happen to be positive changes nothing, and yet writes."""
    module = nn.Sequential(nn.Linear(6, 2), nn.ReLU(inplace=True), nn.Linear(2, 1))
    with torch.no_grad():
        module.get_parameter("0.bias").fill_(100.0)
    sample = torch.tensor(rows(6)[:8]).float()
    with kept(module), torch.no_grad():
        bare = Network(module, sample[:1], (Part("0", module[0], (2,)),))
        net = alone(bare, sample, sample[:2])
        assert net is not None
        at = net.enter(sample).requires_grad_()
        with torch.enable_grad():
            torch.autograd.grad(net.rest(at).sum(), at)


class Recomputed(nn.Module):
    """Its middle is computed anew in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.deep, self.norm = nn.Conv1d(2, 4, 3), nn.Conv1d(4, 4, 3), nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 1)
        self.norm.running_mean = torch.full((4,), 0.3)
        self.norm.running_var = torch.full((4,), 0.05)

    def _middle(self, x: Tensor) -> Tensor:
        return torch.tanh(self.norm(self.deep(torch.tanh(self.first(x)))))

    def forward(self, x: Tensor) -> Tensor:
        """Series (n, 2, 9) to (n, 1)."""
        z = checkpoint(self._middle, x, use_reentrant=False)
        return torch.as_tensor(self.last(z.mean(2)))


def test_checkpoints_are_computed_anew_behind_the_stem() -> None:
    """The stem and the fused pair stay as they are while gradients are taken."""
    torch.manual_seed(0)
    made = close(Recomputed().eval(), rows(2, 9))
    assert (made.settings["stem"], made.settings["fused"]) == ("first", 1)


class Twice(nn.Module):
    """What a convolution gives is normalised, and used as it is where it is large."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.deep, self.norm = nn.Conv1d(2, 4, 3), nn.Conv1d(4, 4, 1), nn.BatchNorm1d(4)
        self.last = nn.Linear(4, 1)
        self.norm.running_mean, self.norm.running_var = torch.full((4,), 0.5), torch.full((4,), 0.2)

    def forward(self, x: Tensor) -> Tensor:
        """Series (n, 2, 9) to (n, 1)."""
        z = self.deep(torch.tanh(self.first(x)))
        both = torch.tanh(self.norm(z)) + 5 * functional.relu(z - 0.9)
        return torch.as_tensor(self.last(both.mean(2)))


def test_a_pair_is_fused_only_if_it_is_one_on_real_rows() -> None:
    """At the baseline alone the second use does not show."""
    torch.manual_seed(0)
    assert close(Twice().eval(), 3 * rows(2, 9)).settings["fused"] == 0


class Placed(nn.Module):
    """Codes through a table, with a table of positions that was written down first."""

    def __init__(self) -> None:
        super().__init__()
        self.positions, self.table = nn.Embedding(5, 4), nn.Embedding(9, 4, padding_idx=0)
        self.last = nn.Linear(20, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Codes (n, 5) to (n, 1)."""
        z = self.table(x) + self.positions(torch.arange(5).expand(len(x), 5))
        return torch.as_tensor(self.last(torch.tanh(z).flatten(1)))


def test_the_table_of_positions_is_passed_over() -> None:
    """The table that holds the codes is found, wherever it stands."""
    codes = np.random.default_rng(0).integers(0, 9, size=(40, 5)).astype(float)
    made = explain(adapt(Placed(), codes=True), Cohort(codes, PEOPLE, groups=["sex"]))
    assert made.settings["stem"] == "table"
    assert np.abs(made.error).max() < 1e-2 * np.median(np.abs(made.output - made.base))


def test_a_model_that_does_not_move_is_complete() -> None:
    """Where all rows are the baseline, rounding is no error."""
    error, converged = residual(np.zeros((4, 2), np.float32), np.full(4, 3 + 1e-7), np.full(4, 3.0))
    assert np.abs(error).max() > 0
    assert converged.all()
    module = layers(6, 8, 1, activation=nn.GELU)
    assert found(module, np.repeat(rows(6)[:1], 40, axis=0)).converged.all()


def test_another_precision_is_compared_from_the_same_baseline() -> None:
    """On 16 rows counts may look like genotypes; the baseline stays that of all rows."""
    torch.manual_seed(0)
    counts = np.random.default_rng(0).poisson(0.8, size=(40, 6)).astype(float)
    counts[:16], counts[16:] = np.minimum(counts[:16], 2), counts[16:] + 1
    module = layers(6, 8, 1, activation=nn.Tanh)
    made = found(module, counts, baseline="auto", precision="float64", steps=20)
    assert made.settings["baseline"] == "mean"
    assert made.settings["precision_error"] < 1e-5


def test_recurrent_layers_run_where_they_have_gradients_in_eval_mode() -> None:
    """There cuDNN gives none, so it is off inside, and on again after."""
    seen: list[bool] = []
    part = nn.LSTM(3, 4, batch_first=True)
    part.register_forward_pre_hook(lambda *_: seen.append(torch.backends.cudnn.enabled))
    before = torch.backends.cudnn.enabled
    with kept(part):
        part(torch.ones(2, 5, 3))
    assert seen == [False]
    assert torch.backends.cudnn.enabled == before
