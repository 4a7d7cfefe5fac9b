"""What may be asked of integrated gradients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from evenlight.arrays import Values
from evenlight.data.nearest import hint
from evenlight.data.rows import blocks
from evenlight.data.sealed_rows import sealed
from evenlight.errors import AttributionError
from evenlight.explainers.device import Precision
from evenlight.explainers.tiled import Tiles
from evenlight.progress import Told


@dataclass(frozen=True, slots=True, eq=False)
class Options:
    """The options of `evenlight.explain(..., method="ig")`.

    Parameters
    ----------
    baseline
        "mean": one path from the background's balanced mean; "rows": the mean over paths from every
        background row (expected gradients); "auto": rows for codes, and where a column holds
        indicators or genotypes (0, 1, 2), 16 of the rows for images, else the mean, as of counts
        (what was seen is in the settings, `baseline_seen`); of images also "black" (the lowest
        value of each channel in the background), "blur" (each image blurred by an eighth of its
        sides) or "inpaint" (filled from its frame); or an array (*s) or (b, *s); or, for
        a network of several inputs, one for each by name; or a function of rows (m, *s) and their
        ids (m,) that gives each row references of its own, (m, b, *s).
    steps
        None: as many nodes as each row needs, up to `cap`. A number: just so many Gauss-Legendre
        nodes for every row; rows above tolerance are then marked as not converged.
    cap
        most nodes of a path, at least 7; a row not right by then is marked as not converged.
    layer
        the path of a submodule at whose output to attribute, in place of the input.
    sensitivity
        whether to keep the path-averaged gradient, the other factor of the attribution.
    precision
        "float32", "tf32", "bfloat16" or "float64" in place of the network's own; what it costs is
        measured on some rows and recorded.
    budget
        bytes that path points may take at once; measured on the first points.
    out
        an array (n, *s) of float32 to write into, such as one of zarr or a memory map; or the path
        of a new .npy file, readable by its owner only; or a function of the shape that gives the
        array; one for each target where there are several.
    progress
        True for a bar on stderr, or a function that is told the `Pace` after each block of rows.
    tiles
        what keeps blocks of rows as they are done (`explainers.tiled`).
    """

    baseline: str | Values | Mapping[str, Values] | Callable[..., Values] = "auto"
    steps: int | None = None
    cap: int = 2048
    layer: str | None = None
    sensitivity: bool = False
    precision: Precision | None = None
    budget: int | None = None
    out: Any = None
    progress: bool | Told = False
    tiles: Tiles | None = None

    def __post_init__(self) -> None:
        for name in ("steps", "cap", "budget"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int | np.integer) or value < 1):
                raise AttributionError(f"{name}={value!r}; wanted a whole number of at least 1")


def options(own: Mapping[str, Any]) -> Options:
    """The options by name.

    >>> options({"step": 50})
    Traceback (most recent call last):
    evenlight.errors.AttributionError: ig has no option 'step'; did you mean 'steps'?
    """
    known_only("ig", own, [field.name for field in fields(Options)])
    return Options(**own)


def known_only(explainer: str, own: Iterable[str], known: Sequence[str]) -> None:
    """Raise AttributionError, with the nearest, for the name of an option that is not known."""
    for name in own:
        if name not in known:
            near = hint(name, known, f"it takes {', '.join(known) or 'none'}")
            raise AttributionError(f"{explainer} has no option {name!r}{near}")


def outs(out: Any, targets: int, shape: Sequence[int]) -> list[Any] | None:
    """The arrays to write into, one for each target, or None.

    Raises AttributionError for another number, shape or dtype, and for a file that exists.
    """
    if out is None:
        return None
    given = list(out) if isinstance(out, tuple | list) else [out]
    if len(given) != targets:
        raise AttributionError(f"out holds {len(given)} arrays for {targets} targets")
    made = [_opened(one, shape) for one in given]
    for array in made:
        if not (hasattr(array, "shape") and hasattr(array, "dtype")):
            raise AttributionError(
                f"out is a {type(array).__name__}; wanted an array of shape={tuple(shape)} that is "
                "made already, or the path of a new .npy file"
            )
        if tuple(array.shape) != tuple(shape) or str(array.dtype) != "float32":
            raise AttributionError(
                f"out has shape {tuple(array.shape)} of {array.dtype}; wanted {tuple(shape)} of "
                "float32"
            )
    return made


def _opened(out: Any, shape: Sequence[int]) -> Any:
    """The array itself, or one made now: of a function of the shape, or a new .npy file."""
    if not isinstance(out, str | Path):
        return out(tuple(shape)) if callable(out) else out
    path = Path(out)
    if path.suffix != ".npy" or path.exists():
        why = "exists" if path.exists() else "is no .npy file"
        raise AttributionError(
            f"out={path.name!r} {why}; name a new file that ends in .npy, or make an array, as by "
            f"zarr.open({path.name!r}, mode='w', shape={tuple(shape)}, dtype='float32')"
        )
    path.touch(mode=0o600)
    return np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=tuple(shape))


def filled(out: Any, values: Values) -> Any:
    """`out` with values (n, *s) written into it, of an explainer that does not write as it goes."""
    written = outs(out, 1, values.shape)
    assert written is not None
    for part, rows in blocks(values):
        written[0][part] = rows
    return sealed(written[0])
