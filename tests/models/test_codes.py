"""Networks that take codes get whole numbers, and never a rounded one."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

import evenlight.data.rows as reading
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.networks import as_tensor
from evenlight.models.probe import prepare
from evenlight.probes.contrasts import contrasts

X = np.random.default_rng(0).integers(0, 9, size=(50, 4)).astype(float)
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(50)])


def cohort(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Cohort:
    """A cohort of codes."""
    return Cohort(x, PEOPLE.iloc[: len(x)], outcome="y")


class Tokens(nn.Module):
    """Nine tokens embedded, averaged and read."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.table, self.last = nn.Embedding(9, 3), nn.Linear(3, 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Mean of the embeddings."""
        said: Tensor = self.last(torch.tanh(self.table(ids)).mean(dim=1))
        return said


class Categories(nn.Module):
    """Two categories with tables of their own, the second one shifted by one."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Embedding(9, 3), nn.Embedding(7, 3)

    def forward(self, ids: Tensor) -> Tensor:
        """Sum of both."""
        both: Tensor = self.first(ids[:, 0]) + self.second(ids[:, 2])
        return both.sum(dim=1)


def test_codes_reach_the_embedding_as_whole_numbers() -> None:
    """The answer is that of the network called by hand."""
    prepared = prepare(adapt(Tokens(), codes=True), cohort(X))
    wanted = Tokens()(torch.tensor(X.astype(np.int64)))[:, 0].detach()
    np.testing.assert_allclose(prepared.output, wanted, rtol=1e-6)
    assert prepared.adapted.codes
    assert as_tensor(Tokens(), X, codes=True).dtype == torch.int64
    assert as_tensor(Tokens(), X).dtype == torch.float32


def test_a_network_of_codes_must_be_declared() -> None:
    """Fault 23: floats are refused with the remedy, and are never cast in silence."""
    with pytest.raises(ModelError, match=r"Tokens takes whole numbers.*codes=True.*\"shapley\""):
        prepare(Tokens(), cohort(X))
    with pytest.raises(ModelError, match="Tokens takes whole numbers"):
        prepare(Tokens(), cohort(X + 0.5))


def test_another_failure_of_a_network_is_told_as_it_said_it() -> None:
    """A network that takes neither floats nor codes is not told to be one of codes."""
    with pytest.raises(ModelError, match=r"\(m, 4\) .*shapes cannot be multiplied .*trained on"):
        prepare(nn.Linear(3, 1), cohort(X))


def test_a_value_that_is_no_code_is_named() -> None:
    """Column and row of the first fraction; codes are never rounded."""
    x = X.copy()
    x[30, 2] = 1.5
    with pytest.raises(ModelError, match=r"1 values are no whole numbers, first 1.5 in column 2"):
        prepare(adapt(Tokens(), codes=True), cohort(x))


@pytest.mark.parametrize("code", [9.0, -1.0])
def test_a_code_beyond_the_embedding_is_named(code: float) -> None:
    """Column, row, the embedding and its size; looked at before the embedding runs."""
    x = X.copy()
    x[3, 2] = code
    message = rf"code {code:g} in column 2, row 3, is beyond the embedding 'table' of 9 codes"
    with pytest.raises(ModelError, match=message):
        prepare(adapt(Tokens(), codes=True), cohort(x))


def test_each_embedding_has_its_own_codes() -> None:
    """A code that the first table holds and the second does not is found in its own column."""
    x = np.minimum(X, 6.0)
    x[7] = [8.0, 8.0, 8.0, 8.0]
    with pytest.raises(ModelError, match=r"code 8 in column 2, row 7, is beyond .*'second' of 7"):
        prepare(adapt(Categories(), codes=True), cohort(x))
    x[7, 2] = 6.0
    assert np.isfinite(prepare(adapt(Categories(), codes=True), cohort(x)).output).all()


def test_a_wrong_code_in_a_later_block_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The place is told from the start of its block of rows."""
    x = np.minimum(X, 8.0)
    x[44, 1] = 12.0
    made = Cohort(x, PEOPLE.set_axis([f"z{i:02d}" if i == 44 else f"r{i:02d}" for i in range(50)]))
    monkeypatch.setattr(reading, "BLOCK", 20 * 4 * 8)
    monkeypatch.setattr("evenlight.models.probe.ROWS", 10)
    monkeypatch.setattr("evenlight.models.probe.BATCH", 10)
    with pytest.raises(ModelError, match=r"in the rows from position 40 on: code 12 .* row 4,"):
        prepare(adapt(Tokens(), codes=True), made)


def test_hooks_are_gone_after_a_look() -> None:
    """The embedding is what it was, after success and after an error."""
    net = Tokens()
    model = adapt(net, codes=True)
    prepare(model, cohort(X))
    with pytest.raises(ModelError):
        model.margin(X + 9)
    assert not any(m._forward_pre_hooks for m in net.modules())


def test_contrasts_of_codes_move_between_codes() -> None:
    """From the most frequent to the next frequent code, since codes have no percentiles."""
    made = contrasts(adapt(Tokens(), codes=True), cohort(X))
    for q in range(4):
        values, counts = np.unique(X[:, q], return_counts=True)
        ranked = values[np.argsort(-counts, kind="stable")]
        assert (made.low[q], made.high[q]) == (f"{ranked[0]:g}", f"{ranked[1]:g}")


def test_shapley_exchanges_codes() -> None:
    """Every coalition holds codes of two rows, so that the output is met exactly."""
    made = explain(adapt(Tokens(), codes=True), cohort(X), method="shapley")
    np.testing.assert_allclose(made.total(), made.output, atol=1e-5)
    assert np.abs(made.values).max() > 0


def test_several_inputs_may_be_codes() -> None:
    """Tokens and their kinds, each from its own columns, and each with its own table."""

    class Pair(nn.Module):
        """Two tables, added."""

        def __init__(self) -> None:
            super().__init__()
            self.token, self.kind = nn.Embedding(9, 3), nn.Embedding(2, 3)

        def forward(self, ids: Tensor, kinds: Tensor) -> Tensor:
            """Sum over places."""
            both: Tensor = self.token(ids) + self.kind(kinds)
            return both.sum(dim=(1, 2))

    x = np.column_stack([X[:, :2], X[:, 2:] > 4])
    model = adapt(Pair(), codes=True, inputs={"ids": ["x0", "x1"], "kinds": ["x2", "x3"]})
    assert np.isfinite(prepare(model, cohort(x)).output).all()
    x[5, 3] = 2.0
    with pytest.raises(ModelError, match=r"code 2 in column 3, row 5, .* 'module.kind' of 2"):
        prepare(model, cohort(x))
