"""Why sets do not suit the rows that they are wanted for."""

from __future__ import annotations

from evenlight.data.features import FeatureSets
from evenlight.data.name_diff import hints
from evenlight.data.positions import Positions


def misfit(sets: FeatureSets, names: tuple[str, ...], shape: tuple[int, ...]) -> str:
    """Why `sets` cannot be summed over rows of `shape` (*s) with features of these names.

    >>> misfit(FeatureSets.from_lists({"a": ["g9"]}, ["g9"]), ("g1", "g2"), (2,))
    "the sets are of 1 features, the attributions of 2; unknown to these: ['g9']; make the sets \
with attributions.features.names, in that order"
    """
    if isinstance(sets.features, Positions):
        return (
            f"the sets are of positions of shape {sets.features.shape}, the attributions of shape "
            f"{shape}; say FeatureSets.from_label_map(labels, shape={shape})"
        )
    known = set(names)
    strange = [name for name in sets.features if name not in known]
    why = "".join(f"{said}; " for said in hints(strange, names)) if strange else ""
    unknown = f"unknown to these: {strange[:3]}; {why}" if strange else ""
    return (
        f"the sets are of {len(sets.features)} features, the attributions of {len(names)}; "
        f"{unknown}make the sets with attributions.features.names, in that order"
    )
