"""Whether flat DICOM images lie alike: which side of the patient is where, by their headers."""

from __future__ import annotations

from collections import Counter

import pandas as pd

from evenlight.errors import CohortError
from evenlight.modalities.dicom_volumes import TO_LETTERS
from evenlight.modalities.scans import counted


def sides(facts: pd.DataFrame, *, asked: bool, own: bool) -> list[str]:
    """Notes on the sides of flat images; CohortError where some are mirrored against the others.

    Images are held against those of one plane (from the front, from the side) and of one side of
    the body (ImageLaterality: of a left and a right breast one is the other's mirror image by
    custom). `asked`: an orientation was, to which all are turned. `own`: the model's own transform
    follows, so that a difference is a note.
    """
    n, notes = len(facts), list[str]()
    unsaid = int((facts["pointing"] == "").sum())
    if unsaid:
        notes.append(
            f"{counted(unsaid, n)} do not say which way they lie (PatientOrientation): left and "
            "right unknown."
        )
        if facts["flipped"].isin(("YES", "NO")).any() and facts["flipped"].nunique() > 1:
            notes.append(
                "Some images were mirrored after the detector and others not, or do not say "
                "(column flipped): look at them."
            )
    if asked:
        return notes
    torn = [one for _, some in facts.groupby([_plane(facts), facts["side"]]) for one in _odd(some)]
    if torn:
        many = sum(len(at) for _, _, at in torn)
        usual, other, at = torn[0]
        words = (
            f"{many} of {n} images lie mirrored or turned by their headers, first the one at "
            f"position {at[0]}, {other} against {usual}"
        )
        if not own:
            raise CohortError(
                f"{words} (PatientOrientation: rows, then columns); turn all of them, "
                f'orientation="{_letters(usual)}", or pass the model\'s own transform='
            )
        notes.append(f"{words}; left to the model's own transform.")
    return notes


def _plane(facts: pd.DataFrame) -> pd.Series:
    """The two axes of the body that an image shows, "" unknown."""
    names = str.maketrans("RAF", "LPH")
    return facts["pointing"].map(lambda told: "".join(sorted(_main(told).translate(names))))


def _odd(some: pd.DataFrame) -> list[tuple[str, str, list[int]]]:
    """Images of one plane that lie otherwise than most: those, these, and where these are."""
    kinds = some["pointing"].map(_main)
    usual, *others = Counter(kinds[kinds != ""]).most_common() or [("", 0)]
    return [("/".join(usual[0]), "/".join(k), list(kinds.index[kinds == k])) for k, _ in others]


def _main(told: str) -> str:
    """The main directions of rows and columns: "LF" of "L/FP"."""
    return "".join(one[:1] for one in told.split("/"))


def _letters(told: str) -> str:
    """The same as an orientation: rows of positions follow the columns' direction."""
    return "".join(TO_LETTERS.get(one, one) for one in reversed(told.split("/")))
