"""The space of images: what it holds, what differs, and what needs it shared."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.space import Space, shared_space
from evenlight.errors import CohortError, FeatureError
from evenlight.modalities.image_rows import ImageRows


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"shape": ()}, "positions along each axis"),
        ({"shape": (4, 0)}, "positions along each axis"),
        ({"shape": (4, 4), "spacing": (1.0,)}, "for 2 axes"),
        ({"shape": (4, 4), "spacing": (1.0, -1.0)}, "a positive number each"),
        ({"shape": (4, 4), "affine": np.eye(4)}, r"wanted \(3, 3\)"),
    ],
)
def test_a_space_whose_parts_do_not_fit_is_an_error(given: dict[str, Any], told: str) -> None:
    """The error names what does not fit."""
    with pytest.raises(FeatureError, match=told):
        Space(**given)


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (Space((4, 5)), "shape"),
        (Space((4, 4), (1.0, 2.0), "mm"), "spacing"),
        (Space((4, 4), (1.0, 1.0), "mm", orientation="LA"), "orientation"),
        (Space((4, 4), (1.0, 1.0), "mm", affine=np.diag([1.0, 1.0, 1.5])), "affines"),
    ],
)
def test_spaces_that_differ_say_in_what(other: Space, why: str) -> None:
    """The first difference is named, and a space does not differ from itself."""
    own = Space((4, 4), (1.0, 1.0), "mm", affine=np.eye(3), orientation="RA")
    assert own.same(other).startswith(why)
    assert own.same(own) == ""


def test_what_is_unknown_is_not_compared() -> None:
    """A space that knows its shape alone does not differ from one that knows more."""
    assert Space((4, 4), (1.0, 1.0), affine=np.eye(3)).same(Space((4, 4))) == ""


def test_a_cohort_keeps_the_space_of_its_images_and_refuses_another() -> None:
    """Rows of x are (channels, *space), and parts of a cohort have the same space."""
    people = pd.DataFrame({"sex": ["f", "m", "f"]}, index=["a", "b", "c"])
    space = Space((4, 5), shared="registered")
    cohort = Cohort(np.ones((3, 1, 4, 5)), people, Features(("grey",), space=space), unit="row")
    assert cohort.take(np.array([0, 2])).features.space is space
    with pytest.raises(FeatureError, match=r"shape \(1, 5, 4\) and their space \(4, 5\)"):
        Cohort(np.ones((3, 1, 5, 4)), people, Features(("grey",), space=space), unit="row")


def test_a_map_is_asked_for_in_a_shared_space_only() -> None:
    """The error says what needs it and what to do."""
    with pytest.raises(CohortError, match=r"the map needs images.*template.*Attributions.by_maps"):
        shared_space(Space((4, 4)), what="the map")
    assert shared_space(Space((4, 4), shared="registered"), what="the map").shape == (4, 4)


def test_image_rows_fit_their_space_channels_and_facts() -> None:
    """Each reader hands on what fits together."""
    facts = pd.DataFrame({"view": ["AP", "PA"]})
    assert ImageRows(np.ones((2, 1, 4, 4)), Space((4, 4)), ("grey",), facts).x.shape[0] == 2
    with pytest.raises(CohortError, match="with 2 channels"):
        ImageRows(np.ones((2, 1, 4, 4)), Space((4, 4)), ("a", "b"), facts)
    with pytest.raises(CohortError, match="facts of 2 images for 3"):
        ImageRows(np.ones((3, 1, 4, 4)), Space((4, 4)), ("grey",), facts)
