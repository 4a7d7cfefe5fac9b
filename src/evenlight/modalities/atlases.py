"""Label maps with names: an atlas that all people share, or one map for each person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np

from evenlight.arrays import Int, Values
from evenlight.data.cohort import Cohort
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.rows import Held, blocks
from evenlight.data.space import Space, shared_space
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.image_found import placed
from evenlight.modalities.label_tables import read_label_table
from evenlight.modalities.nifti import read_nifti_rows
from evenlight.modalities.resampling import resampled

BACKGROUND = "background"


@dataclass(frozen=True, slots=True, eq=False)
class Atlas:
    """Regions of a space: `labels` (*s) with a name for each, 0 being "background" by default.

    `notes` tell what was done to it, such as a resampling, and what was lost by that.
    """

    labels: Int
    names: Mapping[int, str]
    space: Space
    title: str
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.labels.shape != self.space.shape:
            raise FeatureError(f"labels {self.labels.shape} in a space of {self.space.shape}")
        held = [int(label) for label in np.unique(self.labels)]
        missing = [label for label in held if label not in self.names]
        if missing:
            raise FeatureError(
                f"{self.title}: {len(missing)} of {len(held)} labels have no name, first "
                f"{missing[:3]}; complete its table of names"
            )

    def __repr__(self) -> str:
        many = len(np.unique(self.labels[self.labels != 0]))
        return f"Atlas {self.title}: {many} regions. {self.space!r}"

    def to(self, space: Space) -> Atlas:
        """The atlas at the positions of another grid, each with the label nearest to it; noted.

        Raises FeatureError where no region is left: the two are not of one world.
        """
        made = resampled(self.labels[None].astype(np.int32), self.space, space, order=0)[0]
        before, after = set(np.unique(self.labels)) - {0}, set(np.unique(made)) - {0}
        if not after:
            raise FeatureError(
                f"no region of {self.title} lies in {space!r}; their coordinates are not of one "
                "space"
            )
        lost = sorted(str(self.names[int(label)]) for label in before - after)
        note = f"{self.title} was resampled (nearest label) to {space.shape} positions"
        if lost:
            note += f"; {len(lost)} of {len(before)} regions are smaller than its grid: "
            note += ", ".join(lost[:5]) + (", ..." if len(lost) > 5 else "")
        names = {**self.names, 0: self.names.get(0, BACKGROUND)}
        return Atlas(made.astype(np.int64), names, space, self.title, (*self.notes, note + "."))

    def sets(self, cohort: Cohort) -> FeatureSets:
        """The regions as sets of the positions of a cohort's images, of all their channels.

        Raises CohortError for images whose positions do not mean the same place in every row, and
        FeatureError where the atlas has another grid (`atlas.to(cohort.features.space)`), or sides
        (an orientation) that the images do not have.
        """
        space = shared_space(cohort.features.space, what=f"regions of {self.title}")
        why = self.space.same(space)
        if not why and self.space.affine is None and space.affine is not None:
            why = "coordinates, which the label map does not have"
        if not why and self.space.orientation and not space.orientation:
            raise FeatureError(
                f"{self.title} is {self.space.orientation}, and the images do not say where their "
                "axes point: left and right could be exchanged; read them with orientation=, or, "
                "if they lie as the label map does, pass "
                "FeatureSets.from_label_map(atlas.labels, atlas.names, shape=cohort.x.shape[1:])"
            )
        if why:
            raise FeatureError(
                f"{self.title} and the images differ: {why}; bring the atlas to their grid with "
                "atlas.to(cohort.features.space)"
            )
        return FeatureSets.from_label_map(self.labels, self.names, shape=tuple(cohort.x.shape[1:]))


def read_atlas(
    path: str | PathLike[str],
    names: str | PathLike[str] | Mapping[int, str] | None = None,
    *,
    title: str = "",
    form: Literal["", "sform", "qform"] = "",
) -> Atlas:
    """An atlas from a NIfTI label map and a table of its labels.

    Parameters
    ----------
    path
        of a NIfTI file of whole numbers, 0 being no region.
    names
        the name of each label: a mapping, or the path of a table (CSV or TSV with a column of
        numbers and one of names, a BIDS dseg.tsv, or a FreeSurfer colour table); left out, regions
        are "region 1", "region 2", ...
    title
        of the atlas in notes and errors, by default the file's name.
    form
        which of a header's two affines is believed where they contradict each other.

    Raises
    ------
    CohortError, FeatureError
        for values between whole numbers (probabilities), labels without or with the same name.
    """
    rows = read_nifti_rows([Path(path)], labels=True, form=form)
    if len(rows.channels) != 1:
        raise CohortError("an atlas has one volume; take the largest of its probabilities first")
    labels = np.asarray(rows.x[:])[0, 0].astype(np.int64)
    told = named_labels(labels, names)
    return Atlas(labels, told, rows.space, title or Path(path).name.split(".")[0])


def named_labels(
    labels: Int, names: str | PathLike[str] | Mapping[int, str] | None
) -> dict[int, str]:
    """The name of each label; "region 7" where no names are given, "background" for 0."""
    if names is None:
        told = {int(k): f"region {int(k)}" for k in np.unique(labels)}
        return {**told, 0: BACKGROUND}
    table = dict(names) if isinstance(names, Mapping) else read_label_table(names)
    made = {0: BACKGROUND, **{int(k): str(v) for k, v in table.items()}}
    held = [int(k) for k in np.unique(labels) if int(k) in made]
    seen: dict[str, int] = {}
    for label in held:
        if made[label] in seen:
            raise FeatureError(
                f"labels {seen[made[label]]} and {label} are both named {made[label]!r}; tell them "
                "apart (left, right), or give them one label"
            )
        seen[made[label]] = label
    return made


def read_label_maps(
    files: Sequence[str | PathLike[str]],
    cohort: Cohort,
    names: str | PathLike[str] | Mapping[int, str] | None = None,
    *,
    orientation: str | None = None,
) -> tuple[Values, dict[int, str]]:
    """A label map for each row, (n, *space), in the grid of the cohort's images, and its names.

    Files that are named by row ids (whatever their end) are matched by these; else file i is of row
    i. `orientation` turns axes as it did for the images; where these were
    resampled to a template, label maps are as well, each position with the label nearest to it.
    Maps are held in the smallest integers that hold all labels, mostly a byte a position.

    Raises CohortError for other counts or grids, and where some files alone are named by rows;
    FeatureError for labels without a name.
    """
    if len(files) != cohort.n:
        raise CohortError(
            f"{len(files)} label maps for {cohort.n} rows; pass one for each, in order"
        )
    space = cohort.features.space
    to = space if space is not None and space.shared.startswith("resampled to") else None
    paths = [Path(file) for file in files]
    at = placed([str(row) for row in cohort.rows], paths, what="label maps")
    paths = paths if at is None else [paths[i] for i in at]
    rows = read_nifti_rows(paths, labels=True, orientation=orientation, template=to)
    why = "" if space is None else rows.space.same(space)
    if why or rows.x.shape[2:] != cohort.x.shape[2:]:
        raise CohortError(
            f"the label maps and the images differ: {why or rows.space.shape}; segment the images "
            "as they were read, or read both with one orientation= and template="
        )
    return _labels(rows.x, names)


def _labels(
    x: Held, names: str | PathLike[str] | Mapping[int, str] | None
) -> tuple[Values, dict[int, str]]:
    """Maps (n, 1, *space) as (n, *space), block by block, and the names of what occurs."""
    out = np.empty((x.shape[0], *x.shape[2:]), dtype=np.uint8)
    seen: set[int] = set()
    for part, block in blocks(x):
        found = np.unique(block)
        seen |= set(found.tolist())
        kind = np.result_type(out, *(np.min_scalar_type(v) for v in found.tolist()))
        out = out.astype(kind, copy=False)
        out[part] = block[:, 0]
    told = named_labels(np.array(sorted(seen), dtype=np.int64), names)
    missing = sorted(seen - set(told))
    if missing:
        raise FeatureError(
            f"{len(missing)} labels of the maps have no name, first {missing[:3]}; name all"
        )
    return out, {label: told[label] for label in sorted(seen | {0})}
