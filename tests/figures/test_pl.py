"""ev.pl: a figure in one call, of an AnnData or of a record, that draws the record's numbers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import evenlight as ev
from evenlight import pl, tl
from evenlight.errors import AttributionError, FeatureError, InputError, UnknownName
from evenlight.figures.beeswarm import shade, stacked
from evenlight.figures.ink import COLOURS, MARKS, look
from evenlight.measures.people import depend
from evenlight.measures.testing import Testing
from tests.annotated_world import annotated
from tests.made_audit import audit

QUICK = Testing(draws=199, own_value=False)
MADE = audit()


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Nothing opens a window, and no figure stays open."""
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def adata() -> Any:
    """Log counts of 40 donors, explained, compared and asked for reliance by ancestry."""
    made = annotated(donors=40)
    rng = np.random.default_rng(1)
    made.var["chromosome"] = ["2", "chr10", "X"] * 4
    made.var["position"] = 1_000_000 * (1 + np.arange(12))
    made.var["build"] = "GRCh38"
    made.obsm["X_umap"] = rng.normal(size=(made.n_obs, 2))
    made.uns["ancestry_colors"] = ["#332288", "#ddaa33"]
    weights = rng.normal(size=12)
    tl.explain(made, lambda x: np.asarray(x) @ weights, unit="donor", groups=["ancestry"])
    tl.compare(made, groupby="ancestry", testing=QUICK)
    tl.rely(made, groupby="ancestry")
    return made


DRAW: dict[str, Callable[..., Any]] = {
    "volcano": pl.volcano,
    "dependence": lambda adata, **own: pl.dependence(adata, "ENSG00000", **own),
    "ranking": pl.ranking,
    "importance": lambda adata, **own: pl.ranking(adata, by="importance", **own),
    "ranked reliance": lambda adata, **own: pl.ranking(adata, by="reliance", **own),
    "reliance": pl.reliance,
    "beeswarm": pl.beeswarm,
    "beeswarm by group": lambda adata, **own: pl.beeswarm(adata, "ancestry", **own),
    "person": lambda adata, **own: pl.person(adata, "d003", individuals=True, **own),
    "locus": pl.locus,
    "locus by group": lambda adata, **own: pl.locus(adata, of="importance", **own),
    "embedding by group": lambda adata, **own: pl.embedding(adata, color="ancestry", **own),
    "embedding by feature": lambda adata, **own: pl.embedding(adata, color="ENSG00000", **own),
}


def clouds(ax: Axes) -> list[Any]:
    """Each scatter, in the order in which they were drawn."""
    made: Any = ax.collections
    return [cloud for cloud in made if len(cloud.get_offsets())]


def offsets(ax: Axes) -> list[Any]:
    """Points of each scatter."""
    return [np.asarray(cloud.get_offsets()) for cloud in clouds(ax)]


@pytest.mark.parametrize("name", DRAW)
def test_each_verb_draws_shows_and_saves(
    name: str, adata: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`show=False` gives the axes, else pyplot shows them; `ax` is drawn on; `save` writes."""
    shown: list[int] = []
    monkeypatch.setattr(pyplot, "show", lambda: shown.append(1))
    ax = DRAW[name](adata, show=False, save=tmp_path / "own.png")
    assert isinstance(ax, Axes)
    assert not shown
    assert (tmp_path / "own.png").stat().st_size > 1000
    assert pyplot.fignum_exists(getattr(ax.figure, "number", -1))
    assert DRAW[name](adata) is None
    assert shown == [1]
    given = Figure().subplots(1, 2)[0]
    assert DRAW[name](adata, ax=given, show=False, save=tmp_path / "given.svg") is given
    assert b"<svg" in (tmp_path / "given.svg").read_bytes()


def test_the_volcano_draws_the_kept_comparison(adata: Any) -> None:
    """Its marks stand at the differences of the record, with the contrast above them."""
    record = tl.comparison(adata)
    ax = pl.volcano(adata, show=False)
    assert ax is not None
    drawn = np.concatenate([np.ravel(line.get_xdata()) for line in ax.lines[1:]])
    np.testing.assert_allclose(np.sort(drawn), np.sort(record.effect[0, 0]))
    assert ax.get_title(loc="left") == "B \N{MINUS SIGN} A"
    assert ax.get_xlabel() == "difference, SD of the output"
    again = pl.volcano(record, view="magnitude", show=False)
    assert again is not None
    assert again.get_xlabel() == "difference of |attribution|, SD of the output"


def test_rankings_are_in_the_order_of_size(adata: Any) -> None:
    """Features by |difference|, by |share| and by mean |attribution|, the largest on top."""
    record, relied = tl.comparison(adata), tl.reliance(adata)
    for by, values in (
        ("difference", np.abs(record.effect[0, 0])),
        ("reliance", np.abs(relied.share[0])),
        ("importance", record.importance.max(axis=0)),
    ):
        ax = pl.ranking(adata, by=by, top=5, show=False)  # type: ignore[arg-type]
        assert ax is not None
        names = [t.get_text() for t in ax.get_yticklabels()]
        assert names == [record.subjects[j] for j in np.argsort(-values, kind="stable")[:5]]
    ax = pl.ranking(relied, top=3, show=False)
    assert ax is not None
    marks = [float(np.ravel(line.get_xdata())[0]) for line in ax.lines if line.get_marker() == "o"]
    assert set(marks) <= set(relied.share[0].tolist())


def test_what_cannot_be_asked_is_said_beside_its_name() -> None:
    """A contrast without an estimate has words in each row, right of the names."""
    record = MADE.comparisons[0]
    ax = pl.ranking(record, contrast=record.contrasts[0], top=3, show=False)
    assert ax is not None
    assert [t.get_text() for t in ax.texts] == ["cannot be asked here"] * 3


def test_the_beeswarm_has_a_point_a_donor(adata: Any) -> None:
    """Points are the donors' mean attributions, features in the order of mean |attribution|."""
    made, cohort = tl.attributions(adata), tl.cohort(adata)
    donor = cohort.people["donor"].to_numpy()
    each = np.stack([made.values[donor == d].mean(axis=0) for d in np.unique(donor)])
    order = np.argsort(-np.abs(each).mean(axis=0), kind="stable")
    ax = pl.beeswarm(made, cohort=cohort, top=4, individuals=True, show=False)
    assert ax is not None
    for j, points in zip(order[:4], offsets(ax), strict=True):
        np.testing.assert_allclose(points[:, 0], each[:, j], rtol=1e-5)
    labels = [t.get_text() for t in ax.get_yticklabels()]
    assert labels == [made.features.names[j] for j in order[:4]]
    assert ax.get_xlabel().endswith("a point a donor")


def test_shades_follow_the_own_value_and_lanes_the_group(adata: Any) -> None:
    """A higher own value is never darker; each group has its own points, colour and mark."""
    cohort = tl.cohort(adata)
    ax = pl.beeswarm(adata, top=1, individuals=True, show=False)
    assert ax is not None
    (name,) = [t.get_text() for t in ax.get_yticklabels()]
    donor = cohort.people["donor"].to_numpy()
    own = cohort.column(cohort.features.place[name])
    mean = np.array([own[donor == d].mean() for d in np.unique(donor)])
    shades = np.asarray(ax.collections[0].get_array())
    assert (np.diff(shades[np.argsort(mean, kind="stable")]) >= 0).all()
    ax = pl.beeswarm(adata, "ancestry", top=1, individuals=True, show=False)
    assert ax is not None
    assert [len(p) for p in offsets(ax)] == [20, 20]
    assert [to_hex(c.get_facecolor()[0]) for c in clouds(ax)] == ["#332288", "#ddaa33"]
    low, high = (p[:, 1].max() for p in offsets(ax)), (p[:, 1].min() for p in offsets(ax))
    assert next(low) < list(high)[1]


def test_points_of_a_swarm_lie_apart() -> None:
    """Points of one bin have different heights within the row; shades of one value are alike."""
    x = np.random.default_rng(0).normal(size=400)
    side = stacked(x, (float(x.min()), float(x.max())))
    assert np.abs(side).max() == 1
    bins = np.minimum(((x - x.min()) / np.ptp(x) * 80).astype(int), 79)
    assert len({(b, s) for b, s in zip(bins, side, strict=True)}) == 400
    assert np.isnan(shade(np.array([np.nan, np.nan]))).all()
    assert set(shade(np.array([0.0] * 40 + [2.0])).tolist()) == {0.0, 1.0}


def test_a_persons_bars_lead_from_base_to_output(adata: Any) -> None:
    """The bars of a donor add up to what the model said of their cells, on average."""
    made, cohort = tl.attributions(adata), tl.cohort(adata)
    at = (cohort.people["donor"] == "d003").to_numpy()
    ax = pl.person(adata, "d003", top=4, individuals=True, show=False)
    assert ax is not None
    bars = [p for p in ax.patches if isinstance(p, Rectangle)]
    widths = np.array([bar.get_width() for bar in bars])
    assert len(bars) == 5
    assert bars[0].get_x() == pytest.approx(made.base[at].mean())
    assert widths.sum() + made.base[at].mean() == pytest.approx(made.output[at].mean(), abs=1e-4)
    assert (np.diff(np.abs(widths[:4])) <= 0).all()
    assert ax.get_yticklabels()[4].get_text() == "8 others"
    assert [bar.get_hatch() or "" for bar in bars] == ["" if w >= 0 else "////" for w in widths]
    row = pl.person(adata, cohort.rows[0], individuals=True, show=False)
    assert row is not None


def test_dependence_draws_curves_and_points(adata: Any) -> None:
    """Curves are those of the record; points are donors; a record alone has no points."""
    made, cohort = tl.attributions(adata), tl.cohort(adata)
    record = depend(made, cohort, by="ancestry", subject="ENSG00000")
    ax = pl.dependence(adata, "ENSG00000", individuals=True, show=False)
    assert ax is not None
    curves = [line for line in ax.lines if line.get_marker() in MARKS]
    for k, line in enumerate(curves):
        kept = np.isfinite(record.mean[k])
        np.testing.assert_allclose(np.asarray(line.get_ydata()), record.mean[k][kept])
        assert to_hex(str(line.get_color())) == ("#332288", "#ddaa33")[k]
    spread = [c for c in clouds(ax) if c.get_alpha() == 0.25]
    assert sum(len(c.get_offsets()) for c in spread) == 40
    alone = pl.dependence(record, show=False)
    assert alone is not None
    assert not [c for c in clouds(alone) if c.get_alpha() == 0.25]


def test_variants_stand_at_their_positions(adata: Any) -> None:
    """Of a region only its variants, in Mb; of all, chromosomes side by side in their order."""
    size = adata.varm["evenlight"]["mean_abs_attribution"].to_numpy()
    ax = pl.locus(adata, "chr10:1-6000000", show=False)
    assert ax is not None
    line = next(line for line in ax.lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.asarray(line.get_xdata()), [2.0, 5.0])
    np.testing.assert_allclose(np.asarray(line.get_ydata()), size[[1, 4]])
    assert ax.get_xlabel() == "position on chromosome 10, Mb (GRCh38)"
    ax = pl.locus(adata, show=False)
    assert ax is not None
    assert [t.get_text() for t in ax.get_xticklabels()] == ["2", "10", "X"]
    found = tl.comparison(adata)
    by_record = pl.locus(found, features=adata.var, show=False)
    assert by_record is not None
    line = next(line for line in by_record.lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.asarray(line.get_ydata()), found.effect[0, 0])
    assert by_record.get_ylabel() == "B \N{MINUS SIGN} A: difference, SD of the output"
    made = pl.locus(tl.attributions(adata), cohort=tl.cohort(adata), show=False)
    assert made is not None
    line = next(line for line in made.lines if line.get_marker() == "o")
    np.testing.assert_allclose(np.asarray(line.get_ydata()), found_sizes(adata), rtol=1e-6)


def found_sizes(adata: Any) -> Any:
    """Mean over donors of their mean |attribution|, slowly."""
    made, donor = tl.attributions(adata), adata.obs["donor"].to_numpy()
    return np.mean([np.abs(made.values[donor == d]).mean(axis=0) for d in np.unique(donor)], axis=0)


def test_an_embedding_shows_every_row_where_obsm_has_it(adata: Any) -> None:
    """Groups: each row at its place, in the colour of its group; features: shades about 0."""
    ax = pl.embedding(adata, "X_umap", color="ancestry", individuals=True, show=False)
    assert ax is not None
    b = (adata.obs["ancestry"] == "B").to_numpy()
    gold = [c for c in clouds(ax) if to_hex(c.get_facecolor()[0]) == "#ddaa33"]
    drawn = np.concatenate([np.asarray(cloud.get_offsets()) for cloud in gold])
    wanted = np.asarray(adata.obsm["X_umap"])[b]
    np.testing.assert_allclose(drawn[np.argsort(drawn[:, 0])], wanted[np.argsort(wanted[:, 0])])
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("UMAP1", "UMAP2")
    ax = pl.embedding(adata, color="ENSG00002", individuals=True, show=False)
    assert ax is not None
    phi = tl.attributions(adata).values[:, 2].astype(np.float64)
    (points,) = ax.collections
    order = np.argsort(np.abs(phi), kind="stable")
    np.testing.assert_allclose(np.asarray(points.get_array()), phi[order])
    np.testing.assert_allclose(offsets(ax)[0], adata.obsm["X_umap"][order])
    low, high = points.get_clim()
    assert low == -high
    cohort = tl.cohort(adata).altered(axes=(ev.Axes("pcs", np.asarray(adata.obsm["X_umap"])),))
    own = pl.embedding(tl.attributions(adata), "pcs", color="output", cohort=cohort, show=False)
    assert own is not None


def test_an_embedding_is_coloured_by_any_column(adata: Any) -> None:
    """A column that differs within donors, such as the cell type, has a colour a level."""
    ax = pl.embedding(adata, color="cell_type", individuals=True, show=False)
    assert ax is not None
    (legend,) = ax.figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["B", "NK", "T"]
    of_t = np.asarray(adata.obsm["X_umap"])[(adata.obs["cell_type"] == "T").to_numpy()]
    drawn = np.concatenate(
        [
            np.asarray(c.get_offsets())
            for c in clouds(ax)
            if to_hex(c.get_facecolor()[0]) == COLOURS[2].lower()
        ]
    )
    np.testing.assert_allclose(drawn[np.argsort(drawn[:, 0])], of_t[np.argsort(of_t[:, 0])])


def test_colours_are_those_of_uns_or_of_the_house(adata: Any) -> None:
    """Category by category; without colours the house's; too few or no colours are an error."""
    plain = adata.copy()
    tl._near[id(plain)] = tl._near[id(adata)]
    del plain.uns["ancestry_colors"]
    ax = pl.embedding(plain, color="ancestry", show=False)
    assert ax is not None
    assert to_hex(clouds(ax)[0].get_facecolor()[0]) == COLOURS[0].lower()
    plain.uns["ancestry_colors"] = ["red"]
    with pytest.raises(InputError, match="1 colours for 2 categories of ancestry"):
        pl.embedding(plain, color="ancestry", show=False)
    plain.uns["ancestry_colors"] = ["red", "no colour"]
    with pytest.raises(InputError, match="'no colour', which is no colour"):
        pl.embedding(plain, color="ancestry", show=False)
    del tl._near[id(plain)]


def test_25_groups_look_different() -> None:
    """No two of the first 25 groups share colour and mark."""
    assert len({(look(i)["color"], look(i)["marker"]) for i in range(25)}) == 25


def test_wrong_input_is_named_with_its_remedy(adata: Any, tmp_path: Path) -> None:
    """Unknown names come with the nearest one, missing results with the call that makes them."""
    bare = annotated()
    assert pl.given.KEY == tl.KEY
    with pytest.raises(
        UnknownName, match=r"call ev.tl.explain\(adata, model, key_added='evenlight'"
    ):
        pl.volcano(bare, show=False)
    with pytest.raises(UnknownName, match=r"ev.tl.compare\(adata, groupby='cell_type'\)"):
        pl.volcano(adata, "cell_type", show=False)
    with pytest.raises(UnknownName, match="did you mean 'ENSG00001'"):
        pl.dependence(adata, "ENSG00001x", show=False)
    with pytest.raises(UnknownName, match="did you mean 'umap'"):
        pl.embedding(adata, "umapp", color="ancestry", show=False)
    with pytest.raises(UnknownName, match="did you mean 'ancestry'"):
        pl.beeswarm(adata, "ancestri", show=False)
    with pytest.raises(InputError, match="found a int; wanted an AnnData or a Comparison"):
        pl.volcano(3, show=False)
    with pytest.raises(InputError, match="pass cohort="):
        pl.beeswarm(tl.attributions(adata), show=False)
    with pytest.raises(InputError, match="contrasts; name one with contrast="):
        pl.volcano(MADE.comparisons[0], show=False)
    with pytest.raises(FeatureError, match="no variant lies in '7'"):
        pl.locus(adata, "7", show=False)
    with pytest.raises(FeatureError, match="pass features= a table"):
        pl.locus(tl.comparison(adata), show=False)
    with pytest.raises(InputError, match="there is no folder 'absent'"):
        pl.volcano(adata, show=False, save=tmp_path / "absent" / "a.png")
    with pytest.raises(InputError, match="ax is a str"):
        pl.volcano(adata, ax="here", show=False)  # type: ignore[arg-type]
    few = tl.cohort(adata).take(tl.cohort(adata).units < 8)
    made = replace(tl.attributions(adata), cohort_digest="")
    with pytest.raises(AttributionError, match="fewer than 11 units"):
        pl.locus(made, cohort=few, show=False)


def test_no_error_tells_the_id_of_somebody_else(adata: Any) -> None:
    """An unknown person is told by counts; no nearest id is offered."""
    with pytest.raises(UnknownName) as caught:
        pl.person(adata, "d3", individuals=True, show=False)
    assert str(caught.value) == (
        "'d3' is not among the 40 values of 'donor' or the 200 row ids of the cohort"
    )


def test_no_report_can_draw_people() -> None:
    """Nothing that makes a page loads ev.pl, nor the figures of single people by name."""
    code = "import sys, evenlight.reports; print('evenlight.pl' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
    folder = Path(ev.__path__[0]) / "reports"
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.py"))
    for name in ("beeswarm", "waterfall", "embedded_groups", "embedded_values"):
        assert name not in text


def test_importing_the_package_draws_nothing() -> None:
    """`import evenlight` loads no matplotlib; `ev.pl` no pyplot before it draws, and no torch."""
    code = (
        "import sys, evenlight as ev; a = 'matplotlib' in sys.modules; ev.pl.volcano; "
        "print(a, 'matplotlib.pyplot' in sys.modules, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False", "False"]
