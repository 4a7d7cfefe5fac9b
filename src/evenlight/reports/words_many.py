"""Fixed words of pages with many contrasts or many features."""

from __future__ import annotations

VIEWS_ELSEWHERE = (
    "With so many contrasts, attributions given more, their sizes and other scales are in the "
    "tables beside this page (tables/features.csv)."
)

WIDEST = "The {shown} widest of {all} contrasts of each check; the record (audit.json) holds all."

ALL_FEATURES = "Every contrast and view as a file, in the folder of this page:"

FIRST_ROWS = "The first {shown} of {all} rows; the record beside this page (audit.json) holds all."

PAIRS_LEFT = (
    "The {shown} widest of {all} contrasts are shown, those told to differ first (of these not "
    "shown: {different}); {file} holds all."
)

PARTS_LEFT = (
    "{question}: {shown} of {all} contrasts are shown, those that differ and that cannot be told "
    "first; audit.json holds all."
)

GROUPS_LEFT = "Of {all} groups these {shown} are shown: {which}; {file} holds all."

WHICH = {
    "pairs": "those of the widest contrasts",
    "checks": "those that fail a check, then the nearest to a limit",
    "curves": "those whose curves lie furthest from the mean of all",
    "people": "the largest",
    "crossed": "those with the cells furthest from the sum of their groupings",
}
"""How groups are chosen."""
