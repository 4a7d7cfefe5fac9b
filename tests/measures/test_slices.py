"""Worst slices: a planted one is confirmed, nothing is where nothing is, and wrong input."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.errors import CohortError, InputError
from evenlight.measures.slices import Slices, slices

OVER = ["site", "sex", "age"]


def audited(n: int, seed: int, worse: float = 0.0) -> tuple[Predictions, Cohort]:
    """A calibrated model, but that women at site 2 have `worse` more log-odds than it says."""
    rng = np.random.default_rng(seed)
    site, sex = rng.integers(0, 4, n), rng.integers(0, 2, n)
    margin = rng.normal(size=n)
    y = rng.random(n) < expit(margin + worse * ((site == 2) & (sex == 1)))
    table = pd.DataFrame(
        {
            "site": site.astype(str),
            "sex": np.where(sex, "f", "m"),
            "age": rng.normal(60, 10, n),
            "y": y.astype(int),
        },
        index=[f"p{i}" for i in range(n)],
    )
    cohort = Cohort(np.zeros((n, 1)), table, outcome="y", groups=["sex"], unit="row")
    return Predictions(cohort.rows, margin, expit(margin), "y", "logit"), cohort


def test_a_planted_slice_is_found_and_confirmed() -> None:
    """The cross of two columns leads the list, and its size is that of the other half."""
    said, cohort = audited(2000, 0, 1.5)
    found = slices(said, cohort, over=OVER, of="above")
    assert found.names[0] == "site: 2 and sex: f"
    assert found.verdict[0] == "confirmed"
    inside = ((cohort.people["site"] == "2") & (cohort.people["sex"] == "f")).to_numpy()
    apart = cohort.y - said.response
    truth = apart[inside].mean() - apart[~inside].mean()
    assert found.low[0] < truth < found.high[0]
    assert "confirmed on held-out units, first site: 2 and sex: f" in repr(found)
    below = slices(said, cohort, over=OVER, of="below")
    assert "site: 2 and sex: f" not in below.names


def test_nothing_is_confirmed_where_nothing_is() -> None:
    """A calibrated model: any slice is confirmed in about 1 of 20 searches, though found worse."""
    any_confirmed, found, held = [], [], []
    for seed in range(120):
        made = slices(*audited(400, seed), over=OVER, of="above", rng=seed)
        any_confirmed.append("confirmed" in made.verdict)
        found.append(made.found[0])
        held.append(made.effect[0])
    assert np.mean(any_confirmed) <= 0.11
    assert np.mean(found) > 0.08
    assert abs(np.nanmean(held)) < 0.03


def test_the_halves_are_whole_people_and_the_order_of_rows_does_not_matter() -> None:
    """Units of both halves add up to those of the slice; other orders give the same record."""
    said, cohort = audited(400, 3, 1.0)
    people = cohort.people.assign(who=[f"u{i // 2}" for i in range(400)])
    pairs = Cohort(cohort.x, people, outcome="y", unit="who")
    found = slices(said, pairs, over=["site"], depth=1, most=4)
    for name, n in zip(found.names, found.n, strict=True):
        own = people["site"] == name.split(": ")[1]
        assert n.sum() == people.loc[own, "who"].nunique()
    turned = pairs.take(np.random.default_rng(0).permutation(400))
    again = slices(said, turned, over=["site"], depth=1, most=4)
    assert plain(found) == plain(again)
    assert plain(restore(Slices, plain(found))) == plain(found)
    assert len(found.to_frame()) == len(found.names)


def test_groups_columns_of_x_and_numbers_are_taken() -> None:
    """Proxies, a 0/1 column of x, and thirds of a number have levels of their own."""
    rng = np.random.default_rng(4)
    said, cohort = audited(400, 4)
    x = np.column_stack([rng.integers(0, 2, 400), rng.normal(size=400)])
    table = Cohort(x, cohort.people, ["smokes", "bmi"], outcome="y", unit="row")
    proxy = Groups("pcs", ("cluster 1", "cluster 2"), rng.integers(0, 2, 400), "proxy", None,
                   table.rows)  # fmt: skip
    found = slices(said, table, over=["smokes", "bmi", proxy], depth=1, most=7)
    levels = {"smokes = 0", "smokes = 1", "pcs: cluster 1", "pcs: cluster 2"}
    thirds = {f"bmi: {third} third" for third in ("low", "middle", "high")}
    assert set(found.names) <= levels | thirds
    assert found.searched == 7
    assert found.over == ("smokes", "bmi", "pcs")


def test_rare_slices_are_neither_searched_nor_shown() -> None:
    """Nineteen people in the half that is searched are too few, however badly they fare."""
    said, cohort = audited(400, 5)
    people = cohort.people.assign(rare=np.where(np.arange(400) < 15, "yes", "no"))
    people.loc[people["rare"] == "yes", "y"] = 1
    found = slices(said, Cohort(cohort.x, people, outcome="y", unit="row"), over=["rare"])
    assert found.searched == 0
    assert found.names == ()


def test_wrong_input_is_named() -> None:
    """Each error names the item and the remedy."""
    said, cohort = audited(200, 6)
    many = cohort.people.assign(name=[f"n{i}" for i in range(200)])
    named = Cohort(cohort.x, many, outcome="y", unit="row")
    with pytest.raises(InputError, match="list columns"):
        slices(said, cohort, over="site")
    with pytest.raises(InputError, match="of is 'error'"):
        slices(said, cohort, over=["site"], of="error")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="depth is 5"):
        slices(said, cohort, over=["site"], depth=5)
    with pytest.raises(CohortError, match="is the outcome"):
        slices(said, cohort, over=["y"])
    with pytest.raises(CohortError, match="no column 'weight'"):
        slices(said, cohort, over=["weight"])
    with pytest.raises(CohortError, match="200 labels"):
        slices(said, named, over=["name"])
    with pytest.raises(CohortError, match="fewer than 44 units"):
        slices(said, cohort.take(np.arange(30)), over=["site"])
    bare = Cohort(cohort.x, cohort.people, unit="row")
    with pytest.raises(CohortError, match="binary or continuous outcome"):
        slices(said, bare, over=["site"])
