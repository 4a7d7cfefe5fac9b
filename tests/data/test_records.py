"""The records of data: sums, sets, foreign attributions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import shap
import torch
import zarr
from captum.attr import IntegratedGradients

import evenlight.data.rows as reading
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import residual
from evenlight.data.features import Features, FeatureSets, Indicators, check_states, states_of
from evenlight.data.groups import Groups
from evenlight.errors import AttributionError, FeatureError, GroupError

RNG = np.random.default_rng(0)


def linear() -> Attributions:
    """Exact attributions of a linear model."""
    x = RNG.normal(size=(20, 4))
    return Attributions.from_arrays(
        x,
        rows=[f"r{i}" for i in range(20)],
        features=list("abcd"),
        output=x.sum(axis=1) + 2,
        base=2.0,
    )


def test_sums_over_sets_keep_the_output() -> None:
    """by() moves attributions to sets and loses nothing."""
    made = linear()
    sets = FeatureSets.from_lists({"one": "ab", "two": "cd"}, "abcd", kind="pathway")
    found = made.by(sets)
    np.testing.assert_allclose(found.total(), made.total(), atol=1e-6)
    np.testing.assert_allclose(found.values[:, 0], made.values[:, :2].sum(axis=1), atol=1e-6)


def test_sets_must_partition_the_features() -> None:
    """A feature in no set, or in two, would break the sum."""
    made = linear()
    with pytest.raises(AttributionError, match="'d' belongs to 0 sets"):
        made.by(FeatureSets.from_lists({"one": "abc"}, "abcd"))
    with pytest.raises(FeatureError, match="names 1 unknown features, first \\['z'\\]"):
        FeatureSets.from_lists({"one": "az"}, "abcd")


def test_from_shap_takes_an_explanation() -> None:
    """Shap's own linear explainer passes the completeness check."""
    x = RNG.normal(size=(30, 3))
    weights = np.array([1.0, -2.0, 0.5])
    found = shap.LinearExplainer((weights, 0.3), x)(x)
    made = Attributions.from_shap(
        found, rows=list(range(30)), output=x @ weights + 0.3, features=["a", "b", "c"]
    )
    assert made.method == "shap"
    assert made.converged.all()
    np.testing.assert_allclose(made.values, (x - x.mean(axis=0)) * weights, atol=1e-5)


def test_from_shap_of_several_outputs_is_refused() -> None:
    """One target at a time."""
    values = shap.Explanation(np.zeros((5, 3, 2)), np.zeros((5, 2)))
    with pytest.raises(AttributionError, match="2 outputs; pass explanation"):
        Attributions.from_shap(values, rows=list(range(5)), output=np.zeros(5))


def test_from_captum_takes_a_tensor() -> None:
    """Captum's integrated gradients of a small network pass the completeness check."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = torch.nn.Sequential(torch.nn.Linear(3, 8), torch.nn.Softplus(), torch.nn.Linear(8, 1))
    x = torch.tensor(RNG.normal(size=(10, 3)), dtype=torch.float32)
    tensor = IntegratedGradients(net).attribute(x, torch.zeros(1, 3), n_steps=64)
    with torch.no_grad():
        output, base = net(x).numpy(), net(torch.zeros(1, 3)).item()
    made = Attributions.from_captum(
        tensor, rows=list(range(10)), features=["a", "b", "c"], output=output, base=base
    )
    assert made.converged.all()


def test_a_row_that_does_not_add_up_is_marked() -> None:
    """One bad row in fifty is kept, with its residual, and not converged."""
    x = RNG.normal(size=(50, 2))
    output = x.sum(axis=1)
    output[7] += 3.0
    made = Attributions.from_arrays(
        x, rows=list(range(50)), features=["a", "b"], output=output, base=0
    )
    assert np.flatnonzero(~made.converged).tolist() == [7]
    assert made.error[7] == pytest.approx(3.0, abs=1e-5)


def test_indicators_are_read_as_states() -> None:
    """One-hot columns name one state a row; two at once are an error."""
    coded = Indicators("geno", {"geno A/G": "A/G", "geno A/A": "A/A"}, "G/G")
    names = ("geno A/G", "geno A/A")
    x = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]])
    assert states_of(coded, x, names) == ["G/G", "A/G", "A/A"]
    with pytest.raises(FeatureError, match="1 rows do not name exactly one state"):
        check_states(coded, np.array([[1.0, 1.0]]), names)


def test_names_are_unique_and_kept() -> None:
    """Names that look like code or nothing are plain data; a repeated one is an error."""
    assert Features(("__proto__", "nan", " x ")).names == ("__proto__", "nan", " x ")
    with pytest.raises(FeatureError, match="'a' occurs twice"):
        Features(("a", "a"))


def test_more_than_fifteen_pairs_use_the_largest_level() -> None:
    """Seven levels have 21 pairs: each is compared with the largest."""
    codes = np.array([*range(7), 3, 3])
    groups = Groups("site", tuple("abcdefg"), codes)
    assert groups.contrasts() == tuple((level, "d") for level in "abcefg")


def test_codes_without_a_name_are_an_error() -> None:
    """A code beyond the levels."""
    with pytest.raises(GroupError, match="code 2 has no name"):
        Groups("sex", ("f", "m"), np.array([0, 2]))


def stored(values: Any, folder: Path, kind: str) -> Any:
    """The values on disk, in chunks that cut rows and columns, or in a memory map."""
    if kind == "memmap":
        np.save(folder / "a.npy", values)
        return np.load(folder / "a.npy", mmap_mode="r")
    made = zarr.create_array(
        folder / "a.zarr", shape=values.shape, chunks=(7, 3), dtype=values.dtype
    )
    made[:] = values
    return made


@pytest.mark.parametrize("kind", ["zarr", "memmap"])
def test_values_on_disk_give_the_sums_of_values_in_memory(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Total, residual, sets, order, table and card are the same, in blocks of three rows."""
    made = linear()
    lazy = replace(made, values=stored(made.values, tmp_path, kind))
    monkeypatch.setattr(reading, "BLOCK", 3 * 4 * 8)
    np.testing.assert_array_equal(lazy.total(), made.total())
    for one, other in zip(
        residual(lazy.values, made.output, made.base),
        residual(made.values, made.output, made.base), strict=True,
    ):  # fmt: skip
        np.testing.assert_array_equal(one, other)
    sets = FeatureSets.from_lists({"one": "ab", "two": "cd"}, "abcd")
    np.testing.assert_array_equal(lazy.by(sets).values, made.by(sets).values)
    pd.testing.assert_frame_equal(lazy.to_frame(), made.to_frame())
    assert lazy._repr_html_() == made._repr_html_()
    order = np.random.default_rng(0).permutation(20)
    cohort = Cohort(np.eye(20), pd.DataFrame(index=made.rows[order]))
    np.testing.assert_array_equal(lazy.at(cohort).values, made.values[order])
    np.testing.assert_array_equal(lazy.at(cohort).output, made.output[order])
    same = Cohort(np.eye(20), pd.DataFrame(index=made.rows))
    assert lazy.at(same).values is lazy.values


def test_values_on_disk_are_not_read_when_a_record_is_made() -> None:
    """What was computed in their residual is known; only the rows asked for are read."""
    made = linear()
    asked: list[int] = []

    class Table:
        """Attributions that note which rows are read."""

        shape, dtype, ndim = made.values.shape, made.values.dtype, 2

        def __getitem__(self, index: Any) -> Any:
            asked.extend(np.arange(20)[index].tolist())
            return made.values[index]

    lazy = replace(made, values=Table())  # type: ignore[arg-type]
    assert asked == []
    some = lazy.at(Cohort(np.eye(2), pd.DataFrame(index=["r7", "r3"])))
    assert asked == []
    np.testing.assert_array_equal(np.asarray(some.values), made.values[[7, 3]])
    assert sorted(asked) == [3, 7]


def test_values_on_disk_that_are_not_finite_are_refused(tmp_path: Path) -> None:
    """One NaN makes the row's residual NaN, and the record says which row."""
    values = linear().values.copy()
    values[4, 1] = np.nan
    error, converged = residual(stored(values, tmp_path, "zarr"), np.zeros(20), np.zeros(20))
    assert np.flatnonzero(np.isnan(error)).tolist() == [4]
    assert not converged[4]
    with pytest.raises(AttributionError, match=r"1 rows hold .* not finite, .* \[4\]"):
        replace(linear(), values=stored(values, tmp_path, "memmap"), error=error)


def test_the_long_table_is_the_wide_one_stacked() -> None:
    """Row by row, feature by feature; maps have no column a feature and say so."""
    made = linear()
    wide = pd.DataFrame(made.values, index=made.rows, columns=list("abcd"))
    long: Any = wide.rename_axis("row").rename_axis("feature", axis=1).stack()
    pd.testing.assert_frame_equal(made.to_frame(), long.rename("attribution").reset_index())
    maps = replace(made, values=made.values.reshape(20, 4, 1))
    with pytest.raises(AttributionError, match=r"maps of shape \(4, 1\); sum them over regions"):
        maps.to_frame()


def test_maps_are_summed_over_the_regions_of_a_label_map() -> None:
    """The regions of an image hold all positions, so the output stays."""
    made = replace(linear(), values=linear().values.reshape(20, 2, 2))
    regions = FeatureSets.from_label_map(np.array([[0, 0], [7, 7]]))
    np.testing.assert_allclose(made.by(regions).total(), made.total(), rtol=1e-6)
    assert made.by(regions).features.names == ("region 0", "region 7")
    with pytest.raises(AttributionError, match=r"of shape \(4,\), the attributions of .* \(2, 2\)"):
        made.by(FeatureSets.from_label_map(np.array([0, 1, 2, 2])))
