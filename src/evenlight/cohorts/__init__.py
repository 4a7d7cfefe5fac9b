"""The built-in cohorts, each with its licence beside it."""

from evenlight.cohorts.warfarin import CLINICAL, PHARMACOGENETIC, warfarin

__all__ = ["CLINICAL", "PHARMACOGENETIC", "warfarin"]
