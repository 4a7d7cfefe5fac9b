"""Axes of a new figure, or those given; saving and showing as scanpy does; colours of groups."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import is_color_like, to_hex

from evenlight.errors import InputError
from evenlight.figures.ink import COLOURS

DPI = 200
"""Dots an inch of a saved picture of pixels."""


def axes(ax: Axes | None, width: float, height: float) -> Axes:
    """`ax`, or the axes of a new figure of pyplot of `width` x `height` px at 96 dpi."""
    if ax is not None:
        if not isinstance(ax, Axes):
            raise InputError(f"ax is a {type(ax).__name__}; wanted one matplotlib Axes")
        return ax
    from matplotlib import pyplot  # chooses a backend, which only a figure to be shown needs

    made = pyplot.figure(figsize=(width / 96, height / 96), layout="constrained")
    return made.add_subplot()


ONE_PERSON = "one person: keep with the patients' data"
"""What lies across a picture of one person, wherever it is taken."""


SEVERAL = "single people: keep with the patients' data"
"""What lies across a picture with a mark for each of several people."""


def needed(individuals: bool) -> None:
    """InputError unless it was said that single people may show."""
    if not individuals:
        raise InputError(
            "this shows one person; pass individuals=True to draw it, in a notebook that stays "
            "with the patients' data"
        )


def marked(ax: Axes, words: str = ONE_PERSON) -> Axes:
    """The same axes with a watermark that says whose data they show; it is saved with them."""
    ax.text(
        0.5, 0.5, words, transform=ax.transAxes, rotation=25, rotation_mode="anchor",
        ha="center", va="center", fontsize=11, color="0.5", alpha=0.55, zorder=50,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.35, "pad": 2},
        gid="watermark",
    )  # fmt: skip
    return ax


def done(ax: Axes, show: bool | None, save: str | Path | None) -> Axes | None:
    """Save where a file is named; then show and return None, or return the axes (`show=False`)."""
    if save is not None:
        folder = Path(save).parent
        if not folder.is_dir():
            raise InputError(f"save: there is no folder {folder.name!r}; make it first")
        whole: Any = ax.figure
        whole = getattr(whole, "figure", None) or whole  # axes may lie in a part of a figure
        whole.savefig(save, dpi=DPI, bbox_inches="tight")
    if show is False:
        return ax
    from matplotlib import pyplot

    pyplot.show()
    return None


def colours_of(data: Any, grouping: str, levels: Sequence[str]) -> tuple[str, ...]:
    """A colour a level: those of `adata.uns[f"{grouping}_colors"]`, else the house's.

    As in scanpy, the colours are in the order of the column's categories.
    """
    name = f"{grouping}_colors"
    held = getattr(data, "uns", {}).get(name)
    if held is None or grouping not in data.obs.columns:
        return tuple(COLOURS[i % len(COLOURS)] for i in range(len(levels)))
    known = [str(c) for c in pd.Categorical(data.obs[grouping]).categories]
    given = [str(c) for c in held]
    wrong = [c for c in given if not is_color_like(c)]
    if wrong:
        raise InputError(f"adata.uns[{name!r}] holds {wrong[0]!r}, which is no colour")
    if len(given) < len(known):
        raise InputError(
            f"adata.uns[{name!r}] has {len(given)} colours for {len(known)} categories of "
            f"{grouping}; give one for each, or delete the entry"
        )
    by = {label: to_hex(c) for label, c in zip(known, given, strict=False)}
    return tuple(by.get(level, COLOURS[i % len(COLOURS)]) for i, level in enumerate(levels))
