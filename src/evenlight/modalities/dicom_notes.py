"""Sentences on DICOM images: what was done to their values, and what their headers say."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from evenlight.modalities.dicom_values import Meaning
from evenlight.modalities.scans import counted

WORTH = {
    "burned_in": ("YES", "say that text is burned into them; look for artefacts"),
    "lossy": ("01", "were compressed with loss"),
    "intent": ("FOR PROCESSING", "are raw (for processing), beside others for presentation"),
}


def notes_of(facts: pd.DataFrame, meanings: Sequence[Meaning]) -> list[str]:
    """One sentence for each thing that was done, and that differs between images."""
    n = len(facts)
    told = []
    mirrored = sum(m.inverted for m in meanings)
    if mirrored:
        told.append(
            f"{counted(mirrored, n)} are stored as MONOCHROME1 and were mirrored: more is whiter."
        )
    rescaled = sum((m.slope, m.intercept) != (1.0, 0.0) for m in meanings)
    if rescaled:
        told.append(f"{counted(rescaled, n)} were rescaled by the slope and intercept they have.")
    padded = int(facts["padding"].notna().sum())
    if padded:
        told.append(
            f"{counted(padded, n)} have a value for padding; there stands the lowest value of the "
            "image."
        )
    for column, (value, words) in WORTH.items():
        many = int((facts[column] == value).sum())
        if many and not (column == "intent" and many == n):
            told.append(f"{counted(many, n)} {words}.")
    return told + [note for note in (_spacings(facts), _same_patient(facts)) if note]


def _spacings(facts: pd.DataFrame) -> str:
    """Whether positions are as far apart in all images."""
    steps = facts["spacing_0"].dropna() if "spacing_0" in facts else facts["rows"][:0]
    if len(steps) < 2 or steps.max() <= 1.01 * steps.min():
        return ""
    return (
        f"Positions of the images are {steps.min():.3g} to {steps.max():.3g} mm apart (column "
        "spacing_0): other devices, or resized in other ways."
    )


def _same_patient(facts: pd.DataFrame) -> str:
    """Whether the files' own numbers of patients can serve as units."""
    known = facts["patient"][facts["patient"] >= 0]
    if len(known) > 1 and known.nunique() == 1:
        return (
            f"All {len(known)} images carry one patient number, as after removing names; not used."
        )
    if 1 < known.nunique() < len(known):
        return f"{len(known)} images are of {known.nunique()} patients by their headers."
    return ""
