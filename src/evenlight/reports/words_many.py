"""Fixed words of pages with many contrasts or many features."""

from __future__ import annotations

VIEWS_ELSEWHERE = (
    "With so many contrasts, attributions given more, their sizes and other scales are in the "
    "tables beside this page (tables/features.csv)."
)

WIDEST = "The {shown} widest of {all} contrasts of each check; the record (audit.json) holds all."

ALL_FEATURES = "Every contrast and view as a file, in the folder of this page:"

FIRST_ROWS = "The first {shown} of {all} rows; the record beside this page (audit.json) holds all."
