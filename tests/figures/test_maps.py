"""Maps of groups: one scale, a mask of significance, words from numbers, people only if asked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib import pyplot
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from evenlight.arrays import Float
from evenlight.cohorts.phantom import phantom
from evenlight.data.digits import number
from evenlight.data.features import Features
from evenlight.data.space import Space
from evenlight.errors import InputError, UnknownName
from evenlight.figures.map_pictures import SHADES, Plane, overlay
from evenlight.figures.maps import difference_map, maps_text, mean_maps, planes, size
from evenlight.figures.svg import inline
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.map_testing import MapTesting
from evenlight.pl.maps import maps
from evenlight.pl.shown import ONE_PERSON
from tests.mapped_world import QUICK, chests, linear, looking

MADE = chests()
PHI = linear(MADE.cohort, looking(MADE))
FOUND = compare_maps(PHI, MADE.cohort, by="group", regions=MADE.regions, testing=QUICK)
IMAGE = MADE.cohort.dense().mean(axis=(0, 1))


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Nothing opens a window, and no figure stays open."""
    pyplot.switch_backend("agg")
    yield
    pyplot.close("all")


@pytest.fixture(scope="module")
def heads() -> tuple[Any, Any]:
    """Heads in 3-D with a mark, and their maps compared."""
    made = phantom(60, dims=3, side=16, rng=5)
    phi = linear(made.cohort, looking(made))
    testing = MapTesting(draws=100, forming=0.01)
    return made, compare_maps(phi, made.cohort, by="group", regions=made.regions, testing=testing)


def pictures(ax: Axes) -> Float:
    """The colours of the picture that an axes shows, from 0 to 1."""
    return np.asarray(ax.images[-1].get_array(), dtype=np.float64)


def test_every_level_has_a_map_and_all_share_a_scale() -> None:
    """Two levels and their difference: three panels, two keys, the same value the same shade."""
    figure = mean_maps(FOUND)
    heads = [ax.get_title(loc="left") for ax in figure.axes if ax.images]
    assert heads[:3] == ["a", "b", "b \N{MINUS SIGN} a"]
    swapped = replace(FOUND, mean=FOUND.mean[:, ::-1].copy())
    first, second = (pictures(ax) for ax in figure.axes[:2])
    other = [pictures(ax) for ax in mean_maps(swapped).axes[:2]]
    np.testing.assert_array_equal(first, other[1])
    np.testing.assert_array_equal(second, other[0])


def test_only_significant_positions_stand_in_full_colour() -> None:
    """Outside of told clusters a difference is faint; inside it is the shade of its value."""
    ax = difference_map(FOUND)
    solid = FOUND.significant()
    shown = pictures(ax)
    times = shown.shape[0] // solid.shape[0]
    shown = shown[::times, ::times]
    values = FOUND.effect[0, 0]
    known = np.abs(values[values != 0])
    end = np.quantile(known, 0.995)
    shades = SHADES(Normalize(-end, end)(values))[..., :3]
    np.testing.assert_allclose(shown[solid], shades[solid], atol=1e-9)
    away = np.abs(1 - shades).sum(axis=-1) > 0.3
    faint = ~solid & away
    assert (np.abs(1 - shown[faint]).sum(-1) < 0.5 * np.abs(1 - shades[faint]).sum(-1)).all()


def test_a_line_runs_around_a_cluster() -> None:
    """The outline has an edge for each side of a position whose neighbour is outside."""
    solid = np.pad(FOUND.significant(), 1).astype(int)
    edges = int(np.abs(np.diff(solid, axis=0)).sum() + np.abs(np.diff(solid, axis=1)).sum())
    x = difference_map(FOUND).lines[0].get_xdata()
    assert np.isnan(np.asarray(x, dtype=float)).sum() == edges


DEUTAN = np.array([[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]])
PROTAN = np.array([[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]])


@pytest.mark.parametrize("seen", [np.eye(3), DEUTAN, PROTAN], ids=["all", "deutan", "protan"])
def test_shades_of_either_side_are_told_apart(seen: Float) -> None:
    """Below and above 0 differ for the colour-blind (Machado 2009), and darken away from 0."""
    at = np.linspace(0.1, 0.5, 9)
    below, above = (SHADES(0.5 + side * at)[:, :3] @ seen.T for side in (-1, 1))
    assert (np.linalg.norm(below - above, axis=1)[1:] > 0.15).all()
    for side in (below, above):
        light = side @ np.array([0.2126, 0.7152, 0.0722])
        assert (np.diff(light) < 0).all()


def test_words_tell_the_numbers_of_the_record() -> None:
    """The text names groups, positions, region, mean difference and p."""
    text, one = maps_text(FOUND), FOUND.told()[0]
    assert text.startswith("attribution, b against a: ")
    assert f"{one.size} positions in {one.region}" in text
    assert re.search(r"[+\N{MINUS SIGN}]\d+\.\d+ SD of the output on average, p = 0\.\d+", text)
    assert "given the outcome" in maps_text(FOUND, 0, FOUND.view("signed", "outcome"))


def test_no_cluster_is_not_told_as_alike() -> None:
    """Where nothing is told the text says what does not follow."""
    none = replace(FOUND, clusters=(), cluster=np.zeros_like(FOUND.cluster))
    assert "does not follow" in maps_text(none)
    assert "similar" not in maps_text(none)
    assert pictures(difference_map(none)).shape[2] == 3


def test_what_cannot_be_asked_says_why() -> None:
    """A contrast without numbers is drawn as words, with its reason in the text."""
    gone = replace(
        FOUND, effect=np.full_like(FOUND.effect, np.nan), z=np.full_like(FOUND.z, np.nan),
        reason=np.full(FOUND.reason.shape, "fewer than 11 units in b"), clusters=(),
        cluster=np.zeros_like(FOUND.cluster),
    )  # fmt: skip
    assert "fewer than 11 units in b" in maps_text(gone)
    assert difference_map(gone).texts[0].get_text() == "cannot be shown"


def test_a_picture_goes_into_a_page() -> None:
    """As SVG it has a title, a description and its pictures, the same bytes each time."""
    twice = [
        inline(mean_maps(FOUND, template=IMAGE), key="m", title="t", text=maps_text(FOUND))
        for _ in range(2)
    ]
    assert twice[0] == twice[1]
    assert twice[0].count("data:image/png;base64,") >= 3
    assert "<desc" in twice[0]
    assert len(twice[0]) < 120_000
    assert not re.search(r'(href|src)="(?!data:image/png|#)', twice[0])


def test_the_key_says_where_its_colours_end() -> None:
    """The scale ends at the 99.5th percentile; where values go on beyond, the key says so."""
    hot = FOUND.effect.copy()
    hot[0, 0].flat[0] = 50.0
    labels = [
        ax.get_xlabel().replace("\n", " ") for ax in mean_maps(replace(FOUND, effect=hot)).axes
    ]
    (key,) = [label for label in labels if label.startswith("difference")]
    end = np.quantile(np.abs(hot[0, 0][hot[0, 0] != 0]), 0.995)
    assert key == f"difference, SD of the output; one colour beyond \u00b1{number(end, digits=2)}"
    flat = np.zeros_like(FOUND.mean)
    keys = [ax.get_xlabel() for ax in mean_maps(replace(FOUND, mean=flat)).axes]
    assert "mean, SD of the output" in keys


def test_a_picture_keeps_its_place_in_a_page() -> None:
    """The pictures of a page are as large as their frames, not to a tenth of a point's scale."""
    made = inline(mean_maps(FOUND), key="m", title="t", text="t")
    found = re.search(r'width="(\d+)" height="\d+" transform="matrix\(([\d.]+) ', made)
    frame = re.search(r'/></g><path d="M([\d.]+) [\d.]+L[\d. ]+M([\d.]+) ', made)
    assert found
    assert frame
    assert float(found[1]) * float(found[2]) == pytest.approx(
        float(frame[2]) - float(frame[1]), abs=0.15
    )


def test_a_volume_is_drawn_by_planes_through_its_peak(heads: tuple[Any, Any]) -> None:
    """Three planes through the peak of the largest cluster, which each of them shows."""
    made, found = heads
    drawn = planes(found)
    peak = found.told()[0].peak
    assert [plane.at for plane in drawn] == list(peak)
    assert drawn[0].name == f"sagittal {peak[0]}"
    values = found.effect[0, 0]
    for plane in drawn:
        assert values[peak] in np.asarray(plane.of(values))
    assert len([ax for ax in mean_maps(found).axes if ax.images]) >= 9
    assert size(found)[1] > size(FOUND)[1]
    assert made.labels.ndim == 3


def test_up_is_up() -> None:
    """The last axis of a plane points upwards, as its name says."""
    values = np.zeros((3, 4, 5))
    values[1, 0, 4] = 1.0
    assert Plane(0, 1, "").of(values)[0, 0] == 1.0


def test_long_positions_are_drawn_long() -> None:
    """A position twice as high as wide is drawn so."""
    space = Space((24, 24), (2.0, 1.0), "mm", shared="registered")
    assert planes(replace(FOUND, space=space))[0].tall == 2.0
    assert planes(replace(FOUND, space=Space((24, 24), shared="registered")))[0].tall == 1.0


def test_maps_of_one_axis_are_not_drawn() -> None:
    """Lines of positions are no picture."""
    flat = replace(
        FOUND, space=Space((4,), shared="registered"), mask=np.ones(4, dtype=int),
        mean=np.zeros((2, 2, 4)), effect=np.zeros((4, 1, 4)), z=np.zeros((4, 1, 4)),
        cluster=np.zeros((4, 1, 4), dtype=int), clusters=(),
    )  # fmt: skip
    with pytest.raises(InputError, match="are not drawn"):
        planes(flat)


def test_pl_draws_the_record(tmp_path: Path) -> None:
    """One call draws all panels and saves; on axes of one's own it draws the difference."""
    made = maps(FOUND, show=False, template=MADE.cohort, save=tmp_path / "maps.png")
    assert made is not None
    assert (tmp_path / "maps.png").stat().st_size > 5_000
    own = pyplot.figure().add_subplot()
    assert maps(FOUND, view="magnitude", given="outcome", ax=own, show=False) is own
    assert own.images


@pytest.mark.parametrize(
    ("own", "error", "words"),
    [
        ({"data": 5}, InputError, "compare_maps"),
        ({"data": FOUND, "view": "sensitivity"}, UnknownName, "sensitivity"),
        ({"data": FOUND, "contrast": ("a", "z")}, UnknownName, "contrast"),
        ({"data": FOUND, "template": np.zeros((2, 2))}, InputError, "template"),
        ({"data": FOUND, "template": MADE.cohort.take(np.arange(8))}, InputError, "fewer than 11"),
        ({"data": PHI, "cohort": MADE.cohort, "who": "p00003"}, InputError, "individuals=True"),
        ({"data": PHI, "individuals": True, "who": "p00003"}, InputError, "cohort="),
    ],
)
def test_pl_refuses_what_it_cannot_draw(
    own: dict[str, Any], error: type[Exception], words: str
) -> None:
    """Each error names the item and the remedy."""
    with pytest.raises(error, match=words):
        maps(own.pop("data"), show=False, **own)


def test_one_person_is_drawn_only_if_asked() -> None:
    """With individuals=True the map of one image lies over that image, and nobody else's."""
    who = str(MADE.cohort.rows[3])
    made = maps(PHI, cohort=MADE.cohort, who=who, individuals=True, show=False)
    assert made is not None
    own = pictures(made)
    assert [text.get_text() for text in made.texts if text.get_gid() == "watermark"] == [ONE_PERSON]
    direct = pictures(overlay(PHI.values[3, 0].astype(float), MADE.cohort.dense()[3, 0]))
    np.testing.assert_allclose(own, direct, atol=1e-6)
    with pytest.raises(UnknownName, match="120"):
        maps(PHI, cohort=MADE.cohort, who="nobody", individuals=True, show=False)


def test_one_person_needs_a_space() -> None:
    """Without a space nobody knows which axes are positions."""
    bare = MADE.cohort.altered(features=Features(("intensity",)))
    with pytest.raises(InputError, match="read_images"):
        maps(PHI, cohort=bare, who=str(bare.rows[0]), individuals=True, show=False)
