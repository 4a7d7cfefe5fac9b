"""Grids of regions over maps."""

from __future__ import annotations

import numpy as np
import pytest

from evenlight.data.features import FeatureSets
from evenlight.errors import FeatureError


@pytest.mark.parametrize(("shape", "parts"), [((7, 10), (2, 3)), ((3, 5, 6, 7), (2, 2, 3))])
def test_a_grid_is_a_partition_whose_sides_differ_by_at_most_one(
    shape: tuple[int, ...], parts: tuple[int, ...]
) -> None:
    """Each position lies in the part that its place along every axis says; channels stand whole."""
    sets = FeatureSets.from_grid(shape, parts)
    assert len(sets.names) == np.prod(parts)
    owner = sets.owners().reshape(shape)
    sides = shape[len(shape) - len(parts) :]
    for at in np.ndindex(*shape):
        inside = at[len(shape) - len(parts) :]
        part = tuple(
            next(i for i, some in enumerate(np.array_split(range(s), k)) if j in some)
            for j, s, k in zip(inside, sides, parts, strict=True)
        )
        assert sets.names[owner[at]] == "part " + ",".join(str(i + 1) for i in part)


@pytest.mark.parametrize("parts", [(), (0, 2), (5, 2), (2, 2, 2), (1.5, 2)])
def test_a_grid_that_the_map_cannot_hold_is_refused(parts: tuple[int, ...]) -> None:
    """No parts, none along an axis, more than positions, more axes, or no whole number."""
    with pytest.raises(FeatureError, match="wanted"):
        FeatureSets.from_grid((4, 4), parts)
