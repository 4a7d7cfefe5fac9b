"""Images of one file or series each, brought to one grid, turned or resampled only as asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Values
from evenlight.data.missing_codes import shown_count
from evenlight.data.rows import Rows
from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.image_rows import ImageRows
from evenlight.modalities.resampling import Turn, covered, resampled, turn, turned

Transform = Callable[[Values], Any]

LEAST_COVERED = 0.5
"""Of a template's positions, the share that each image must reach."""


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """One image that was not read yet: its grid, its channels, and what reads (c, *space)."""

    space: Space
    channels: tuple[str, ...]
    read: Callable[[], Values]


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """The grid that images are brought to, and by which means.

    `orientation` turns axes and changes no value; `template` with the name `named` takes values
    between positions, and `fill` where an image has none (None: its own lowest); `transform` is
    the model's own, of one image (c, *s); `shared` is the caller's word that a position means the
    same place in every image.
    """

    orientation: str | None = None
    template: Space | None = None
    named: str = ""
    transform: Transform | None = None
    shared: str = ""
    labels: bool = False
    fill: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class ScanRows:
    """Images (n, c, *s) as `Rows` takes them: those asked for are read, one after the other.

    What reads them holds paths, whose names may be those of people: it is never shown.
    """

    reads: tuple[Callable[[], Values], ...] = field(repr=False)
    shape: tuple[int, ...]
    dtype: np.dtype[Any]

    def __getitem__(self, rows: slice | Int) -> Values:
        at = np.arange(len(self.reads))[rows]
        out = np.empty((len(at), *self.shape[1:]), dtype=self.dtype)
        for i, row in enumerate(at.tolist()):
            made = np.asarray(self.reads[row]())
            if made.shape != self.shape[1:]:
                raise CohortError(
                    f"the image at position {row} is {made.shape} after it was read, where the "
                    f"others are {self.shape[1:]}; the transform must give all one shape"
                )
            out[i] = made
        return out


def gathered(
    scans: Sequence[Scan], facts: pd.DataFrame, to: Grid, notes: Sequence[str] = ()
) -> ImageRows:
    """The images as rows of one grid, with a note for each thing that was done to them.

    Raises CohortError, with counts and positions and never a name of a file, for images whose
    channels, shapes, spacings or orientations differ and that nothing asked for makes alike.
    """
    if not scans:
        raise CohortError("there are no images; pass the path of one file for each")
    told = [*notes]
    _same_channels(scans)
    scans = _turned(scans, to.orientation, told)
    if to.template is not None:
        beyond = _beyond(scans, to.template, to.named)
        facts = facts.assign(filled=beyond)
        scans = _placed(scans, to.template, to, told)
        told += _filled(beyond, to)
    space = _one_space(scans, to, told)
    if to.transform is not None:
        scans, space = _transformed(scans, to.transform, told)
    elif to.shared and not space.shared:
        space = replace(space, shared=to.shared)
    dtype = np.dtype(np.int32 if to.labels else np.float32)
    shape = (len(scans), len(scans[0].channels), *space.shape)
    rows = Rows(ScanRows(tuple(scan.read for scan in scans), shape, dtype))
    return ImageRows(rows, space, scans[0].channels, facts, tuple(told))


def counted(many: int, n: int, what: str = "images") -> str:
    """How many of n images, as the start of a sentence of a note; few are not counted.

    >>> counted(30, 30), counted(12, 30), counted(2, 30)
    ('All 30 images', '12 of 30 images', 'Fewer than 11 of 30 images')
    """
    if many == n:
        return f"All {n} {what}"
    told = shown_count(many)
    return f"{told[0].upper()}{told[1:]} of {n} {what}"


def spacings_of(spaces: Sequence[Space]) -> dict[str, list[float]]:
    """The spacing of each image along each axis, by the name of a column of facts; NaN unknown.

    Images that were resized in another way, or come from another device, differ in it.
    """
    axes = max((len(space.spacing) for space in spaces), default=0)
    return {
        f"spacing_{k}": [s.spacing[k] if k < len(s.spacing) else float("nan") for s in spaces]
        for k in range(axes)
    }


def _same_channels(scans: Sequence[Scan]) -> None:
    kinds = Counter(scan.channels for scan in scans)
    if len(kinds) > 1:
        words = ", ".join(f"{many} with {' '.join(names)}" for names, many in kinds.most_common())
        raise CohortError(f"the images have other channels: {words}; bring all to the same ones")


def _turned(scans: Sequence[Scan], wanted: str | None, told: list[str]) -> list[Scan]:
    """All scans with their axes as wanted, with a note on how many were turned."""
    if wanted is None:
        return list(scans)
    blind = [i for i, scan in enumerate(scans) if not scan.space.orientation]
    if blind:
        raise CohortError(
            f"{len(blind)} of {len(scans)} images do not say where their axes point, first at "
            f"position {blind[0]}; they cannot be turned to {wanted}: mend their headers"
        )
    moves = [turned(scan.space, wanted) for scan in scans]
    made = [
        Scan(space, scan.channels, partial(_read_turned, scan.read, way))
        for scan, (space, way) in zip(scans, moves, strict=True)
    ]
    many = sum(scan.space.orientation != wanted for scan in scans)
    if many:
        told.append(
            f"{counted(many, len(scans))} were turned to {wanted}: axes exchanged or reversed, no "
            "value changed."
        )
    return made


def _placed(scans: Sequence[Scan], template: Space, to: Grid, told: list[str]) -> list[Scan]:
    """All scans at the positions of the template, with a note."""
    order: Literal[0, 1] = 0 if to.labels else 1
    shared = to.shared or f"resampled to {to.named}"
    space = replace(template, shared=shared)
    told.append(
        f"{len(scans)} images were resampled to {to.named} by the coordinates of their headers "
        f"({'nearest label' if to.labels else 'trilinear'}). Nothing was registered: a position "
        "means the same place only where the images were aligned with it before."
    )
    fill = 0.0 if to.labels else to.fill
    return [
        Scan(space, s.channels, partial(_read_placed, s.read, s.space, space, (order, fill)))
        for s in scans
    ]


def _filled(beyond: Float, to: Grid) -> list[str]:
    """A note on what stands where images do not reach: it may tell one scanner from another."""
    share = float(beyond.mean())
    if to.labels or share == 0:
        return []
    held = "the lowest value of their image" if to.fill is None else f"{to.fill:g}"
    return [
        f"{100 * share:.1f} % of the positions of {to.named} lie beyond what was imaged, on "
        f"average, and hold {held} (fill=); column `filled` has the share of each image."
    ]


def _beyond(scans: Sequence[Scan], template: Space, named: str) -> Float:
    """The share of the template's positions that each scan (n,) does not reach.

    Raises CohortError for scans without coordinates, or that reach less than half.
    """
    shares = np.array([covered(scan.space, template) for scan in scans])
    if np.isnan(shares).any():
        raise CohortError(
            f"{int(np.isnan(shares).sum())} of {len(scans)} images have no coordinates, first at "
            f"position {int(np.isnan(shares).argmax())}; they cannot be resampled to {named}"
        )
    if (shares < LEAST_COVERED).any():
        raise CohortError(
            f"{int((shares < LEAST_COVERED).sum())} of {len(scans)} images reach less than half of "
            f"{named}, first at position {int((shares < LEAST_COVERED).argmax())} "
            f"({100 * shares[(shares < LEAST_COVERED).argmax()]:.0f} %); register them to it first"
        )
    return np.array([1 - covered(scan.space, template, rim=0.0) for scan in scans])


def _one_space(scans: Sequence[Scan], to: Grid, told: list[str]) -> Space:
    """The space of all scans; CohortError where sizes, spacings or directions differ.

    Scans of people who were not registered lie elsewhere in the scanner: then no affine is that of
    all, and a note says so. Where the caller says that they share a space, that is an error.
    """
    if to.transform is not None:
        return scans[0].space
    known = next((i for i, scan in enumerate(scans) if scan.space.affine is not None), 0)
    usual = scans[known].space
    if len(usual.shape) == 2 and len({scan.space.orientation for scan in scans}) > 1:
        # From the front and from the side, or unsaid: `dicom_sides` refuses those of one plane.
        usual = replace(usual, orientation="")
    grid = usual if to.shared else replace(usual, affine=None)
    unlike = [(i, why) for i, scan in enumerate(scans) if (why := grid.same(scan.space))]
    if not unlike:
        return _without_place(scans, usual, told)
    if len(usual.shape) == 2 and all(scan.space.shape == usual.shape for scan in scans):
        return Space(usual.shape, orientation=usual.orientation)
    i, why = unlike[0]
    remedy = "resample them to a grid (template=, recorded), turn their axes (orientation=), or "
    raise CohortError(
        f"{len(unlike)} of {len(scans)} images differ from the one at position {known}, first "
        f"position {i} by its {why}; {remedy if len(usual.shape) == 3 else ''}pass the model's own "
        "transform=, after which all have one shape"
    )


def _without_place(scans: Sequence[Scan], usual: Space, told: list[str]) -> Space:
    """The usual space, its affine kept where it is that of all scans."""
    elsewhere = sum(usual.same(scan.space) != "" for scan in scans)
    if not elsewhere:
        return usual
    told.append(
        f"{counted(elsewhere, len(scans))} lie elsewhere in the scanner's coordinates: positions "
        "are counted in each image from its own corner, and mean no place that people share."
    )
    return replace(usual, affine=None)


def _transformed(
    scans: Sequence[Scan], transform: Transform, told: list[str]
) -> tuple[list[Scan], Space]:
    """The scans through the model's own transform, and the shape that the first one has then."""
    reads = [partial(_read_transformed, scan.read, transform) for scan in scans]
    first = reads[0]()
    if first.ndim < 3:
        raise CohortError(
            f"transform= made an image of shape {first.shape}; wanted (channels, *space)"
        )
    if not np.array_equal(first, reads[0](), equal_nan=True):
        raise CohortError("transform= gives the first image in two ways; switch augmentation off")
    names = scans[0].channels
    if len(first) != len(names):
        names = tuple(f"channel {k}" for k in range(len(first)))
    space = Space(first.shape[1:])
    told.append("Each image went through the model's own transform; attributions come after it.")
    return [Scan(space, names, read) for read in reads], space


def _read_turned(read: Callable[[], Values], way: Turn) -> Values:
    return turn(read(), way)


def _read_placed(
    read: Callable[[], Values], own: Space, to: Space, how: tuple[Literal[0, 1], float | None]
) -> Values:
    order, fill = how
    return resampled(read(), own, to, order=order, fill=fill)


def _read_transformed(read: Callable[[], Values], transform: Transform) -> Values:
    made = transform(read())
    return np.asarray(made.detach().cpu() if hasattr(made, "detach") else made)
