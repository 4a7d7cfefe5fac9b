"""The dose-response by group: it draws what the record says, and says it in words."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from matplotlib.figure import Figure

from evenlight.figures.dose import dose_response, dose_text
from evenlight.figures.ink import grid
from evenlight.figures.svg import inline
from evenlight.measures.fragile import Fragility
from evenlight.measures.fragility import fragility
from evenlight.measures.testing import Testing
from evenlight.probes.perturb import perturb
from evenlight.qualify.cases import fragile


@cache
def record() -> Fragility:
    """Group b alone is moved by dropout."""
    drawn = fragile.one_group(np.random.default_rng(3))
    made = perturb(fragile.score, drawn.cohort, suite=fragile.suite())
    return fragility(made, drawn.cohort, by="group", testing=Testing(draws=199))


def test_lines_are_the_sizes_of_each_group() -> None:
    """Each group's points are its mean sizes, a ring stands where groups differ."""
    ax = dose_response(record(), "dropout")
    found = record()
    at, m = found.view("size"), found.measure("size")
    lines = [(np.asarray(line.get_ydata()), line.get_markersize()) for line in ax.lines]
    for level in found.levels:
        wanted = found.value[found.part(level), :3, m]
        assert any(y.shape == (3,) and np.allclose(y, wanted) for y, _ in lines)
    differ = found.apart.verdict[at, 0, :3] == "different"
    assert differ.any()
    assert sum(y.size for y, size in lines if size == 12) == 2 * int(differ.sum())
    assert [t.get_text() for t in ax.get_xticklabels()] == ["0.05", "0.1", "0.2"]
    given = Figure().add_subplot()
    assert dose_response(record(), "error", ax=given) is given
    assert given.get_ylim() == ax.get_ylim()


def test_the_picture_is_always_the_same_and_told_in_words() -> None:
    """The same bytes; the words name perturbation, groups, growth and difference."""
    both = []
    for _ in range(2):
        figure = dose_response(record(), "dropout").figure
        assert isinstance(figure, Figure)
        both.append(inline(figure, key="k", title="T", text="D"))
    assert both[0] == both[1]
    text = dose_text(record())
    assert text.startswith("dropout at 0.2: a 0.00, b ")
    assert "it rises with the strength in b; groups differ." in text
    with pytest.raises(LookupError, match="known: dropout, error"):
        dose_response(record(), "blur")


def test_panels_without_a_ring_are_laid_out() -> None:
    """Several panels of groups that do not differ, with a long unit, have room for them all."""
    found = record()
    same = np.full_like(found.apart.verdict, "similar")
    calm = replace(found, apart=replace(found.apart, verdict=same), unit=("share of " * 9,) * 6)
    figure, panels = grid(4, 2, (300, 260))
    for i, ax in enumerate(panels):
        dose_response(calm, ("dropout", "error")[i % 2], ax=ax)
    assert "share of" in inline(figure, key="k", title="T", text="D")  # a warning is an error
    assert not [line for line in panels[0].lines if line.get_markersize() == 12]
    assert "\n" in panels[0].get_xlabel()
