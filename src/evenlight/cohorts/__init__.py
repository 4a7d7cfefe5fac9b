"""The built-in cohorts: patients with their licence beside them, and generated people."""

from evenlight.cohorts.phantom import NOTHING, SHORTCUT, Phantom, Planted, phantom
from evenlight.cohorts.warfarin import CLINICAL, PHARMACOGENETIC, warfarin

__all__ = [
    "CLINICAL",
    "NOTHING",
    "PHARMACOGENETIC",
    "SHORTCUT",
    "Phantom",
    "Planted",
    "phantom",
    "warfarin",
]
