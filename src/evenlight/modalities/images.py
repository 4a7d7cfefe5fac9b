"""Images of people as a cohort, from whatever holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from inspect import signature
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Text
from evenlight.data import align, intake, rows
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.nearest import hint
from evenlight.errors import CohortError
from evenlight.modalities.header_people import contradictions
from evenlight.modalities.image_arrays import npz_names
from evenlight.modalities.image_axes import spelled
from evenlight.modalities.image_found import Found, images_in, listed, matched, one_kind
from evenlight.modalities.image_people import alone, column_of, table_of, with_facts
from evenlight.modalities.image_rows import ImageRows, held

READERS = {
    "array": "image_arrays:read_array_rows",
    "npz": "image_arrays:read_npz_rows",
    "dataset": "image_datasets:read_dataset_rows",
    "file": "image_folders:read_file_rows",
    "nifti": "nifti:read_nifti_rows",
    "dicom": "dicom:read_dicom_rows",
}
"""What reads a source of each kind; each gives `ImageRows`."""


def read_images(
    source: object,
    /,
    people: pd.DataFrame | str | PathLike[str] | None = None,
    *,
    id: str | None = None,
    file: str | None = None,
    names: str | None = None,
    **options: Any,
) -> Cohort:
    """Images x (n, c, *space) of people as a cohort: channels first, space as it was read.

    Parameters
    ----------
    source
        an array (numpy, tensor, zarr, HDF5) or `Rows`, whose row i is row i of `people`; a dataset
        or loader of torch or MONAI, likewise; an npz or npy file; a folder of PNG, JPEG, TIFF, npy,
        NIfTI or DICOM files; or a list of such files, one a row.
    people
        the table of people, or its CSV, one row an image. Without it the rows of files are numbered
        in the order of their names, and people is what the files tell.
    id
        the column of row ids; by default the index.
    file
        the column of paths in the folder; by default the row id names the file, with or without
        its end.
    names
        the array of an npz file that holds the ids of its rows.
    **options
        Cohort's keywords (`outcome`, `unit`, `groups`, `join`, ...), and those of the reader:
        `read_array_rows`, `read_npz_rows`, `read_file_rows`, `read_dataset_rows`,
        `read_nifti_rows` or `read_dicom_rows`.

    Small sets of images (256 MB) are kept in memory; others are read from disk when asked for.
    What was read and what was done to it are notes of the cohort. `cohort.features.space` says how
    large a position is and whether positions mean the same place in everybody (`shared=`).

    Raises
    ------
    CohortError
        naming count, position and remedy: files without a person, people without a file, sizes,
        channels or bits that differ, axes that could be read in several ways, several images of a
        person without `unit=`.

    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["p1", "p2"])
    >>> cohort = read_images(np.zeros((2, 8, 8, 3)), people, layout="nhwc", channels="rgb")
    >>> cohort.x.shape, cohort.features.names
    ((2, 3, 8, 8), ('red', 'green', 'blue'))
    >>> cohort.features.space
    Space: 8 x 8 positions, spacing unknown, not shared by the rows
    """
    table = table_of(people, id, file)
    roles, own = _parted(options)
    kind = _kind(source)
    if names is not None and (kind != "npz" or table is None):
        raise CohortError(f"names={names!r} joins rows of an npz file to a table of people")
    if file is not None and (kind != "files" or isinstance(source, list | tuple)):
        raise CohortError(f"file={file!r} names paths in a folder, and the source is none")
    if kind == "files":
        found = _found(source, table, file, roles.pop("join", "exact"))
        table = None if table is None else table.iloc[found.at]
        alone(found, table, roles)
        return _cohort(_read(found.kind, found.files, own), table, found.notes, roles)
    made = _read(kind, source, own)
    if names is None or table is None:
        return _cohort(made, table, (), roles)
    ids = npz_names(Path(str(source)), names)
    return _cohort(*_by_names(made, table, ids, roles.pop("join", "exact")), roles)


def _parted(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Cohort's own keywords, and those of a reader."""
    known = [p for p in signature(Cohort).parameters if p not in ("x", "people", "features")]
    roles = {name: value for name, value in options.items() if name in known}
    return roles, {name: value for name, value in options.items() if name not in known}


def _kind(source: Any) -> str:
    """Which reader a source is for; "files" for folders and lists of paths."""
    if isinstance(source, str | PathLike):
        path = Path(source)
        if path.suffix in (".npz", ".npy") and path.is_file():
            return "npz"
        return "files"
    if isinstance(source, list | tuple) and source and isinstance(source[0], str | PathLike):
        return "files"
    if hasattr(source, "shape") and hasattr(source, "dtype"):
        return "array"
    if hasattr(source, "collate_fn") or _maps(source):
        return "dataset"
    raise CohortError(
        f"a {type(source).__name__} gives no images; pass an array, a dataset, an npz file, a "
        "folder or a list of files"
    )


def _maps(source: Any) -> bool:
    named = isinstance(source, Mapping | pd.DataFrame)
    return not named and hasattr(source, "__len__") and hasattr(source, "__getitem__")


def _read(kind: str, source: Any, own: Mapping[str, Any]) -> ImageRows:
    """What a reader makes of a source, its options checked before it reads."""
    module, _, name = READERS[kind].partition(":")
    found = import_module(f"evenlight.modalities.{module}")
    reader: Callable[..., ImageRows] = getattr(found, name)
    taken = signature(reader).parameters.values()
    known = [p.name for p in taken if p.kind is p.KEYWORD_ONLY]
    strange = [option for option in own if option not in known]
    # A reader that takes others by name checks these itself.
    if strange and not any(p.kind is p.VAR_KEYWORD for p in taken):
        raise CohortError(
            f"{strange[0]}= is no option of {name} nor a keyword of Cohort"
            f"{hint(strange[0], known)}; its options are {', '.join(known)}"
        )
    given = dict(own)
    if isinstance(given.get("channels"), str):
        given["channels"] = spelled(given["channels"])
    return reader(Path(source) if kind == "npz" else source, **given)


def _found(source: Any, table: pd.DataFrame | None, file: str | None, join: str) -> Found:
    """The files of a folder or a list, matched to the table."""
    by = None
    if table is not None:
        by = list(map(str, table.index)) if file is None else column_of(table, file, "file")
    if isinstance(source, list | tuple):
        return listed(source, by)
    folder = Path(source)
    if by is None:
        files = images_in(folder)
        return Found(files, one_kind(files), np.arange(len(files), dtype=np.int64))
    return matched(folder, by, join=join)


def _by_names(
    made: ImageRows, table: pd.DataFrame, names: Text, join: str
) -> tuple[ImageRows, pd.DataFrame, tuple[str, ...]]:
    """Rows of an npz file joined to people by the ids that it gives them."""
    have, want = align.ids(names.tolist()), align.ids(table.index)
    if len(have) != len(made.facts):
        raise CohortError(f"{len(have)} ids for {len(made.facts)} images of the npz file")
    notes: tuple[str, ...] = ()
    if join == "inner":
        keep = align.common(have, want)
        if len(keep) < max(len(have), len(want)):
            notes = (intake.inner_note(have, table, align.common(want, have), ()),)
        table, want = table.iloc[keep], want[keep]
    elif join == "exact":
        align.no_extra(have, want)
    else:
        raise CohortError(f'join={join!r}; wanted "exact" or "inner"')
    at = align.match(have, want, what="the npz file")
    if not len(at):
        raise CohortError("nobody of the table is in the npz file; look at id= and names=")
    facts = made.facts.iloc[at]
    taken = ImageRows(rows.take(made.x, at), made.space, made.channels, facts, made.notes)
    return taken, table, notes


def _cohort(
    made: ImageRows, table: pd.DataFrame | None, notes: Sequence[str], roles: dict[str, Any]
) -> Cohort:
    """Images and their people, with what the files tell of each."""
    n = len(made.facts)
    if table is None:
        width = len(str(n))
        table = pd.DataFrame(index=[f"image {k + 1:0{width}d}" for k in range(n)])
    if len(table) != n:
        raise CohortError(f"{n} images for {len(table)} rows of the table of people")
    notes = [*notes, *contradictions(table, made.facts, roles.get("unit"))]
    features = Features(made.channels, space=made.space)
    cohort = Cohort(held(made.x), with_facts(table, made.facts), features, **roles)
    return cohort.altered(notes=(*made.notes, *notes, *cohort.notes))
