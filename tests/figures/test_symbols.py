"""Features that are shown by another name than the model knows them by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot

from evenlight import pl, tl
from evenlight.errors import InputError, UnknownName
from evenlight.measures.testing import Testing
from evenlight.pl.given import Asked, comparison_of, reliance_of
from tests.annotated_world import annotated


@pytest.fixture
def adata() -> Iterator[Any]:
    """Log counts of 30 donors, explained, compared and asked for reliance by ancestry."""
    pyplot.switch_backend("agg")
    made, weights = annotated(donors=30), np.random.default_rng(1).normal(size=12)
    tl.explain(made, lambda x: np.asarray(x) @ weights, unit="donor", groups=["ancestry"])
    tl.compare(made, groupby="ancestry", testing=Testing(draws=199, own_value=False))
    tl.rely(made, groupby="ancestry")
    yield made
    pyplot.close("all")


def test_features_are_shown_by_a_column_of_var(adata: Any) -> None:
    """gene_symbols= as in scanpy; shared symbols keep the gene's own name behind them."""
    adata.var["shown"] = ["S0", "S1", "S1", None, "", *(f"S{j}" for j in range(5, 12))]
    own = list(adata.var_names)
    told = ["S0", f"S1 ({own[1]})", f"S1 ({own[2]})", own[3], own[4], *adata.var["shown"][5:]]
    asked = Asked(None, None, tl.KEY, "shown")
    assert comparison_of(adata, asked).subjects == tuple(told)
    assert reliance_of(adata, asked).subjects == tuple(told)
    for draw in (pl.ranking, lambda data, **more: pl.ranking(data, by="importance", **more)):
        ax = draw(adata, gene_symbols="shown", show=False)
        assert ax is not None
        assert "S0" in [label.get_text() for label in ax.get_yticklabels()]
    assert pl.volcano(adata, gene_symbols="shown", show=False) is not None
    assert pl.reliance(adata, gene_symbols="shown", show=False) is not None
    with pytest.raises(UnknownName, match="var has no column 'show'; did you mean 'shown'"):
        pl.volcano(adata, gene_symbols="show", show=False)
    with pytest.raises(InputError, match=r"gene_symbols= names a column of adata\.var; pass adata"):
        pl.volcano(tl.comparison(adata), gene_symbols="shown", show=False)
