"""Right attributions pass every check, planted wrong ones fail; nothing depends on other rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import CHECKS, Faithfulness
from evenlight.data.features import Features, Indicators
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.probes import again
from evenlight.probes import faithfulness as probe
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.pieces import pieces_of

P = 8


def people(n: int = 240, p: int = P, seed: int = 0) -> Cohort:
    """Two groups of people with p continuous features."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"race": np.where(np.arange(n) % 3 == 0, "A", "B"), "y": rng.normal(size=n)},
        index=[f"p{i:04d}" for i in range(n)],
    )
    names = [f"f{j}" for j in range(p)]
    return Cohort(rng.normal(size=(n, p)), table, names, outcome="y", groups=["race"], unit="row")


def network(seed: int, p: int = P) -> nn.Sequential:
    """A small smooth network of its own."""
    torch.manual_seed(seed)
    made = nn.Sequential(
        nn.Linear(p, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
    )
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.mul_(2.0)
    return made


def mean(found: Faithfulness, name: str) -> float:
    """The mean of one check."""
    return float(getattr(found, name).mean())


@pytest.fixture(scope="module")
def right() -> tuple[nn.Sequential, Cohort, Attributions]:
    """A network, people, and its integrated gradients."""
    model, cohort = network(0), people()
    return model, cohort, explain(model, cohort, method="ig")


def test_right_attributions_pass_every_check(
    right: tuple[nn.Sequential, Cohort, Attributions],
) -> None:
    """As claimed, stable, close to the second method, and unlike those of re-drawn weights."""
    found = faithfulness(*right, rows=120)
    assert abs(mean(found, "deletion") - 1) < 0.4
    assert abs(mean(found, "insertion") - 1) < 0.4
    assert mean(found, "stability") < 0.2
    assert mean(found, "background") < 0.3
    assert mean(found, "agreement") < 0.3
    assert abs(mean(found, "sanity")) < 0.5
    assert mean(found, "residual") < 1e-3
    assert set(found.reasons) == {"noise"}
    assert (found.players, found.explanations) == ("8 variables", 5 * 120)
    assert found.evaluations == 120 * (1 + 4 * 7 + 2 * P)


@pytest.mark.parametrize("wrong", ["shuffled", "ten times", "another network", "noise", "nothing"])
def test_wrong_attributions_fail(
    right: tuple[nn.Sequential, Cohort, Attributions], wrong: str
) -> None:
    """Shuffled over features, scaled, of another network, drowned in noise, or all zero."""
    model, cohort, made = right
    rng = np.random.default_rng(0)
    size = float(made.values.std())
    values = {
        "shuffled": made.values[:, np.roll(np.arange(P), 3)],
        "ten times": 10 * made.values,
        "another network": explain(network(5), cohort, method="ig").values,
        "noise": made.values + 3 * size * rng.normal(size=made.values.shape).astype(np.float32),
        "nothing": np.zeros_like(made.values),
    }[wrong]
    found = faithfulness(model, cohort, replace(made, values=values), rows=120)
    assert mean(found, "deletion") < 0.5
    assert mean(found, "insertion") < 0.5
    assert mean(found, "agreement") > 0.3


def test_a_linear_model_is_borne_out_exactly() -> None:
    """Score 1 and distance 0 in every row, with one reference and no draws that matter."""
    cohort = people()
    table = CoefficientTable("dose", 1.0, dict(zip(cohort.features.names, range(P), strict=True)))
    found = faithfulness(table, cohort, explain(table, cohort), rows=60)
    for name, value in (("deletion", 1.0), ("insertion", 1.0), ("agreement", 0.0)):
        np.testing.assert_allclose(getattr(found, name), value, atol=1e-5, err_msg=name)
    assert found.reasons["sanity"] == "only a network has weights that can be drawn again"


def test_noise_in_some_rows_is_seen_in_these_rows_alone(
    right: tuple[nn.Sequential, Cohort, Attributions],
) -> None:
    """Checks are per row: the others keep theirs, but for the unit of a typical attribution."""
    model, cohort, made = right
    at = cohort.grouping("race").members("A")
    values = made.values.copy()
    values[at] += np.random.default_rng(1).normal(size=values[at].shape).astype(np.float32)
    clean = faithfulness(model, cohort, made, rows=80).at(cohort)
    dirty = faithfulness(model, cohort, replace(made, values=values), rows=80).at(cohort)
    hit = at[np.isin(cohort.rows, dirty.rows)]
    assert (dirty.stability[hit] > 3 * clean.stability[hit]).all()
    np.testing.assert_allclose(dirty.agreement[~hit], clean.agreement[~hit], atol=1e-6)


def test_order_and_number_of_other_rows_do_not_matter(
    right: tuple[nn.Sequential, Cohort, Attributions],
) -> None:
    """Shuffled rows give the same numbers to the bit; a smaller sample is part of a larger one."""
    model, cohort, made = right
    found = faithfulness(model, cohort, made, rows=60).at(cohort)
    order = np.random.default_rng(2).permutation(cohort.n)
    turned = cohort.take(order)
    again = faithfulness(model, turned, made, rows=60).at(cohort)
    assert again.rows.tolist() == found.rows.tolist()
    for name in CHECKS:
        np.testing.assert_allclose(getattr(again, name), getattr(found, name), atol=1e-6)
    fewer = faithfulness(model, cohort, made, rows=40).at(cohort)
    shared = np.isin(found.rows, fewer.rows)
    assert shared.sum() == 40
    np.testing.assert_allclose(fewer.residual, found.residual[shared])


def test_the_seed_decides_and_the_model_is_handed_back(
    right: tuple[nn.Sequential, Cohort, Attributions],
) -> None:
    """Same seed, same bytes; another seed other rows; weights, mode and generators as they were."""
    model, cohort, made = right
    model.train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    state = torch.get_rng_state()
    one, two = (faithfulness(model, cohort, made, rows=40) for _ in range(2))
    assert model.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert one.rows.tolist() == two.rows.tolist()
    for name in CHECKS:
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    other = faithfulness(model, cohort, made, rows=40, seed=1)
    assert set(other.rows) != set(one.rows)
    model.eval()


def test_small_noise_does_not_stay_in_the_rows(
    right: tuple[nn.Sequential, Cohort, Attributions], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is explained on another background are the rows as they were."""
    model, cohort, made = right
    seen: list[bool] = []

    def watched(given: again.Again) -> Float | None:
        before = given.sample.dense().copy()
        found = again.moved(given)
        seen.append(np.array_equal(given.sample.dense(), before))
        return found

    monkeypatch.setattr(probe, "moved", watched)
    checked = faithfulness(model, cohort, made)
    assert seen == [True]
    assert (checked.stability != checked.background).all()


def test_one_hot_columns_are_taken_away_as_one() -> None:
    """The pieces are variables; attributions of columns are summed to them."""
    coded = Indicators("race", {"is A": "A", "is B": "B"}, "C")
    rng = np.random.default_rng(4)
    state = rng.integers(0, 3, size=90)
    x = np.column_stack([rng.normal(size=90), state == 0, state == 1, rng.normal(size=90)])
    features = Features(("age", "is A", "is B", "dose"), None, (coded,))
    table = pd.DataFrame({"sex": ["f", "m"] * 45}, index=[f"p{i}" for i in range(90)])
    cohort = Cohort(x.astype(float), table, features, groups=["sex"], unit="row")
    pieces = pieces_of(cohort)
    assert (pieces.label.tolist(), pieces.words) == ([0, 1, 1, 2], "3 variables")
    assert pieces.summed(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[1.0, 5.0, 4.0]]
    model = CoefficientTable("y", 0.0, {"age": 1.0, "is A": 2.0, "is B": -1.0, "dose": 0.5})
    found = faithfulness(model, cohort, explain(model, cohort), rows=30)
    np.testing.assert_allclose(found.deletion, 1.0, atol=1e-5)
    asked = [e.columns for e in cohort.features.indicators]
    assert asked == [coded.columns]


def test_images_are_taken_away_in_patches() -> None:
    """Channels belong to every patch; a right explanation of a convolution is borne out."""
    rng = np.random.default_rng(5)
    x = rng.normal(size=(40, 2, 12, 12)) + 0.2
    table = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    cohort = Cohort(x, table, ["pixels"], groups=["sex"], unit="row")
    pieces = pieces_of(cohort)
    label = pieces.label.reshape(2, 12, 12)
    assert (pieces.count, pieces.words) == (64, "64 patches of 12 x 12 positions")
    assert (label[0] == label[1]).all()
    assert len(np.unique(label)) == 64
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 4, 3), nn.Tanh(), nn.Flatten(), nn.Linear(400, 1))
    made = explain(model, cohort, method="ig")
    found = faithfulness(model, cohort, made, rows=20)
    assert abs(mean(found, "deletion") - 1) < 0.3
    assert mean(found, "agreement") < 0.2
    turned = replace(made, values=made.values[..., ::-1, ::-1].copy())
    assert mean(faithfulness(model, cohort, turned, rows=20), "deletion") < 0.3


def test_weights_that_decide_nothing_fail_the_sanity_check() -> None:
    """A network whose attributions do not follow its weights: likeness 1."""

    class Fixed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Linear(P, 1)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            own: torch.Tensor = torch.tanh(x @ torch.linspace(-1, 1, P)[:, None])
            none: torch.Tensor = 0 * self.unused(x)
            return own + none

    cohort = people(60)
    model = Fixed()
    found = faithfulness(model, cohort, explain(model, cohort, method="ig"), rows=30)
    np.testing.assert_allclose(found.sanity, 1.0, atol=0.02)


def test_codes_are_replaced_by_codes_and_never_moved() -> None:
    """A network of embeddings: whole background rows, no mean of letters, no noise on them."""
    rng = np.random.default_rng(8)
    table = pd.DataFrame({"sex": ["f", "m"] * 30}, index=[f"p{i}" for i in range(60)])
    letters = rng.integers(0, 20, size=(60, 5)).astype(float)
    cohort = Cohort(letters, table, groups=["sex"], unit="row")
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Embedding(20, 3), nn.Flatten(), nn.Linear(15, 8), nn.Tanh(), nn.Linear(8, 1)
    )
    model = adapt(net, codes=True)
    found = faithfulness(model, cohort, explain(model, cohort, method="ig"), rows=40)
    assert found.reasons["stability"] == "no column is continuous, so no small noise can be added"
    assert abs(mean(found, "deletion") - 1) < 0.5
    assert abs(mean(found, "sanity")) < 0.6


def test_what_cannot_be_checked_says_why() -> None:
    """One variable has no order; genotypes bear no small noise; given arrays are not made again."""
    rng = np.random.default_rng(6)
    table = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i}" for i in range(40)])
    genotype = rng.integers(0, 3, size=(40, 1)).astype(float)
    cohort = Cohort(genotype, table, ["snp"], groups=["sex"], unit="row")
    model = CoefficientTable("y", 0.0, {"snp": 1.0})
    made = explain(model, cohort)
    found = faithfulness(model, cohort, made)
    assert found.reasons["deletion"] == "one variable has no order"
    assert found.reasons["stability"] == "no column is continuous, so no small noise can be added"
    given = Attributions.from_arrays(
        made.values, rows=cohort.rows.tolist(), features=cohort.features, output=made.output,
        base=made.base, target=made.target,
    )  # fmt: skip
    told = faithfulness(model, cohort, given).reasons
    assert (
        told["stability"] == told["sanity"] == "attributions by 'given' cannot be made again here"
    )
    whole = faithfulness(model, cohort, explain(model, cohort, method="occlusion"))
    assert whole.reasons["residual"] == "occlusion does not promise that attributions add up"


def test_other_people_sets_and_backgrounds_are_refused(
    right: tuple[nn.Sequential, Cohort, Attributions],
) -> None:
    """Attributions must be of this cohort, of its features, and on the background drawn."""
    model, cohort, made = right
    with pytest.raises(AttributionError, match="made on another cohort"):
        faithfulness(model, people(240, seed=9), made)
    with pytest.raises(AttributionError, match="attributions of sets, or of other features"):
        faithfulness(model, cohort, replace(made, features=Features(tuple("abcdefgh"))))
    given = np.zeros((3, P))
    far = explain(model, cohort, method="ig", background=given + np.arange(3)[:, None])
    with pytest.raises(AttributionError, match="the background of these attributions is not the"):
        faithfulness(model, cohort, far)
    found = faithfulness(model, cohort, far, background=given + np.arange(3)[:, None], rows=30)
    assert found.reasons["background"] == "the background has no other rows to draw"


def test_a_record_is_whole_or_says_why() -> None:
    """A check is known for every row, or for none with a reason; rows fit the cohort."""
    cohort = people(60)
    model = CoefficientTable("y", 0.0, dict.fromkeys(cohort.features.names, 1.0))
    found = faithfulness(model, cohort, explain(model, cohort), rows=30)
    torn = found.deletion.copy()
    torn[0] = np.nan
    with pytest.raises(ModelError, match="deletion is missing in 1 of 40 rows"):
        replace(found, deletion=torn)
    with pytest.raises(ModelError, match="noise is missing in 40 of 40 rows"):
        replace(found, reasons={})
    with pytest.raises(ModelError, match="measured on another cohort"):
        found.at(people(60, seed=1))
