"""Features that are shown by another name than the model knows them by."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.text import Text

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


def texts(ax: Axes | None) -> list[str]:
    """All that is written on axes."""
    assert ax is not None
    return [text.get_text() for text in ax.get_figure().findobj(Text)]  # type: ignore[union-attr]


def test_figures_of_people_and_places_show_them_too(adata: Any) -> None:
    """A feature has its symbol in beeswarm, person, dependence, embedding and locus."""
    own = list(map(str, adata.var_names))
    adata.var["shown"] = [f"S{j}" for j in range(len(own))]
    adata.var["chromosome"], adata.var["position"] = "22", range(100, 100 + len(own))
    adata.obsm["X_pca"] = np.random.default_rng(2).normal(size=(adata.n_obs, 2))
    drawn: dict[str, Callable[..., Axes | None]] = {
        "beeswarm": partial(pl.beeswarm, top=12),
        "person": partial(pl.person, who=str(adata.obs["donor"].iloc[0]), top=12, individuals=True),
        "dependence": partial(pl.dependence, feature=own[3]),
        "embedding": partial(pl.embedding, basis="pca", color=own[3]),
        "locus": partial(pl.locus, label=12),
    }
    for name, draw in drawn.items():
        plain = texts(draw(adata, show=False))
        told = texts(draw(adata, gene_symbols="shown", show=False))
        assert any(one in text for text in plain for one in own), name
        assert not any(one in text for text in told for one in own), name
        assert any(f"S{j}" in text for text in told for j in range(len(own))), name
        with pytest.raises(UnknownName, match="did you mean 'shown'"):
            draw(adata, gene_symbols="show", show=False)


def test_a_feature_may_be_named_as_it_is_shown(adata: Any) -> None:
    """The symbol where one is asked for, and the model's own name as well."""
    own = list(map(str, adata.var_names))
    adata.var["shown"] = [f"S{j}" for j in range(len(own))]
    adata.obsm["X_pca"] = np.random.default_rng(2).normal(size=(adata.n_obs, 2))
    for feature in ("S3", own[3]):
        curve = pl.dependence(adata, feature, gene_symbols="shown", show=False)
        assert any("S3" in text for text in texts(curve))
        points = pl.embedding(adata, "pca", color=feature, gene_symbols="shown", show=False)
        assert any("attribution of S3" in text for text in texts(points))


def test_without_an_adata_there_are_no_symbols(adata: Any) -> None:
    """Attributions and a Dependence have no var: the error says what to do."""
    made, here = tl.attributions(adata), tl.cohort(adata)
    told = r"gene_symbols= names a column of adata\.var; pass adata"
    for draw in (
        partial(pl.beeswarm, cohort=here),
        partial(pl.dependence, feature=made.features.names[0], cohort=here),
        partial(pl.locus, cohort=here),
    ):
        with pytest.raises(InputError, match=told):
            draw(made, gene_symbols="shown", show=False)
