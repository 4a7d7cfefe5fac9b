"""F11: what each position adds, group by group on one scale, and where that differs.

Diverging shades run from blue (below 0) through pale grey to orange (above 0), which the
colour-blind tell apart. Positions of a significant cluster stand in full colour inside a line, all
others are faint. Volumes are shown by one plane along each axis, through the peak. Nothing of a
single person is drawn here; `map_pictures.overlay` does it, for notebooks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from evenlight.arrays import Float
from evenlight.data.digits import MINUS, count, number
from evenlight.errors import InputError
from evenlight.figures.ink import INK, SMALL, canvas, head
from evenlight.figures.map_pictures import Plane, shade_bar, shade_map
from evenlight.language import plural, spoken
from evenlight.measures.mapped import MapCluster, MapComparison

PANEL = 210
"""Width and height in px of one map."""

MOST_LEVELS = 4
"""More levels than this, and only the two of the contrast are drawn."""

LETTERS = {"L": "R", "R": "L", "A": "P", "P": "A", "S": "I", "I": "S"}
"""The other end of an axis that points to a side."""

PLANES = {
    "L": "sagittal {position}",
    "R": "sagittal {position}",
    "A": "coronal {position}",
    "P": "coronal {position}",
    "S": "axial {position}",
    "I": "axial {position}",
}
"""What a plane across an axis is called, by the side to which the axis points."""

OF = {"signed": "attribution", "magnitude": "|attribution|", "sensitivity": "sensitivity"}
"""What a map is of, by its view."""

NO_CLUSTER = (
    "{maps}: no cluster of positions differs (p of {alpha} or less over the whole map); that the "
    "maps are alike does not follow."
)


def planes(record: MapComparison, view: int = 0, contrast: int = 0) -> tuple[Plane, ...]:
    """The planes that are drawn: the picture, or one along each axis through the peak of a volume.

    The peak is that of the cluster of largest mass, else the largest |Z|, else the middle.
    """
    shape = record.space.shape
    if len(shape) == 2:
        return (Plane(None, 0, "", _tall(record, 0, 1)),)
    if len(shape) != 3:
        raise InputError(f"maps of {len(shape)} axes are not drawn; those of 2 or 3 are")
    at = _peak(record, view, contrast)
    rest = ((1, 2), (0, 2), (0, 1))
    return tuple(
        Plane(a, at[a], _axis(record, a, at[a]), _tall(record, up, across))
        for a, (across, up) in enumerate(rest)
    )


def mean_maps(
    record: MapComparison,
    contrast: int = 0,
    view: int = 0,
    *,
    template: Float | None = None,
    figure: Figure | None = None,
) -> Figure:
    """The mean map of every level on one scale, then the difference where it is significant.

    One row a plane; `template` (*s), such as the mean image, lies in grey under all of them. The
    means are over everybody of a level, whatever the difference is given.
    """
    rows, (drawn, names) = planes(record, view, contrast), _panels(record, contrast)
    made = figure or canvas(*size(record, contrast, view))
    scales = _scales(record, contrast, view)
    axes = np.array(made.subplots(len(rows), len(names), squeeze=False))
    own = record.means.index(record.views[view].name)
    shown = [*record.mean[own, drawn], record.effect[view, contrast]]
    for i, plane in enumerate(rows):
        for j, values in enumerate(shown):
            ax, last = axes[i, j], j == len(shown) - 1
            solid = record.significant(view, contrast) if last else None
            shade_map(ax, plane, values, (template, solid, scales[int(last)]))
            if i == 0:
                head(ax, _given(record, view, names[j]) if last else names[j])
        _sides(axes[i, 0], record, plane)
    _bars(made, axes, scales, [
        _key(name, values, scale, _unit(record, view))
        for name, values, scale in zip((spoken("mean"), spoken("difference")),
                                       (shown[:-1], shown[-1:]), scales, strict=True)
    ])  # fmt: skip
    return made


def size(record: MapComparison, contrast: int = 0, view: int = 0) -> tuple[float, float]:
    """Width and height in px that `mean_maps` needs."""
    across, down = len(_panels(record, contrast)[1]), len(planes(record, view, contrast))
    return PANEL * across + 90.0, PANEL * down + 70.0


def difference_map(
    record: MapComparison,
    contrast: int = 0,
    view: int = 0,
    *,
    plane: Plane | None = None,
    template: Float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """One plane of the difference, significant clusters in full colour inside a line."""
    ax = canvas(PANEL * 1.6, PANEL * 1.5).add_subplot() if ax is None else ax
    here = plane or planes(record, view, contrast)[0]
    scale = _scales(record, contrast, view)[1]
    solid = record.significant(view, contrast)
    shade_map(ax, here, record.effect[view, contrast], (template, solid, scale))
    head(ax, _given(record, view, _names(record, contrast)[-1]))
    return ax


def maps_text(record: MapComparison, contrast: int = 0, view: int = 0) -> str:
    """What the maps show, in words: where groups differ, by how much, and how surely."""
    level, reference = record.contrasts[contrast]
    pair = {"level": level, "reference": reference}
    names = spoken("{map}, {level} against {reference}", map=_what(record, view), **pair)
    if why := str(record.reason[view, contrast]):
        return spoken("{maps}: cannot be asked here, {reason}.", maps=names, reason=why)
    told = record.told(view, contrast)
    if not told:
        return spoken(NO_CLUSTER, maps=names, alpha=number(record.alpha))
    many = plural(
        len(told),
        "one cluster of positions differs",
        "{n} clusters of positions differ",
        n=count(len(told)),
    )
    return f"{names}: {many}. {' '.join(_said(one, record) for one in told[:3])}"


def _said(one: MapCluster, record: MapComparison) -> str:
    many = plural(one.size, "{n} position", "{n} positions", n=count(one.size))
    if one.region:
        many = spoken("{positions} in {region}", positions=many, region=one.region)
    sign = MINUS if one.effect < 0 else "+"
    return spoken(
        "{positions}, {effect} {unit} on average, p = {p} (furthest at {peak}).",
        positions=many,
        effect=f"{sign}{number(abs(one.effect), digits=2)}",
        unit=_unit(record, one.view),
        p=number(one.p, digits=2),
        peak=", ".join(map(str, one.peak)),
    )


def _what(record: MapComparison, view: int) -> str:
    return _given(record, view, spoken(OF[record.views[view].name]))


def _given(record: MapComparison, view: int, name: str) -> str:
    """The name of a map, with what it is given."""
    given = record.views[view].given
    if given == "nothing":
        return name
    return spoken("{map} given the {given}", map=name, given=given)


def _unit(record: MapComparison, view: int) -> str:
    per = record.views[view].name == "sensitivity"
    return spoken("SD of the output for one unit of the image" if per else "SD of the output")


def _panels(record: MapComparison, contrast: int) -> tuple[list[int], list[str]]:
    """Which levels are drawn, and the names of all panels."""
    pair = record.contrasts[contrast]
    own = record.levels if len(record.levels) <= MOST_LEVELS else pair
    drawn = [record.levels.index(level) for level in own]
    return drawn, [*own, _names(record, contrast)[-1]]


def _names(record: MapComparison, contrast: int) -> list[str]:
    level, reference = record.contrasts[contrast]
    return [level, reference, f"{level} \N{MINUS SIGN} {reference}"]


def _scales(record: MapComparison, contrast: int, view: int) -> tuple[Normalize, Normalize]:
    """One scale for all mean maps, and one for the difference, both with 0 in the middle."""
    own = record.mean[record.means.index(record.views[view].name)]
    ends = (_end(own), _end(record.effect[view, contrast]))
    return Normalize(-ends[0], ends[0]), Normalize(-ends[1], ends[1])


def _end(values: Float) -> float:
    """The 99.5th percentile of the sizes that are not 0: one hot position hides nothing."""
    known = np.abs(values[np.isfinite(values) & (values != 0)])
    return float(np.quantile(known, 0.995)) if len(known) else 1.0


def _sides(ax: Axes, record: MapComparison, plane: Plane) -> None:
    """The plane's name and, where the orientation is known, which side is which."""
    if plane.axis is None:
        return
    ax.set_ylabel(plane.name, fontsize=SMALL, color=INK, parse_math=False)
    turned = record.space.orientation
    if len(turned) != 3 or not set(turned) <= set(LETTERS):
        return
    across, up = (turned[a] for a in range(3) if a != plane.axis)
    told = spoken("{left} \N{RIGHTWARDS ARROW} {right}, up: {up}", left=LETTERS[across],
                  right=across, up=up)  # fmt: skip
    ax.set_xlabel(told, fontsize=SMALL, color=INK)


def _axis(record: MapComparison, axis: int, at: int) -> str:
    """What a plane across an axis is called: by anatomy where the orientation is known."""
    turned = record.space.orientation
    if len(turned) == 3 and turned[axis] in PLANES:
        return spoken(PLANES[turned[axis]], position=at)
    return spoken("axis {axis}, {position}", axis=axis, position=at)


def _tall(record: MapComparison, up: int, across: int) -> float:
    """How much longer a position is along one axis than along another; 1 where nobody knows."""
    steps = record.space.spacing
    return float(steps[up] / steps[across]) if np.isfinite(steps).all() else 1.0


def _peak(record: MapComparison, view: int, contrast: int) -> tuple[int, ...]:
    own = [one for one in record.clusters if (one.view, one.contrast) == (view, contrast)]
    if own:
        return own[0].peak
    z = np.abs(np.nan_to_num(record.z[view, contrast]))
    if not z.any():
        return tuple(side // 2 for side in record.space.shape)
    return tuple(int(i) for i in np.unravel_index(int(z.argmax()), z.shape))


def _bars(
    figure: Figure, axes: np.ndarray, scales: Sequence[Normalize], names: Sequence[str]
) -> None:
    """Two keys: of the means, and of the difference."""
    parts = (axes[:, :-1].ravel().tolist(), axes[:, -1].ravel().tolist())
    for held, scale, name in zip(parts, scales, names, strict=True):
        shade_bar(figure, held, scale, name)


def _key(name: str, values: Sequence[Float], scale: Normalize, unit: str) -> str:
    """What a key says: of what, its unit, and where its colours end though values go on."""
    end = float(scale.vmax or 0.0)
    beyond = bool((np.abs(np.nan_to_num(np.stack(values))) > end).any())
    if not beyond:
        return f"{name}, {unit}"
    shown = number(end, digits=2)
    return spoken("{map}, {unit}; one colour beyond \u00b1{end}", map=name, unit=unit, end=shown)
