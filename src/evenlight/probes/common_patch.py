"""The same patch put into everyone's image: a common contrast, in which nobody's own value enters.

    s_i = f(x_i, the region as `under`, with the patch) - f(x_i, the region as `under`)

Where `under` is made of the region's border (which each image has for itself and the patch does not
change) or of the mean image, what stood in the region is gone on both sides. A region that is
merely taken away from itself, (f as recorded) - f(without), keeps each person's own value: lesions
that are 40 % larger in one group then differ by as much, though the model uses them alike.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from evenlight.arrays import Bool, Float, Int
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.misfit import misfit
from evenlight.data.probed import Contrasts
from evenlight.errors import FeatureError, ModelError, UnknownName
from evenlight.explainers.background import draw
from evenlight.models.headed import own_head
from evenlight.models.probe import Prepared, prepare
from evenlight.probes.patches import blurred, filling

Under = Literal["inpaint", "mean", "own"]
UNDER: Mapping[str, str] = {
    "inpaint": "filled from its border",
    "mean": "as in the balanced mean image",
    "own": "as recorded",
}
"""What stands under the patch, and at the low end in its place."""
Fill = Callable[[Float], Float]
"""Rows x (m, *s) -> what stands in the region's columns (m, r)."""


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """What goes into every image: `values` (*space) or (c, *space), at positions `where` (*space).

    With `adds`, values are added to what stands there (an opacity), else they replace it (a mark).

    Raises FeatureError where these do not fit each other, or the patch is nowhere.

    >>> Patch.at(np.ones((2, 2)), corner=(0, 4), shape=(6, 6))
    Patch: 4 of 36 positions replaced
    """

    values: Float
    where: Bool
    adds: bool = False

    def __post_init__(self) -> None:
        if self.values.shape[-self.where.ndim :] != self.where.shape:
            raise FeatureError(
                f"values {self.values.shape} do not fit positions {self.where.shape}; wanted the "
                "same, or channels before them"
            )
        if not self.where.any() or not np.isfinite(self.values[..., self.where]).all():
            raise FeatureError("a patch needs a position, and values that are finite there")

    def __repr__(self) -> str:
        way = "added to" if self.adds else "replaced"
        return f"Patch: {int(self.where.sum())} of {self.where.size} positions {way}"

    @classmethod
    def at(
        cls, values: Float, *, corner: tuple[int, ...], shape: tuple[int, ...], adds: bool = False
    ) -> Patch:
        """A small patch (or (c, ...) with channels) with its first position at `corner`.

        Raises FeatureError where it leaves the `shape` (*space).
        """
        small = np.asarray(values, dtype=np.float64)
        size = small.shape[small.ndim - len(shape) :]
        ends = [start + side for start, side in zip(corner, size, strict=True)]
        if min(corner) < 0 or any(end > full for end, full in zip(ends, shape, strict=True)):
            raise FeatureError(f"a patch of {size} at {corner} leaves images of {shape}")
        inside = tuple(slice(start, end) for start, end in zip(corner, ends, strict=True))
        whole = np.zeros((*small.shape[: small.ndim - len(shape)], *shape))
        np.moveaxis(whole, range(-len(shape), 0), range(len(shape)))[inside] = np.moveaxis(
            small, range(-len(shape), 0), range(len(shape))
        )
        where = np.zeros(shape, dtype=bool)
        where[inside] = True
        return cls(whole, where, adds)

    @classmethod
    def of(cls, values: Float, *, least: float = 0.0, adds: bool = True) -> Patch:
        """An image (*space) that is added where its size exceeds `least` times its largest.

        >>> Patch.of(np.array([[0.0, 0.5], [1.0, 0.01]]), least=0.1)
        Patch: 2 of 4 positions added to
        """
        made = np.asarray(values, dtype=np.float64)
        return cls(made, np.abs(made) > least * np.abs(made).max(), adds)


@own_head
def common_patch(
    model: object,
    cohort: Cohort,
    patches: Mapping[str, Patch],
    *,
    under: Under = "inpaint",
    target: int | str | None = None,
) -> Contrasts:
    """How far the same patch moves everyone's output, on both scales.

    Parameters
    ----------
    cohort
        images (n, c, *space) or (n, *space).
    patches
        name to `Patch`; named as a region of `attributions.by(regions)`, it answers for this region
        in `compare(..., contrasts=)`.
    under
        what stands in the region on both sides: "inpaint", the smoothest surface through its border
        (of each image); "mean", the group-balanced mean image; "own", what each image has there.
        With "own" people's own values enter: the record is then of kind *added*, and no difference
        of it is called *use*.

    Returns
    -------
    Contrasts
        margin and response (n, q), each with the patch less without.

    Raises ModelError for a table, FeatureError for a patch of another shape, UnknownName.
    """
    if under not in UNDER:
        raise UnknownName(f"nothing is put under a patch as {under!r}; known: {', '.join(UNDER)}")
    checked(cohort, what="common_patch")
    if not patches:
        raise FeatureError("no patch is named; give one or more, {name: Patch(...)}")
    shape = tuple(int(s) for s in cohort.x.shape[1:])
    placed = {name: _placed(name, patch, shape) for name, patch in patches.items()}
    prepared = prepare(model, cohort, target=target)
    mean = draw(cohort, rng=np.random.default_rng(0)).mean if under == "mean" else None
    ends = [_ends(under, columns, shape, mean) for columns, _ in placed.values()]
    low, high = np.empty((2, cohort.n, len(placed)))
    for part, x in cohort.blocks():
        for q, ((columns, values), fill) in enumerate(zip(placed.values(), ends, strict=True)):
            adds = list(patches.values())[q].adds
            base = fill(x)
            low[part, q] = margin_with(prepared, x, columns, base)
            high[part, q] = margin_with(prepared, x, columns, base + values if adds else values)
    words = [f"{'patch added' if p.adds else 'patch'}" for p in patches.values()]
    return contrasted(
        prepared, cohort, tuple(placed), low, high, kind="added" if under == "own" else "common",
        words=((UNDER[under],) * len(placed), tuple(words)),
    )  # fmt: skip


@own_head
def occluded(
    model: object,
    cohort: Cohort,
    sets: FeatureSets,
    *,
    how: Literal["inpaint", "blur"] = "inpaint",
    target: int | str | None = None,
) -> Contrasts:
    """What each region's own content adds to the output: as recorded, less without it.

    The record is of kind *occlusion*: each person's own value stands on one side, so that a group
    whose lesions are larger differs though the model uses them alike. `compare` shows it as a view
    *occlusion*, and never names *use* by it.

    Raises ModelError for a table, FeatureError for sets of other rows, or a region that has no
    border to be filled from, UnknownName.
    """
    ways = {"inpaint": UNDER["inpaint"], "blur": "blurred by half its mean side"}
    if how not in ways:
        raise UnknownName(f"no way {how!r} to occlude regions; known: {', '.join(ways)}")
    checked(cohort, what="occluded")
    names, shape = cohort.features.names, tuple(int(s) for s in cohort.x.shape[1:])
    if not sets.fits(names, shape):
        raise FeatureError(misfit(sets, names, shape))
    prepared = prepare(model, cohort, target=target)
    each = [np.array(sets.columns(name), dtype=np.int64) for name in sets.names]
    fills = [_ends("inpaint", c, shape, None) if how == "inpaint" else _blur(c) for c in each]
    low, high = np.empty((2, cohort.n, len(each)))
    high[:] = prepared.output[:, None]
    for part, x in cohort.blocks():
        for q, (columns, fill) in enumerate(zip(each, fills, strict=True)):
            low[part, q] = margin_with(prepared, x, columns, fill(x))
    words = (ways[how],) * len(each), ("as recorded",) * len(each)
    return contrasted(prepared, cohort, sets.names, low, high, kind="occlusion", words=words)


def contrasted(
    prepared: Prepared, cohort: Cohort, subjects: tuple[str, ...], low: Float, high: Float, *,
    kind: str, words: tuple[tuple[str, ...], tuple[str, ...]],
) -> Contrasts:  # fmt: skip
    """The record of margins `low` and `high` (n, q); `words` say what stands at either end."""
    respond = prepared.adapted.respond
    return Contrasts(
        cohort.rows, subjects, *words, high - low, respond(high) - respond(low), prepared.target,
        str(prepared.adapted.link), cohort.digest, respond(prepared.output), kind,
    )  # fmt: skip


def checked(cohort: Cohort, *, what: str) -> None:
    """Raise ModelError unless rows are images."""
    if cohort.x.ndim < 3:
        raise ModelError(f"{what} changes images (n, c, *space); columns of tables go to contrasts")


def _placed(name: str, patch: Patch, shape: tuple[int, ...]) -> tuple[Int, Float]:
    """The columns (r,) of a row laid flat where a patch lies, and its values there (r,)."""
    space = shape[len(shape) - patch.where.ndim :]
    if patch.where.shape != space or patch.where.ndim < len(shape) - 1:
        raise FeatureError(f"patch {name!r} is for {patch.where.shape}, images are {shape}")
    values = np.broadcast_to(patch.values, shape)
    columns = np.flatnonzero(np.broadcast_to(patch.where, shape)).astype(np.int64)
    return columns, values.reshape(-1)[columns].astype(np.float64)


def _ends(under: str, columns: Int, shape: tuple[int, ...], mean: Float | None) -> Fill:
    """What stands in the columns under the patch."""
    if under == "own":
        return lambda x: np.asarray(x.reshape(len(x), -1)[:, columns])
    if mean is not None:
        same = mean.reshape(-1)[columns]
        return lambda x: np.broadcast_to(same, (len(x), len(same)))
    border, weight = filling(shape, columns)
    return lambda x: np.asarray(x.reshape(len(x), -1)[:, border] @ weight.T)


def _blur(columns: Int) -> Fill:
    return lambda x: blurred(x, columns)


def margin_with(prepared: Prepared, x: Float, columns: Int, values: Float) -> Float:
    """Margins (m,) of rows x (m, *s) with `values` in some columns."""
    new = np.array(x, dtype=np.float64)
    new.reshape(len(new), -1)[:, columns] = values
    return prepared.margin(new)
