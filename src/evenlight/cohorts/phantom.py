"""Generated people with images, of whom the truth is known: a chest in 2-D, a head in 3-D.

Nobody is behind these images. Each person has an anatomy that varies a little, a lesion if ill, and
possibly a mark that somebody burned into a corner. What differs between the groups a and b is
planted, and nothing else differs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter

from evenlight.arrays import Bool, Float, Int, Single
from evenlight.cohorts.anatomy import Anatomy, anatomy, drawn, grid, labels, stamp
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.space import Space
from evenlight.errors import CohortError

GROUP, LEVELS = "group", ("a", "b")
SIDES = {2: 32, 3: 20}
BRIGHT = 1.2
"""Value of the mark's positions, brighter than anything else."""
JITTER = 0.06
"""How far the lesion's centre varies between images (SD), from -1 to 1."""
WHITE, SMOOTH, BLUR = 0.06, 0.25, 1.5
"""SD of the noise, what of it is smooth, and how far the smooth part reaches (positions)."""
BLOCK = 64
"""People who are drawn at a time."""

Pair = tuple[float, float]
"""One number for group a and one for group b."""


@dataclass(frozen=True, slots=True)
class Planted:
    """What differs between groups a and b, one number for each; alike by default.

    `prevalence`: share of the ill. `mark`: share of images with a burned-in mark in the corner,
    which goes with the group only. `severity`: how bright the lesions of the ill are, on average
    (1: as usual). `intensity`: what is added to every position of an image. `size`: factor of the
    radius of the heart (2-D) or of the ventricles (3-D).

    Raises CohortError for a share outside 0 to 1, or a severity or size that is not positive.
    """

    prevalence: Pair = (0.35, 0.35)
    mark: Pair = (0.0, 0.0)
    severity: Pair = (1.0, 1.0)
    intensity: Pair = (0.0, 0.0)
    size: Pair = (1.0, 1.0)

    def __post_init__(self) -> None:
        for name in ("prevalence", "mark"):
            if any(not 0 <= share <= 1 for share in getattr(self, name)):
                raise CohortError(f"{name}={getattr(self, name)}; wanted two shares from 0 to 1")
        for name in ("severity", "size"):
            if any(value <= 0 for value in getattr(self, name)):
                raise CohortError(f"{name}={getattr(self, name)}; wanted two positive numbers")

    @property
    def differs(self) -> tuple[str, ...]:
        """What is not alike.

        >>> Planted(severity=(1.0, 1.4)).differs
        ('severity',)
        """
        names = ("prevalence", "mark", "severity", "intensity", "size")
        return tuple(name for name in names if len(set(getattr(self, name))) > 1)


NOTHING = Planted()
SHORTCUT = Planted(prevalence=(0.2, 0.6), mark=(0.1, 0.8))
"""The mark tells the group, and the group tells how likely it is to be ill: a shortcut to learn."""


@dataclass(frozen=True, slots=True, eq=False)
class Phantom:
    """Generated people: `cohort`, its regions, and what is true of each row.

    `labels` (*space) and `regions`, the same as sets; `lesion_region` and `mark_region` name those
    two that hold something. `truth` has one row an image: mark (0 or 1), lesion (how bright, 0 for
    the healthy), size, brightness. `lesion` (*space) is the usual lesion at its usual place, to be
    added; where `mark` (*space) is True the mark sets positions to `bright`. `clean` (n, 1, *space)
    are the same images without any mark.
    """

    cohort: Cohort
    planted: Planted
    labels: Int
    regions: FeatureSets
    truth: pd.DataFrame
    lesion: Float
    mark: Bool
    clean: Single = field(repr=False)
    lesion_region: str = ""
    mark_region: str = "marker corner"
    bright: float = BRIGHT

    def paired(self, *, marked: bool) -> Cohort:
        """The same people with the mark in every image, or in none: a counterfactual pair.

        What a model answers to the one less what it answers to the other is what the mark does.
        """
        x = self.clean.copy()
        if marked:
            x[:, :, self.mark] = self.bright
        return self.cohort.altered(x=x)

    def take(self, index: Int | Bool) -> Phantom:
        """Some of the images."""
        at = np.arange(self.cohort.n)[index]
        return replace(
            self, cohort=self.cohort.take(at), truth=self.truth.iloc[at], clean=self.clean[at]
        )

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.labels.shape))
        told = ", ".join(self.planted.differs) or "nothing"
        return (
            f"Phantom: {self.cohort.n} images of {shape}, {self.cohort.u} people; planted: {told}"
        )


def phantom(
    people: int = 400,
    *,
    dims: int = 2,
    images: int = 1,
    side: int | None = None,
    planted: Planted = SHORTCUT,
    rng: np.random.Generator | int = 0,
) -> Phantom:
    """Images of generated people, half of them of group b, with planted differences.

    Parameters
    ----------
    people, images
        people, and images of each (own noise, mark and place of the lesion; same anatomy).
    dims, side
        2: chests of 32 x 32 positions; 3: heads of 20 x 20 x 20; or `side` positions along each.
    planted
        what differs by group: `SHORTCUT`, `NOTHING`, or a `Planted` of your own.

    Returns
    -------
    `Phantom`; its cohort has outcome "ill", unit "person", the grouping "group" and one channel.
    Positions mean the same place in every image: the anatomies lie on one template. The same `rng`
    gives the same people whatever is planted, but for whom another prevalence makes ill: two calls
    are a pair with and without a difference.

    Raises
    ------
    CohortError
        for other dims, fewer than 2 people, no image, or a side that is too small for the anatomy.

    >>> made = phantom(6, images=2)
    >>> made
    Phantom: 12 images of 32 x 32, 6 people; planted: prevalence, mark
    >>> made.cohort.x.shape, made.regions.names[:3], made.lesion_region
    ((12, 1, 32, 32), ('outside', 'marker corner', 'soft tissue'), 'right lung')
    """
    stream = np.random.default_rng(rng)
    body = anatomy(dims)
    shape = (_side(body, side or SIDES[dims]),) * dims
    if people < 2 or images < 1:
        raise CohortError(f"{people} people with {images} images each; wanted at least 2 with 1")
    table, truth = _told(body, people, planted, stream)
    each = np.repeat(np.arange(people), images)
    clean = _images(body, shape, truth.iloc[each], stream)
    marked = stream.random(len(each)) < _by_group(table["group"].to_numpy()[each], planted.mark)
    named, names = labels(body, shape)
    cohort = _cohort(body, table.iloc[each], clean, marked, stamp(shape))
    told = truth.iloc[each][["lesion", "size", "brightness"]].assign(mark=marked.astype(int))
    return Phantom(
        cohort=cohort,
        planted=planted,
        labels=named,
        regions=FeatureSets.from_label_map(named, names, shape=(1, *shape)),
        truth=told.set_axis(cohort.people.index),
        lesion=body.lesion * _blob(grid(shape), np.array([body.lesion_at]), body.radius)[0],
        mark=stamp(shape),
        clean=clean,
        lesion_region=body.lesion_in,
    )


def _side(body: Anatomy, side: int) -> int:
    if side < body.least:
        raise CohortError(f"side={side}; a {body.name} needs at least {body.least} positions")
    return side


def _by_group(group: np.ndarray, pair: Pair) -> Float:
    made: Float = np.where(group == LEVELS[1], pair[1], pair[0])
    return made


def _told(
    body: Anatomy, people: int, planted: Planted, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The table of people, and the truth of each: lesion, size, brightness, sizes of all parts."""
    group = np.array(LEVELS)[np.arange(people) % 2]
    ill = rng.random(people) < _by_group(group, planted.prevalence)
    bright = _by_group(group, planted.severity) * rng.uniform(0.6, 1.4, people)
    sizes = 1.0 + rng.normal(size=(people, len(body.parts))) * [p.varies for p in body.parts]
    sizes = np.clip(sizes, 0.7, 1.3)
    grows = [j for j, part in enumerate(body.parts) if part.grows]
    sizes[:, grows] *= _by_group(group, planted.size)[:, None]
    shift = _by_group(group, planted.intensity) + 0.03 * rng.normal(size=people)
    table = pd.DataFrame(
        {"person": [f"p{i:05d}" for i in range(people)], GROUP: group, "ill": ill.astype(int)}
    )
    truth = pd.DataFrame({"lesion": ill * bright, "size": sizes[:, grows[0]], "brightness": shift})
    truth[[f"part {j}" for j in range(len(body.parts))]] = sizes
    return table, truth


def _images(
    body: Anatomy, shape: tuple[int, ...], truth: pd.DataFrame, rng: np.random.Generator
) -> Single:
    """Images (n, 1, *shape) without any mark, drawn some people at a time."""
    at, n = grid(shape), len(truth)
    centres = np.array(body.lesion_at) + JITTER * rng.normal(size=(n, len(shape)))
    sizes = truth.filter(like="part ").to_numpy()
    bright, shift = body.lesion * truth["lesion"].to_numpy(), truth["brightness"].to_numpy()
    wide = (-1,) + (1,) * len(shape)
    out = np.empty((n, 1, *shape), dtype=np.float32)
    for part in _blocks(n):
        made = drawn(body, at, sizes[part]) + shift[part].reshape(wide)
        made += bright[part].reshape(wide) * _blob(at, centres[part], body.radius)
        out[part, 0] = made + _noise(made.shape, rng)
    return out


def _blocks(n: int) -> Iterator[slice]:
    return (slice(start, start + BLOCK) for start in range(0, n, BLOCK))


def _blob(at: Float, centres: Float, radius: float) -> Float:
    """A round bump of height 1 (m, *shape) at centres (m, k)."""
    away = at - centres.reshape(len(centres), -1, *(1,) * len(at))
    made: Float = np.exp(-(away**2).sum(axis=1) / (2 * radius**2))
    return made


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> Float:
    """White noise and a smooth part; filtering takes the SD down by (4 pi BLUR^2)^(1/4) an axis."""
    white, axes = rng.normal(size=shape), len(shape) - 1
    smooth = gaussian_filter(white, (0.0, *(BLUR,) * axes)) * (4 * np.pi * BLUR**2) ** (axes / 4)
    made: Float = WHITE * (white + SMOOTH * smooth)
    return made


def _cohort(body: Anatomy, table: pd.DataFrame, clean: Single, marked: Bool, where: Bool) -> Cohort:
    """The cohort with the marks burned in; rows are named by person and image."""
    x = clean.copy()
    x[:, 0][marked.reshape(-1, *(1,) * where.ndim) & where] = BRIGHT
    again = table.groupby("person").cumcount().astype(str)
    people = table.set_axis((table["person"] + "-" + again).to_numpy())
    shape = x.shape[2:]
    space = Space(
        shape, (body.spacing,) * len(shape), "mm",
        orientation=body.orientation, shared=f"template generated {body.name}",
    )  # fmt: skip
    groups = Groups.from_labels(
        GROUP, people[GROUP], levels=LEVELS, reference=LEVELS[0], source="generated"
    )
    return Cohort(
        x, people, Features(("intensity",), space=space),
        outcome="ill", outcome_kind="binary", unit="person", groups=[groups],
        source="Generated by evenlight; of no real person.",
    )  # fmt: skip
