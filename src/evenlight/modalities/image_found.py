"""Which file belongs to which person: files of a folder matched to a table, none by its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

import numpy as np

from evenlight.arrays import Int
from evenlight.data.missing_codes import shown_count
from evenlight.errors import CohortError
from evenlight.modalities.image_files import FORMATS

DICOM_MARK = b"DICM"
"""At byte 128 of a DICOM file (PS3.10, section 7.1)."""

KINDS = {**dict.fromkeys(FORMATS, "file"), ".nii": "nifti", ".dcm": "dicom", ".dicom": "dicom"}

Way = Callable[[Path], str]


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """Files of one `kind` ("file", "nifti" or "dicom"), each an image of one row.

    `at` (n,) are the positions of their rows in the table. A file may be a folder, which holds the
    planes of one DICOM volume.
    """

    files: tuple[Path, ...]
    kind: str
    at: Int
    notes: tuple[str, ...] = ()


def kind_of(path: Path) -> str:
    """Which reader a path is for: "file", "nifti", "dicom", or "" for what is no image.

    >>> kind_of(Path("brain.nii.gz")), kind_of(Path("chest.PNG")), kind_of(Path("notes.txt"))
    ('nifti', 'file', '')
    """
    name = path.name.lower()
    if name.endswith(".nii.gz"):
        return "nifti"
    known = KINDS.get(path.suffix.lower(), "")
    if known or path.suffix.lower() in (".txt", ".csv", ".json", ".md") or not path.is_file():
        return known
    with path.open("rb") as file:
        return "dicom" if file.read(132)[128:] == DICOM_MARK else ""


def images_in(folder: Path) -> tuple[Path, ...]:
    """All image files below a folder, in the order of their names; hidden ones left out."""
    if not folder.is_dir():
        raise CohortError(f"there is no folder or file of images {folder.name!r}")
    within = (p for p in folder.rglob("*") if p.is_file())
    shown = (p for p in within if not any(part[0] == "." for part in p.relative_to(folder).parts))
    files = tuple(sorted(p for p in shown if kind_of(p)))
    if not files:
        raise CohortError(f"no image is in the folder {folder.name!r}")
    return files


def matched(folder: Path, names: Sequence[str], *, join: str = "exact") -> Found:
    """The file of each name: by its path in the folder, its name, or its name without the end.

    One way is taken for all. A name may also be that of a folder, whose planes are one volume.
    Raises CohortError, with counts, where a file is missing, stands for several rows, or belongs to
    nobody; `join="inner"` keeps those that both have.
    """
    files = images_in(folder)
    ways: tuple[Way, ...] = (
        lambda p: p.relative_to(folder).as_posix(), lambda p: str(p), lambda p: p.name, _bare,
    )  # fmt: skip
    tried = [_by(names, files, way) for way in ways]
    tried.append(_by(names, tuple(sorted({p.parent for p in files})), ways[0]))
    best = max(tried, key=lambda one: int((one >= 0).sum()))
    taken = tuple(sorted({p.parent for p in files})) if best is tried[-1] else files
    at = np.flatnonzero(best >= 0)
    notes = _all(best, len(taken), join)
    chosen = tuple(taken[best[i]] for i in at)
    return Found(chosen, one_kind(chosen if taken is files else files), at, notes)


def one_kind(files: Sequence[Path]) -> str:
    """The kind of all files. Raises CohortError where they are of several, or of none."""
    kinds = Counter(kind_of(p) or "unknown" for p in files)
    if len(kinds) > 1 or "unknown" in kinds:
        told = ", ".join(f"{many:,} {kind}" for kind, many in kinds.most_common())
        raise CohortError(
            f"the images are of kinds that are read in different ways ({told}); read one kind "
            f"({', '.join(KINDS)} or .nii.gz) at a time"
        )
    return next(iter(kinds))


BY_PLACE = (
    "The files were given one by one and none is named by a row: each was taken for the row at its "
    "place."
)


def listed(paths: Sequence[str | PathLike[str]], names: Sequence[str] | None) -> Found:
    """Files given one by one: matched by name (`placed`), or in the order of the table's rows."""
    files = tuple(Path(p) for p in paths)
    lost = [i for i, p in enumerate(files) if not p.exists()]
    if lost:
        raise CohortError(
            f"{len(lost)} of {len(files)} image files are not there, first at position {lost[0]}"
        )
    if not files or (names is not None and len(files) != len(names)):
        raise CohortError(f"{len(files)} image files for {len(names or ())} rows of the table")
    inside = [q for p in files for q in (images_in(p) if p.is_dir() else (p,))]
    at = None if names is None else placed(names, files, what="image files")
    taken = files if at is None else tuple(files[i] for i in at)
    notes = (BY_PLACE,) if at is None and names is not None else ()
    return Found(taken, one_kind(inside), np.arange(len(files), dtype=np.int64), notes)


def placed(names: Sequence[str], files: Sequence[Path], *, what: str) -> Int | None:
    """The position (n,) of the file of each name; None where no file is named so.

    By the file's name, or its name without the end. Raises CohortError where some files are named
    by rows and others are not: nobody can tell then whose these are.
    """
    tried = [_by(names, files, way) for way in (lambda p: p.name, _bare)]
    best = max(tried, key=lambda one: int((one >= 0).sum()))
    held = int((best >= 0).sum())
    if held and held < len(names):
        raise CohortError(
            f"{shown_count(held)} of {len(names)} {what} are named as a row of the table is, the "
            "others are not; name each by its row, or none, and pass them in the order of rows"
        )
    return best if held else None


def _bare(path: Path) -> str:
    name = path.name[:-3] if path.name.lower().endswith(".nii.gz") else path.name
    return Path(name).stem


def _by(names: Sequence[str], files: Sequence[Path], way: Way) -> Int:
    """The position (n,) of the file of each name, -1 without; names of several files match none."""
    keys = [way(p) for p in files]
    often = Counter(keys)
    place = {key: i for i, key in enumerate(keys) if often[key] == 1}
    return np.array([place.get(name, -1) for name in names], dtype=np.int64)


def _all(best: Int, files: int, join: str) -> tuple[str, ...]:
    """Notes of what was left out. Raises CohortError where nothing may be."""
    if join not in ("exact", "inner"):
        raise CohortError(f'join={join!r}; wanted "exact" or "inner"')
    there = best[best >= 0]
    twice = len(there) - len(np.unique(there))
    if twice:
        raise CohortError(
            f"{twice} rows of the table name a file that another row names as well; give each row "
            "its own image"
        )
    lost, extra = int((best < 0).sum()), files - len(there)
    if not len(there):
        raise CohortError(
            f"none of {files} image files is named by one of {len(best)} rows of the table; name "
            "its column of paths with file=, or index it by them"
        )
    if join == "exact" and (lost or extra):
        first = f", first at position {int((best < 0).argmax())}" if lost else ""
        raise CohortError(
            f"{lost} of {len(best)} rows of the table have no image file{first}, and {extra} of "
            f'{files} image files are of nobody; give both, or say join="inner" to keep the '
            "common ones"
        )
    if not lost and not extra:
        return ()
    return (
        f"Inner join: {shown_count(lost)} rows of the table without an image and {extra:,} image "
        "files of nobody left out.",
    )
