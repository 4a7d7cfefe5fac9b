"""What figures of notebooks say beside what they draw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression

import evenlight as ev
from evenlight import pl, tl
from evenlight.errors import FeatureError, InputError, UnknownName
from evenlight.figures.locus import Places, laid
from evenlight.measures.testing import Testing
from tests.annotated_world import annotated

QUICK = Testing(draws=199, own_value=False)


def test_chromosomes_do_not_overlap() -> None:
    """Side by side in the order of their numbers; what has no position is nowhere."""
    places = Places(
        ("a", "b", "c", "d"), np.array(["10", "2", "2", "X"]), np.array([5e6, 9e6, 1e6, np.nan])
    )
    x, ends = laid(places)
    assert list(ends) == ["2", "10"]
    assert x[2] < x[1] < x[0]
    assert np.isnan(x[3])
    with pytest.raises(FeatureError, match="nothing to lay out"):
        laid(Places(("a",), np.array([""]), np.array([np.nan])))


def test_axes_name_the_event_or_the_outcome() -> None:
    """The margin is that of the outcome by its name, of its event where that was named."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    people = pd.DataFrame({"case": np.where(x[:, 0] > 0, 1, 0)}, index=[f"p{i}" for i in range(60)])
    people["state"] = np.where(people["case"] == 1, "ill", "well")
    model = LogisticRegression().fit(x, people["case"])
    for own, name in (({"outcome": "case"}, "case"), ({"outcome": "state", "event": "ill"}, "ill")):
        cohort = ev.Cohort(x, people, list("abc"), unit="row", **own)  # type: ignore[arg-type]
        made = ev.explain(model, cohort)
        ax = pl.beeswarm(made, cohort=cohort, show=False)
        assert ax is not None
        assert ax.get_xlabel() == f"attribution, margin of {name}; bars of 11 rows or more"


def test_what_is_drawn_at_the_same_shares_says_so() -> None:
    """Two comparisons are kept; each figure draws the one asked for, and names the cell types."""
    made = annotated(donors=30, cells=45)
    made.var["position"] = np.arange(1, 13)
    tl.explain(made, lambda x: np.asarray(x) @ np.arange(12.0), unit="donor", groups=["ancestry"])
    plain = tl.compare(made, groupby="ancestry", testing=QUICK)
    alike = tl.compare(made, groupby="ancestry", cell_type="cell_type", testing=QUICK)
    tl.rely(made, groupby="ancestry", cell_type="cell_type")
    for own, record in ((None, plain), ("cell_type", alike)):
        ax = pl.volcano(made, cell_type=own, show=False)
        assert ax is not None
        drawn = np.concatenate([np.ravel(line.get_xdata()) for line in ax.lines[1:]])
        np.testing.assert_allclose(np.sort(drawn), np.sort(record.effect[0, 0]))
        told = "\nat the same shares of cell_type"
        for one in (
            ax,
            pl.ranking(made, cell_type=own, show=False),
            pl.ranking(made, by="importance", cell_type=own, show=False),
            pl.locus(made, of="difference", cell_type=own, show=False),
        ):
            assert one is not None
            assert one.get_xlabel().endswith(told) == (own is not None)
    with pytest.raises(UnknownName, match="known: ancestry at the same shares of cell_type; name"):
        pl.reliance(made, show=False)
    assert pl.reliance(made, cell_type="cell_type", show=False) is not None
    with pytest.raises(InputError, match="a record that is passed is drawn as it is"):
        pl.volcano(alike, cell_type="cell_type", show=False)
    with pytest.raises(UnknownName, match=r"cell_type='part'\)"):
        pl.volcano(made, "ancestry", cell_type="part", show=False)
    with pytest.raises(InputError, match="over all cells"):
        pl.locus(made, cell_type="cell_type", show=False)
