"""Walking behind a network's affine stem: the same values as at the input, in less work."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.attributions import Background
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.explainers import folded, shapley
from evenlight.explainers.background import Reference
from evenlight.explainers.folded import prefix_sums
from evenlight.models.adapt import adapt
from tests.explainers.games import cohort_of, values_of

RNG = np.random.default_rng(0)
LABELS = np.repeat(np.arange(4), 9).reshape(6, 6)


def mlp() -> nn.Module:
    """Numbers to one output."""
    return nn.Sequential(nn.Linear(37, 19), nn.ReLU(), nn.Linear(19, 5), nn.Tanh(), nn.Linear(5, 1))


def conv() -> nn.Module:
    """Images (2, 6, 6) to one output; the stem has no matrix."""
    return nn.Sequential(
        nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 2, 3), nn.GELU(), nn.Flatten(),
        nn.Linear(32, 1),
    )  # fmt: skip


def made(build: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """The network with weights of its own."""
    torch.manual_seed(3)
    return build().to(dtype)


def as_function(module: nn.Module) -> Callable[[Float], Float]:
    """The same network as a function, of which no stem is known."""
    dtype = next(module.parameters()).dtype

    def call(x: Float) -> Float:
        with torch.no_grad():
            said: Float = module(torch.tensor(x, dtype=dtype))[:, 0].double().numpy()
        return said

    return call


PATHWAYS = FeatureSets.from_lists(
    {"even": [f"x{j}" for j in range(0, 37, 2)], "odd": [f"x{j}" for j in range(1, 37, 2)]},
    [f"x{j}" for j in range(37)],
)
SEGMENTS = FeatureSets.from_label_map(LABELS, shape=(2, 6, 6))
CASES: dict[str, Any] = {
    "columns": (mlp, (37,), "variables", {"walks": 7}),
    "pathways": (mlp, (37,), PATHWAYS, {"walks": 7}),
    "all coalitions of pathways": (mlp, (37,), PATHWAYS, {"exact": True}),
    "segments": (conv, (2, 6, 6), SEGMENTS, {"walks": 7}),
    "all coalitions of segments": (conv, (2, 6, 6), SEGMENTS, {"exact": True}),
    "pixels": (conv, (2, 6, 6), "columns", {"walks": 3}),
}


@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-12), (torch.float32, 1e-5)])
@pytest.mark.parametrize("case", list(CASES))
def test_behind_the_stem_is_at_the_input(
    case: str, dtype: torch.dtype, near: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same walks give the same values, in float64 to 1e-12 of the largest, before rounding."""
    build, shape, players, own = CASES[case]
    module = made(build, dtype)
    cohort = cohort_of(RNG.normal(size=(4, *shape)))
    backs = RNG.normal(size=(5, *shape))
    held: list[Any] = []
    monkeypatch.setattr("evenlight.explainers.shapley.record", lambda found, *_: held.append(found))
    values_of(module, cohort, backs, players=players, **own)
    values_of(as_function(module), cohort, backs, players=players, **own)
    behind, at_input = held
    assert behind.settings["space"] == "stem"
    assert at_input.settings["space"] == "input"
    size = np.abs(at_input.values).max()
    np.testing.assert_allclose(behind.values, at_input.values, rtol=0, atol=near * size)
    np.testing.assert_allclose(behind.spread, at_input.spread, rtol=0, atol=near * size)


def test_small_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A walk that is cut into many blocks goes on where the block before ended."""
    module = made(mlp, torch.float64)
    cohort, backs = cohort_of(RNG.normal(size=(4, 37))), RNG.normal(size=(5, 37))
    whole = values_of(module, cohort, backs, walks=7)
    monkeypatch.setattr(folded, "NUMBERS", 2 * 19 * 5)
    np.testing.assert_allclose(
        values_of(module, cohort, backs, walks=7).values, whole.values, rtol=1e-6, atol=1e-9
    )


class Counted(nn.Linear):
    """A layer that counts the rows it computes."""

    rows = 0

    def forward(self, x: Tensor) -> Tensor:
        """Count, and compute."""
        self.rows += len(x)
        return super().forward(x)


def test_the_stem_is_applied_once_a_row() -> None:
    """Operations are counted: the first layer sees rows and background rows, never a coalition."""
    torch.manual_seed(3)
    first, last = Counted(37, 19), Counted(19, 1)
    module = nn.Sequential(first, nn.ReLU(), last).double()
    cohort, backs = cohort_of(RNG.normal(size=(4, 37))), RNG.normal(size=(5, 37))
    values_of(module, cohort, backs, walks=2)
    few = first.rows, last.rows
    values_of(module, cohort, backs, walks=12)
    assert first.rows == 2 * few[0]
    assert last.rows == 2 * few[1] + 4 * 10 * 2 * 36


def test_a_network_with_no_stem_is_walked_at_the_input() -> None:
    """The reason is recorded, and the values are there all the same."""

    class Squared(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            out: Tensor = (x**2).sum(dim=1, keepdim=True) * x[:, :1]
            return out

    x, backs = RNG.normal(size=(4, 6)), RNG.normal(size=(5, 6))
    found = values_of(Squared(), cohort_of(x), backs, walks=7)
    assert found.settings["space"] == "input"
    assert found.settings["stem_reason"]
    np.testing.assert_allclose(found.total(), found.output, atol=1e-4)


def test_codes_are_exchanged_at_the_input() -> None:
    """A network that looks codes up is asked about rows of codes only."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Embedding(7, 3), nn.Flatten(), nn.Linear(15, 1)).double()
    x, backs = (RNG.integers(7, size=(m, 5)).astype(np.float64) for m in (6, 4))
    found = values_of(adapt(module, codes=True), cohort_of(x), backs, walks=8)
    assert found.settings["space"] == "input"
    assert found.settings["stem_reason"] == "the model takes codes"
    np.testing.assert_allclose(found.total(), found.output, atol=1e-5)


def test_sparse_rows_are_walked_as_dense_ones() -> None:
    """A CSR matrix of the same numbers gives the same values."""
    module = made(mlp, torch.float64)
    x, backs = RNG.poisson(0.3, size=(4, 37)).astype(float), RNG.normal(size=(5, 37))
    people = cohort_of(x).people
    sparse = Cohort(csr_array(x), people)
    np.testing.assert_array_equal(
        values_of(module, sparse, backs, walks=5).values,
        values_of(module, cohort_of(x), backs, walks=5).values,
    )


def test_a_table_that_is_too_large_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then players are mixed at the input; the reason names the size."""
    monkeypatch.setattr(folded, "TABLE", 100)
    module = made(conv, torch.float64)
    x, backs = RNG.normal(size=(4, 2, 6, 6)), RNG.normal(size=(5, 2, 6, 6))
    found = values_of(module, cohort_of(x), backs, players=SEGMENTS, walks=7)
    assert found.settings["space"] == "input"
    assert "4 players add to 108 numbers of the stem" in found.settings["stem_reason"]


@pytest.mark.parametrize("link", ["softmax", "logit"])
def test_margins_are_those_of_the_link(link: str) -> None:
    """Outputs of several classes, and declared probabilities, are explained on the margin."""
    torch.manual_seed(0)
    gives = "margin" if link == "softmax" else "response"
    outputs = 3 if link == "softmax" else 1
    last = nn.Identity() if link == "softmax" else nn.Sigmoid()
    module = nn.Sequential(nn.Linear(6, 8), nn.ReLU(), nn.Linear(8, outputs), last).double()
    model = adapt(module, link=link, gives=gives)  # type: ignore[arg-type]
    x, backs = RNG.normal(size=(4, 6)), RNG.normal(size=(5, 6))
    found = shapley.explain(
        model, cohort_of(x), target=0, background=Reference(backs, Background("given", 5)),
        rng=np.random.default_rng(0), walks=10,
    )  # fmt: skip
    assert found.settings["space"] == "stem"
    np.testing.assert_allclose(found.total(), model.margin(x)[:, 0], atol=1e-5)


def test_the_network_is_handed_back_as_it_was() -> None:
    """Mode, gradients and forward functions are the user's own again."""
    module = made(mlp, torch.float32).train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    values_of(module, cohort_of(RNG.normal(size=(4, 37))), RNG.normal(size=(5, 37)), walks=3)
    assert module.training
    assert all(parameter.requires_grad for parameter in module.parameters())
    assert all("forward" not in part.__dict__ for part in module.modules())
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name])


@settings(deadline=None)
@given(t=st.integers(1, 3), k=st.integers(1, 700), h=st.integers(1, 4))
def test_prefix_sums_are_running_sums(t: int, k: int, h: int) -> None:
    """For any lengths, one level of blocks or several."""
    steps = torch.randn(t, k, h, dtype=torch.float64, generator=torch.Generator().manual_seed(k))
    start = torch.arange(t * h, dtype=torch.float64).reshape(t, h)
    wanted = start[:, None] + steps.cumsum(dim=1)
    torch.testing.assert_close(prefix_sums(steps, start), wanted, rtol=0, atol=1e-11)
