"""The grid that images are asked for in: orientation, template, transform, and who says so."""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TypedDict

from evenlight.data.space import Space
from evenlight.errors import CohortError
from evenlight.modalities.scans import Grid, Transform


class Asked(TypedDict, total=False):
    """What may be asked of the grid of images, by name.

    template
        the path of a NIfTI file, or a `Space` with an affine: values are taken at its positions
        by world coordinates, which is recorded; nothing is registered.
    fill
        what stands at positions of the template beyond what was imaged; left out, the lowest value
        of the own image, as of the air around a body.
    orientation
        "RAS" and its like: axes are exchanged and reversed, exactly.
    transform
        the model's own, of one image (c, *s) as float32: attributions come after it, and the
        sizes of images may differ before.
    shared
        why a position means the same place in every image: "registered", "template NAME".
    """

    template: str | PathLike[str] | Space | None
    fill: float | None
    orientation: str | None
    transform: Transform | None
    shared: str


def grid_of(
    asked: Asked, *, labels: bool, template_of: Callable[[str | PathLike[str]], Space]
) -> Grid:
    """What was asked, checked; `template_of` reads the grid of a file."""
    strange = set(asked) - set(Asked.__annotations__)
    if strange:
        known = ", ".join(f"{name}=" for name in Asked.__annotations__)
        raise CohortError(f"no option {sorted(strange)[0]!r} of images; known: {known}")
    template = asked.get("template")
    named, space = "", template if isinstance(template, Space) else None
    if isinstance(template, Space):
        named = template.shared.split(" ", 1)[-1].removeprefix("to ") or "the given grid"
    elif template is not None:
        space, named = template_of(template), Path(template).name.split(".")[0]
    if space is not None and space.affine is None:
        raise CohortError("template= has no coordinates; its header needs an affine")
    fill = asked.get("fill")
    if fill is not None and (space is None or labels):
        raise CohortError("fill= is of images that are resampled to a template=; name one")
    return Grid(
        asked.get("orientation"), space, named, asked.get("transform"), asked.get("shared", ""),
        labels, fill,
    )  # fmt: skip
