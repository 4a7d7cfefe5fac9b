"""What people ask wrongly of explanations, and what they are told."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
import zarr
from torch import nn

import evenlight as ev
from evenlight.errors import (
    AttributionError,
    CohortError,
    EvenlightWarning,
    FeatureError,
    GroupError,
    ModelError,
    UnknownName,
)

N, P = 40, 5
NAMES = [f"g{j}" for j in range(P)]
X = np.random.default_rng(0).normal(size=(N, P)).astype(np.float32)
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * (N // 2)}, index=[f"p{i:02d}" for i in range(N)])
COHORT = ev.Cohort(X, PEOPLE, NAMES, groups=["sex"])


def network() -> nn.Module:
    """A small network of P inputs."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(P, 4), nn.GELU(), nn.Linear(4, 1)).eval()


def product(x: Any) -> Any:
    """A black box."""
    return x[:, 0] * x[:, 1] + x[:, 2]


def test_attributions_on_disk_are_compared_as_those_in_memory(tmp_path: Any) -> None:
    """Compare and rely give the same numbers for values in a zarr array."""
    out = zarr.open(str(tmp_path / "v.zarr"), mode="w", shape=X.shape, dtype="float32")
    disk, held = ev.explain(network(), COHORT, out=out), ev.explain(network(), COHORT)
    one, two = (ev.compare(a, COHORT, by="sex") for a in (disk, held))
    assert np.array_equal(one.effect, two.effect)
    assert np.array_equal(one.low, two.low)
    first, second = (ev.rely(a, COHORT, by="sex").to_frame() for a in (disk, held))
    pd.testing.assert_frame_equal(first, second)


@pytest.mark.parametrize(
    ("method", "option", "message"),
    [
        ("shapley", {"toleranse": 0.1}, "shapley has no option 'toleranse'; did you mean 'tole"),
        ("trees", {"player": "columns"}, "trees has no option 'player'; did you mean 'players'"),
        ("occlusion", {"baseline": "mean"}, "occlusion has no option 'baseline'; it takes none"),
        ("smoothgrad", {"n_samples": 9}, "smoothgrad has no option 'n_samples'; it takes noise, "),
        ("ig", {"n_steps": 9}, "ig has no option 'n_steps'; did you mean 'steps'"),
        ("ig", {"budget": "1GB"}, "budget='1GB'; wanted a whole number"),
        ("ig", {"out": "values.zarr"}, r"'values.zarr' is no .npy file; .* shape=\(40, 5\)"),
    ],
)
def test_an_option_that_is_not_known_is_named(
    method: str, option: dict[str, Any], message: str
) -> None:
    """Whatever the explainer, it is told with the nearest name, and never as a TypeError."""
    with pytest.raises(AttributionError, match=message):
        ev.explain(network(), COHORT, method=method, **option)


def test_an_explainer_of_ones_own_is_asked_for_its_options() -> None:
    """Its keyword-only parameters are its options."""

    def mine(model: Any, cohort: Any, *, target: Any, background: Any, rng: Any, device: Any = "",
             depth: int = 1) -> Any:  # fmt: skip
        raise AssertionError(depth)

    with pytest.raises(AttributionError, match="mine has no option 'dept'; did you mean 'depth'"):
        ev.explain(network(), COHORT, method=mine, dept=2)


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"seed": "a"}, "seed='a'; wanted a whole number"),
        ({"seed": -1}, "seed=-1; wanted a whole number"),
        ({"method": 5}, "method=5; wanted a name"),
        ({"progress": 5}, "progress=5; wanted True, False or a function"),
        ({"background": pd.DataFrame(X, columns=NAMES)}, "the background is a table, .*to_numpy"),
    ],
)
def test_what_every_explainer_takes_is_looked_at(asked: dict[str, Any], message: str) -> None:
    """Seed, method, progress and background are told by name before any work."""
    with pytest.raises(AttributionError, match=message):
        ev.explain(network(), COHORT, **asked)


def test_a_preview_is_of_one_target() -> None:
    """A list of targets, which explain takes, is told to be none of preview."""
    with pytest.raises(AttributionError, match="one target"):
        ev.preview(network(), COHORT, target=[0])  # type: ignore[arg-type]


def test_a_device_that_is_neither_cpu_nor_cuda_is_refused() -> None:
    """A device that torch knows and evenlight does not is told what to say."""
    with pytest.raises(ModelError, match="device 'mps' is not supported; say 'cpu'"):
        ev.explain(network(), COHORT, device="mps")


def test_a_budget_of_walks_is_a_number() -> None:
    """A text is refused with the name of the option."""
    with pytest.raises(ModelError, match="budget='x'; wanted a whole number"):
        ev.explain(product, COHORT, method="shapley", budget="x")


@pytest.mark.parametrize(("asked", "meant"), [("IG", "ig"), ("tree", "trees"), ("shap", "shap")])
def test_a_method_that_is_not_known_is_told_the_nearest(asked: str, meant: str) -> None:
    """Case does not matter for the guess, and auto is among those that are known."""
    with pytest.raises(UnknownName, match=rf"no explainer '{asked}'; did you mean '{meant}.*auto,"):
        ev.explain(network(), COHORT, method=asked)


def test_the_one_target_needs_no_number() -> None:
    """Class 1 of two, as scikit-learn counts, is told to be the only target."""
    with pytest.raises(ModelError, match=r"has the one target 'output', .*leave target= out"):
        ev.explain(network(), COHORT, target=1)


@pytest.mark.parametrize("players", [{"a": NAMES}, ["a"]])
def test_players_are_sets(players: Any) -> None:
    """Lists by name are told how to become sets."""
    with pytest.raises(FeatureError, match=r"players is a .*FeatureSets.from_lists"):
        ev.explain(product, COHORT, method="shapley", players=players)


def test_sets_of_other_positions_name_both_shapes() -> None:
    """A map of (h, w) for images of (1, h, w) is told how to be spread."""
    image = ev.Cohort(X.reshape(N, 1, 1, P), PEOPLE, groups=["sex"])
    net = nn.Sequential(nn.Flatten(), network()).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvenlightWarning)
        made = ev.explain(net, image, baseline="mean")
    sets = ev.FeatureSets.from_label_map(np.zeros((1, P), dtype=int))
    with pytest.raises(AttributionError, match=r"positions of shape \(1, 5\).*shape=\(1, 1, 5\)"):
        made.by(sets)
    columns = ev.FeatureSets.from_lists({"a": ["z1"]}, ["z1"])
    with pytest.raises(AttributionError, match=r"of 1 features, .* of 5.*z1"):
        ev.explain(network(), COHORT).by(columns)


def test_repeats_are_a_list() -> None:
    """One explanation in place of a list is told so."""
    made = ev.explain(network(), COHORT)
    with pytest.raises(AttributionError, match="pass a list"):
        ev.compare(made, COHORT, by="sex", repeats=made)  # type: ignore[arg-type]


def test_faithfulness_refuses_another_model() -> None:
    """Attributions of one network are not measured on another that has the same target."""
    made = ev.explain(network(), COHORT)
    with pytest.raises(AttributionError, match="gives other outputs than those that were expl"):
        ev.faithfulness(product, COHORT, made, rows=20)


class Two(nn.Module):
    """A network of two inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.whole = nn.Linear(P, 1)

    def forward(self, clinical: torch.Tensor, genes: torch.Tensor) -> torch.Tensor:
        """One output."""
        out: torch.Tensor = self.whole(torch.cat([clinical, genes], dim=1))
        return out


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Two(), r"Two fails on .* \(m, 5\) .*'genes'.*ev.adapt\(model, inputs="),
        (nn.Linear(7, 1), r"Linear fails on a batch of shape \(m, 5\) .*trained on"),
    ],
)
def test_a_network_of_other_inputs_is_told_what_the_cohort_gives(
    model: nn.Module, message: str
) -> None:
    """The shape, what the network said, and the remedy."""
    with pytest.raises(ModelError, match=message):
        ev.explain(model, COHORT)


def test_codes_for_a_network_of_floats_are_refused() -> None:
    """codes=True for a linear layer is told to be for embeddings."""
    whole = ev.Cohort(np.ones((N, P)), PEOPLE, groups=["sex"])
    with pytest.raises(ModelError, match="codes=True is for networks that begin with an embedding"):
        ev.explain(ev.adapt(network(), codes=True), whole)


def test_noise_cannot_move_codes() -> None:
    """Smoothgrad of a network of codes names the methods that work."""
    net = nn.Sequential(nn.Embedding(3, 2), nn.Flatten(), nn.Linear(2 * P, 1)).eval()
    whole = ev.Cohort(np.random.default_rng(0).integers(0, 3, (N, P)), PEOPLE, groups=["sex"])
    with pytest.raises(ModelError, match="codes, which noise cannot move; say"):
        ev.explain(ev.adapt(net, codes=True), whole, method="smoothgrad")


def test_inputs_are_lists_of_features() -> None:
    """A slice is told to be none."""
    asked: Any = {"clinical": slice(0, 2), "genes": slice(2, 5)}
    with pytest.raises(ModelError, match="input 'clinical' is a slice; list the names"):
        ev.explain(ev.adapt(Two(), inputs=asked), COHORT)


def test_an_anndata_is_told_its_own_way_in() -> None:
    """An AnnData in place of a matrix is told what to call."""
    anndata = pytest.importorskip("anndata")
    whole = anndata.AnnData(X, obs=PEOPLE)
    with pytest.raises(CohortError, match=r"x is a AnnData; call Cohort\.from_anndata"):
        ev.Cohort(whole, whole.obs, groups=["sex"])


def test_a_group_that_varies_inside_a_unit_is_told_of_strata() -> None:
    """The view of an X-ray is no error of the labels."""
    people = PEOPLE.assign(person=[f"q{i // 4}" for i in range(N)], view=["AP", "PA"] * (N // 2))
    with pytest.raises(GroupError, match=r"strata=\['view'\]"):
        ev.Cohort(X, people, NAMES, unit="person", groups=["view"])


def test_some_rows_against_the_whole_cohort_raise_no_alarm() -> None:
    """That a few people of the background lie beyond fewer rows is no fault; another scale is."""
    some = COHORT.take(np.arange(15))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ev.explain(network(), some, background=COHORT)
        ev.explain(network(), COHORT.take(np.arange(2)), background=COHORT)
    far = ev.Cohort(X + 100, PEOPLE, NAMES, groups=["sex"])
    with pytest.warns(EvenlightWarning, match="In 5 of 5 features .* on one scale"):
        ev.explain(network(), some, background=far)


def test_a_console_is_not_flooded_and_shows_nobodys_numbers() -> None:
    """One line for a cohort, its attributions and their comparison."""
    made = ev.explain(network(), COHORT)
    told = [repr(a) for a in (COHORT, made, ev.compare(made, COHORT, by="sex"))]
    assert told[0] == "Cohort: 40 rows, 40 units, 5 features; outcome none (none); strata none"
    assert told[1].startswith("Attributions: 40 rows, 5 features; target output on the margin")
    assert told[2].startswith("Comparison: by sex; 5 subjects (feature)")
    checked = ev.faithfulness(network(), COHORT, made)
    told += [repr(checked), repr(ev.assess(checked, made, COHORT, by="sex"))]
    assert told[3].startswith("Faithfulness of ig in 40 rows, medians: residual")
    assert told[4] == "Quality by sex: 10 checks; see .to_frame()"
    assert list(checked.to_frame().index) == list(checked.rows)
    assert all(len(text) < 300 and "p00" not in text for text in told)
