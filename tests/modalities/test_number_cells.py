"""A column of numbers that a cell makes text is an error, and a category stays one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError
from evenlight.modalities.tables import cohort_from_frame, read_table

N = 40
NUMBERS = [f"{value:.1f}" for value in np.random.default_rng(0).gamma(2, 3, N)]
SEX = ["f", "m"] * (N // 2)


def table(crp: object) -> pd.DataFrame:
    """People with a column of their own."""
    ids = [f"p{i:02d}" for i in range(N)]
    return pd.DataFrame({"crp": crp, "age": np.arange(30.0, 30 + N), "sex": SEX}, ids)


CELLS = [
    ("<0.5", "beyond a limit of detection is for you to decide: write the number that stands for"),
    ("1,5", "write decimal numbers with a point, and thousands without a mark"),
    ("1,234.5", "write decimal numbers with a point, and thousands without a mark"),
    ("12 %", "write the number without its sign"),
    ("pending", "if it says that nothing is known, leave the cell empty and say missing="),
]


@pytest.mark.parametrize(("cell", "remedy"), CELLS)
def test_one_cell_does_not_make_numbers_a_category(cell: str, remedy: str, tmp_path: Path) -> None:
    """The error names column, cell, row and what to do, and how a category is declared."""
    people = table([*NUMBERS[:7], cell, *NUMBERS[8:]])
    people.to_csv(tmp_path / "people.csv", index_label="id")
    told = (
        f"feature 'crp' holds numbers, but 1 of 40 cells cannot be read as one, first '{cell}' in "
        f"row 'p07': .*{remedy}.*if it is a category, give its levels names that are no numbers"
    )
    with pytest.raises(CohortError, match=told):
        read_table(
            tmp_path / "people.csv", features=["crp", "age"], id="id", groups=["sex"], unit="row"
        )


def test_decimal_commas_and_many_limits_are_numbers_too() -> None:
    """Whole columns with a comma, and two cells of five below a limit, are none of categories."""
    commas = [one.replace(".", ",") for one in NUMBERS]
    limits = ["<0.5" if i % 5 < 2 else one for i, one in enumerate(NUMBERS)]
    for column, many in ((commas, 40), (limits, 16)):
        with pytest.raises(CohortError, match=f"but {many} of 40 cells cannot be read as one"):
            cohort_from_frame(table(column), ["crp", "age"], groups=["sex"], unit="row")


@pytest.mark.parametrize("form", ["", "%d.%m.%Y", "%Y-%m-%d 10:00"])
def test_dates_are_no_categories(form: str) -> None:
    """As pandas holds them, and as text of two forms."""
    days = pd.date_range("2020-01-01", periods=N)
    people = table(days.strftime(form) if form else days)
    with pytest.raises(CohortError, match="'crp' holds dates; write numbers in their place"):
        cohort_from_frame(people, ["crp", "age"], groups=["sex"], unit="row")


@pytest.mark.parametrize(
    "levels",
    [
        ("A/A", "A/G"),
        ("0", "1", "2", "3+"),
        ("0", "1", "unknown", "2"),
        ("<50", "50-60", ">60", ">70"),
    ],
)
def test_categories_stay_categories(levels: tuple[str, ...]) -> None:
    """Genotypes, stages, scores with unknown ones, and bins are coded one-hot, as they were."""
    column = [levels[i % len(levels)] for i in range(N)]
    made = cohort_from_frame(table(column), ["crp", "age"], groups=["sex"], unit="row")
    assert len(made.features) == len(levels)


def test_what_is_declared_a_category_is_one() -> None:
    """A DataFrame may say that numbers in text are names."""
    people = table(pd.Categorical([*NUMBERS[:7], "<0.5", *NUMBERS[8:]]))
    made = cohort_from_frame(people, ["crp", "age"], groups=["sex"], unit="row")
    assert "crp <0.5" in made.features.names or made.features.indicators[0].reference == "<0.5"


X_TOLD = [
    ([*NUMBERS[:7], "n/a", *NUMBERS[8:]], "first 'n/a' in row 'p07': write its number; if it says"),
    (["n/a" if i % 2 else one for i, one in enumerate(NUMBERS)], "20 of 40 cells cannot be read"),
    (pd.date_range("2020-01-01", periods=N), "'crp', holds dates; write numbers in their place"),
    (NUMBERS, "'crp', holds numbers as text: convert it with pd.to_numeric"),
    (SEX, "'crp', holds text; code categories as indicator columns"),
]


@pytest.mark.parametrize(("column", "remedy"), X_TOLD)
def test_x_that_is_not_numbers_gets_its_own_remedy(column: object, remedy: str) -> None:
    """A code for missing, dates, numbers as text and categories each need something else."""
    people = table(column)
    with pytest.raises(CohortError, match=remedy):
        Cohort(people[["crp", "age"]], people[["sex"]], groups=["sex"], unit="row")
