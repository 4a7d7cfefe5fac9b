"""What is wrong with a model is said before any work."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.probe import prepare, prepare_all, probe

X = np.random.default_rng(0).normal(size=(80, 3))
PEOPLE = pd.DataFrame({"y": X[:, 0]}, index=[f"r{i:02d}" for i in range(80)])
COHORT = Cohort(X, PEOPLE, outcome="y")


class Noisy(nn.Module):
    """Dropout that eval mode does not switch off."""

    def forward(self, x: Tensor) -> Tensor:
        """Half of the columns, at random."""
        return nn.functional.dropout(x, 0.5, training=True).sum(dim=1)


class Mixed(nn.Module):
    """Standardises by the batch, as batch norm does in train mode."""

    def forward(self, x: Tensor) -> Tensor:
        """Distance from the batch's mean."""
        return (x - x.mean(dim=0)).sum(dim=1)


def test_what_was_checked_is_said() -> None:
    """A sound model gives sentences, and nothing is refused."""
    said = probe(adapt(lambda x: x[:, 0]), COHORT, None)
    assert said[3].startswith("The model names no features: the 3 columns of the cohort are taken")
    assert (*said[:3], *said[4:]) == (
        "The same rows give the same outputs.",
        "The outputs of all 80 rows are finite.",
        "4 rows alone give the same outputs as among 64 rows.",
        "Target 'output' is one of 1 (output).",
    )


def test_a_model_that_stays_random_in_eval_mode_is_refused() -> None:
    """Functional dropout is found although eval mode was set."""
    with pytest.raises(ModelError, match="Noisy is random even in eval mode: the same 64 rows"):
        prepare(Noisy(), COHORT)


def test_a_random_function_is_refused() -> None:
    """A function that draws is found too."""
    rng = np.random.default_rng(0)
    with pytest.raises(ModelError, match="is random from call to call"):
        prepare(lambda x: rng.normal(size=len(x)), COHORT)


def test_outputs_that_are_not_finite_name_share_and_rows() -> None:
    """Two rows of 80 with NaN or infinity are counted and named by position."""

    def model(x: Float) -> Float:
        out = x[:, 0].copy()
        out[x[:, 0] == X[7, 0]] = np.nan
        out[x[:, 0] == X[9, 0]] = np.inf
        return out

    with pytest.raises(
        ModelError, match=r"not finite in 2.5 % of rows \(2 of 80.*positions \[7, 9\]"
    ):
        prepare(model, COHORT)


def test_rows_that_are_mixed_with_their_batch_are_refused() -> None:
    """Batch statistics are found by asking for four rows alone."""
    with pytest.raises(ModelError, match="Mixed mixes the rows of a batch: 4 rows alone differ"):
        prepare(Mixed(), COHORT)


def test_batch_norm_in_train_mode_is_no_such_mixing() -> None:
    """Eval mode makes it independent of the batch, and its running mean stays."""
    module = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1)).train()
    before = module.state_dict()["1.running_mean"].clone()
    prepare(module, COHORT)
    assert torch.equal(module.state_dict()["1.running_mean"], before)


@pytest.mark.parametrize("target", [1, -1, True, "dose", 0.0])
def test_a_target_out_of_range_states_shape_and_range(target: object) -> None:
    """One output takes target 0 only; -1 is never the last one."""
    with pytest.raises(ModelError, match=r"has the one target 'output', .*leave target= out"):
        prepare(lambda x: x[:, 0], COHORT, target=target)  # type: ignore[arg-type]


def test_several_targets_need_a_name() -> None:
    """None named: they are listed; a name and its position mean the same."""
    model = adapt(lambda x: x, targets=["low", "mid", "top"])
    with pytest.raises(ModelError, match="has 3 targets; name one of 'low', 'mid', 'top'"):
        prepare(model, COHORT)
    np.testing.assert_array_equal(prepare(model, COHORT, target="mid").output, X[:, 1])
    np.testing.assert_array_equal(prepare(model, COHORT, target=1).output, X[:, 1])
    with pytest.raises(ModelError, match=r"gives \(n, 3\), so target is 0 to 2"):
        prepare(model, COHORT, target=7)


def test_declared_features_are_compared_by_name_and_order() -> None:
    """A network with a declared list of features refuses another cohort."""
    with pytest.raises(ModelError, match=r"1 missing \['g'\], 1 extra \['x0'\]"):
        prepare(adapt(lambda x: x[:, 0], features=["g", "x1", "x2"]), COHORT)
    with pytest.raises(ModelError, match=r"in another order \(column 0 is 'x1', here 'x0'\)"):
        prepare(adapt(lambda x: x[:, 0], features=["x1", "x0", "x2"]), COHORT)
    prepare(adapt(lambda x: x[:, 0], features=["x0", "x1", "x2"]), COHORT)


def test_of_two_classes_only_the_event_can_be_audited() -> None:
    """Target 0 of a two-class network against a 0/1 outcome would turn every number round."""
    import pandas as pd
    from torch import nn

    from evenlight.data.cohort import Cohort
    from evenlight.models.probe import prepare

    rng = np.random.default_rng(0)
    people = pd.DataFrame({"y": np.arange(40) % 2}, index=[f"p{i}" for i in range(40)])
    cohort = Cohort(rng.normal(size=(40, 3)), people, outcome="y", unit="row")
    net = nn.Linear(3, 2)
    with pytest.raises(ModelError, match="class without the event"):
        prepare(net, cohort, target=0)
    assert prepare(net, cohort, target=1).column == 1


def test_a_prepared_model_is_returned_as_it_is() -> None:
    """The same cohort and target: the same object, and the model is not asked again."""
    calls = []

    def model(x: Float) -> Float:
        calls.append(len(x))
        return x

    made = prepare(model, COHORT, target=2)
    before = len(calls)
    assert prepare(made, COHORT) is made
    assert prepare(made, COHORT, target="2") is made
    assert prepare(made, COHORT.take(np.arange(80)), target=2) is made
    assert len(calls) == before


def test_a_prepared_model_is_prepared_anew_for_others() -> None:
    """Another cohort keeps the target; another target is computed; neither is mistaken."""
    made = prepare(lambda x: x, COHORT, target=2)
    few = prepare(made, COHORT.take(np.arange(9)))
    np.testing.assert_array_equal(few.output, X[:9, 2])
    assert few.target == "2"
    np.testing.assert_array_equal(prepare(made, COHORT, target=0).output, X[:, 0])
    assert prepare(made, few_people(X + 1)).output.tolist() == (X[:, 2] + 1).tolist()
    with pytest.raises(ModelError, match=r"target 3: .* gives"):
        prepare(made, COHORT, target=3)


def few_people(x: Float) -> Cohort:
    """The people of `COHORT` with other values."""
    return Cohort(x, PEOPLE, outcome="y")


def test_several_targets_are_prepared_in_one_pass() -> None:
    """Each equals its own preparation, in the order asked for, at the cost of one."""
    rows = []

    def model(x: Float) -> Float:
        rows.append(len(x))
        return x**2

    both = prepare_all(model, COHORT, [2, "0"])
    once = sum(rows)
    single = [prepare(model, COHORT, target=c) for c in (2, 0)]
    assert sum(rows) == 3 * once
    for several, alone in zip(both, single, strict=True):
        np.testing.assert_array_equal(several.output, alone.output)
        assert (several.column, several.target, several.checked, several.cohort_digest) == (
            alone.column, alone.target, alone.checked, COHORT.digest,
        )  # fmt: skip


def test_a_list_of_targets_names_each_once() -> None:
    """An empty list, a bare name and the same target by name and position are refused."""
    wrongs: list[Any] = [[], "0", ()]
    for wrong in wrongs:
        with pytest.raises(ModelError, match="list one or more names or positions"):
            prepare_all(lambda x: x, COHORT, wrong)
    with pytest.raises(ModelError, match="target '1' is listed twice"):
        prepare_all(lambda x: x, COHORT, [0, 1, "1"])


def test_a_model_that_takes_no_single_row_is_refused() -> None:
    """Batch statistics that one row does not have are named, in place of torch's own error."""
    module = nn.Sequential(nn.BatchNorm1d(3, track_running_stats=False), nn.Linear(3, 1))
    with pytest.raises(ModelError, match=r"Sequential fails on a single row \(Expected more than"):
        prepare(module, COHORT)


def test_one_of_several_targets_that_mixes_rows_is_found() -> None:
    """The independence of rows is looked at for every target asked for."""
    mixed = lambda x: np.column_stack([x[:, 0], x[:, 0] - x[:, 0].mean()])  # noqa: E731
    prepare_all(mixed, COHORT, [0])
    with pytest.raises(ModelError, match="mixes the rows of a batch"):
        prepare_all(mixed, COHORT, [0, 1])


def test_work_done_once_is_in_the_order_of_the_cohort_at_hand() -> None:
    """The same people in another order get their own outputs, without a second pass."""
    people = pd.DataFrame({"sex": ["f", "m", "f"]}, index=["a", "b", "c"])
    cohort = Cohort(np.array([[1.0], [2.0], [3.0]]), people, unit="row")
    made = prepare(lambda x: x[:, 0], cohort)
    turned = cohort.take(np.array([2, 0, 1]))
    assert prepare(made, cohort) is made
    again = prepare(made, turned)
    assert again.output.tolist() == [3.0, 1.0, 2.0]
    assert again.adapted is made.adapted
