"""Change of attributions for each copy of an ancestry at the own place, along the chromosomes."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes

from evenlight.arrays import Bool, Float
from evenlight.data.digits import count, fixed
from evenlight.figures.ink import INK, axis_labels, head, plane, write
from evenlight.figures.locus import Places, along_chromosomes, laid
from evenlight.figures.naming import name_marks
from evenlight.figures.rows import LOOKS
from evenlight.language import spoken
from evenlight.measures.local_comparison import LocalComparison

GIVEN = {"nothing": "given nothing", "genotype": "given the genotype"}
NOTHING = {
    "nothing": "Copies of {ancestry}: nothing can be asked here.",
    "genotype": "Copies of {ancestry}, among people of one genotype at the site: nothing can be "
    "asked here.",
}
TOLD = {
    "nothing": "For each copy of {ancestry} at the own place, {apart} of {n} attributions differ; "
    "the largest change is that of {feature} at {place}, {change} SD of the output [{low}, "
    "{high}].",
    "genotype": "For each copy of {ancestry} at the own place, among people of one genotype at the "
    "site, {apart} of {n} attributions differ; the largest change is that of {feature} at {place}, "
    "{change} SD of the output [{low}, {high}].",
}


def local_ancestry(
    record: LocalComparison,
    view: int = 0,
    *,
    places: Places | None = None,
    label: int = 6,
    most: int = 5000,
    ax: Axes | None = None,
) -> Axes:
    """Each subject at its place: the slope a copy in SD of the output, its interval and verdict.

    Intervals hold together over all subjects of the view; the band holds slopes smaller than the
    margin. `places` (p,) are those of the subjects, by default the middle of each one's window. The
    `label` largest slopes that are not *similar* carry their name. Of more subjects than
    `most` those nearest 0 are left out, and the heading says so. Both views have one range.
    """
    ax = plane(ax, 760, 300)
    at = windows(record) if places is None else places
    x, ends = laid(at)
    y, low, high = (a[view] for a in (record.effect, record.low, record.high))
    known, told = _furthest(np.isfinite(x) & np.isfinite(y), y, most)
    ax.axhspan(-record.margin, record.margin, color=INK, alpha=0.09, linewidth=0)
    ax.axhline(0, color=INK, linewidth=0.75)
    for verdict, (colour, mark) in LOOKS.items():
        own = known & (record.verdict[view] == verdict)
        face = "none" if verdict == "cannot_tell" else colour
        ax.vlines(x[own], low[own], high[own], color=colour, linewidth=0.75, alpha=0.6)
        ax.plot(x[own], y[own], mark, color=colour, markerfacecolor=face, markersize=5)
    _shared_range(ax, record, np.isfinite(x))
    along_chromosomes(ax, ends, at.build, shaded=False)
    _names(ax, record, (view, label), np.column_stack([x, np.where(known, y, np.nan)]))
    head(ax, f"{spoken(GIVEN[record.given[view]])}{told}")
    per = spoken("SD of the output per copy of {ancestry}", ancestry=record.ancestry)
    axis_labels(ax, ax.get_xlabel(), per)
    return ax


def _furthest(known: Bool, y: Float, most: int) -> tuple[Bool, str]:
    """Those of the known that are drawn, and what the heading says where it is not all of them."""
    if int(known.sum()) <= most:
        return known, ""
    kept = np.zeros_like(known)
    kept[np.argsort(-np.abs(np.where(known, y, 0.0)), kind="stable")[:most]] = True
    shown = {"shown": count(most), "all": count(int(known.sum()))}
    return kept, ": " + spoken("{shown} of {all}", **shown)


def _shared_range(ax: Axes, record: LocalComparison, there: Bool) -> None:
    """The range of all limits of those that are there, in any view, and of the margin."""
    ends = np.concatenate([record.low[:, there].ravel(), record.high[:, there].ravel()])
    low, high = (
        float(f(ends, initial=edge, where=np.isfinite(ends)))
        for f, edge in ((np.min, -record.margin), (np.max, record.margin))
    )
    ax.set_ylim(low - 0.05 * (high - low), high + 0.05 * (high - low))


def windows(record: LocalComparison) -> Places:
    """The middle of each subject's window (p,), nowhere for those in none."""
    chromosome, position = [], []
    for place in record.places:
        name, _, ends = place.rpartition(":")
        start, _, end = ends.partition("-")
        chromosome.append(name)
        position.append((int(start) + int(end)) / 2 if place else np.nan)
    return Places(record.subjects, np.array(chromosome, dtype=np.str_), np.array(position))


def _names(ax: Axes, record: LocalComparison, asked: tuple[int, int], marks: Float) -> None:
    """Names of the largest slopes; why there is none, where none could be asked."""
    (view, label), known = asked, np.flatnonzero(np.isfinite(marks).all(axis=1))
    if not known.size:
        write(
            ax, 0.5, 0.5, spoken("cannot be asked here"), ha="center", style="italic",
            transform=ax.transAxes,
        )  # fmt: skip
        return
    ax.set_xlim(*ax.get_xlim())
    outside = known[record.verdict[view][known] != "similar"]
    largest = outside[np.argsort(-np.abs(marks[outside, 1]), kind="stable")][:label]
    named = [(record.subjects[j], float(marks[j, 0]), float(marks[j, 1])) for j in largest]
    name_marks(ax, named, marks[known])


def local_ancestry_text(record: LocalComparison, view: int = 0) -> str:
    """What the picture shows, in words."""
    given, y = record.given[view], record.effect[view]
    if not np.isfinite(y).any():
        return spoken(NOTHING[given], ancestry=record.ancestry)
    j, many = int(np.nanargmax(np.abs(y))), int(np.isfinite(y).sum())
    numbers = (record.effect, record.low, record.high)
    change, low, high = (fixed(float(a[view, j]), 2, sign=True) for a in numbers)
    return spoken(
        TOLD[given],
        ancestry=record.ancestry,
        apart=int((record.verdict[view] == "different").sum()),
        n=many,
        feature=record.subjects[j],
        place=record.places[j],
        change=change,
        low=low,
        high=high,
    )
