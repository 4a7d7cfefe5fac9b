"""Rows that are several of one person are refused; sound tables that look a little so are not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.errors import CohortError

N = 200
HALF = np.random.default_rng(0).integers(0, 2, N)
GROUP = np.array(["A", "B"] * (N // 2))
IDS = [f"p{i}" for i in range(N)]


def cohort(ids: Any = IDS, **columns: Any) -> Cohort:
    """Two hundred rows of people of two groups, with columns of their own."""
    table = pd.DataFrame({"ancestry": GROUP, **columns}, index=ids)
    outcome = "case" if "case" in columns else None
    return Cohort(np.zeros((N, 1)), table, groups=["ancestry"], outcome=outcome)


@pytest.mark.parametrize(
    "columns",
    [
        {"patient": np.where(HALF, "yes", "no")},
        {"patient": HALF},
        {"donor": np.where(HALF, "living", "deceased")},
        {"specimen": np.where(GROUP == "A", "blood", "saliva")},
        {"sample": np.where(HALF, "cases", "controls"), "case": HALF},
        {"library": np.where(GROUP == "A", "polyA", "ribo")},
    ],
    ids=["yes and no", "flag", "kind of donor", "specimen", "cases and controls", "kit"],
)
def test_words_that_are_kinds_name_no_people(columns: Any) -> None:
    """A column of a few words tells of what kind each person is, whatever it is called."""
    assert cohort(**columns).u == N


@pytest.mark.parametrize(
    "columns",
    [
        {"donor": np.array(["D1", "D2", "D3", "D4"])[np.arange(N) % 4]},
        {"donor": np.array(["A", "B", "C", "D"])[np.arange(N) % 4]},
        {"patient": np.array(["JFK", "RBG"])[np.arange(N) % 2]},
        {"donor_id": np.where(HALF, "living", "deceased")},
        {"donor": np.where(HALF, "living", "deceased"), "leiden": HALF},
        {"sample": np.where(GROUP == "A", "treated", "control"), "n_genes_by_counts": HALF},
        {"donor": np.array(["one", "two", "three", "four", "five", "six"])[np.arange(N) % 6]},
    ],
    ids=["codes", "letters", "initials", "ids", "donors of cells", "samples of cells", "many"],
)
def test_names_of_few_donors_are_still_names(columns: Any) -> None:
    """Codes, letters, initials, columns of ids, and any words beside columns of cells repeat."""
    with pytest.raises(CohortError, match=r"rows are not people; pass unit="):
        cohort(**columns)


def test_numbers_that_begin_anew_at_each_site_are_told_with_the_site() -> None:
    """Whether 7 at site 1 and at site 2 are one person, only the user knows: both ways are told."""
    number, site = list(range(100)) * 2, np.repeat(["s1", "s2"], 100)
    words = r"once in each 'site': pass unit='subject_no' where .* same person .* or unit=\"row\""
    with pytest.raises(CohortError, match=words):
        cohort(subject_no=number, site=site)
    with pytest.raises(CohortError, match=r"more within 'site': pass unit= with a column that"):
        cohort(subject_no=list(range(50)) * 4, site=site)
    with pytest.raises(CohortError, match=r"rows are not people; pass unit='subject_no'"):
        cohort(subject_no=list(range(100)) * 2, tissue=site)
    with pytest.raises(CohortError, match=r"rows are not people; pass unit='subject_id'"):
        cohort(subject_id=[f"d{i}" for i in number], site=site)


def test_ids_of_site_and_person_are_people() -> None:
    """01-001 to 08-025 are people of eight sites, where groups mix or a column names the sites."""
    ids = [f"{s:02d}-{i:03d}" for s in range(1, 9) for i in range(25)]
    site = np.repeat([f"site {s}" for s in range(8)], 25)
    assert cohort(ids).u == N
    assert Cohort(np.zeros((N, 1)), pd.DataFrame({"centre": site}, index=ids)).u == N
    with pytest.raises(CohortError, match="look like 8 people"):
        Cohort(np.zeros((N, 1)), pd.DataFrame(index=ids))


@pytest.mark.parametrize(
    "ids",
    [
        [f"{s:03d}-{i}" for s in range(50) for i in range(4)],
        [f"{s:03d}-{i:03d}" for s in range(50) for i in range(4)],
        [f"d{s}-{i:03d}" for s in range(8) for i in range(25)],
    ],
    ids=["visits", "visits of three digits", "cells of a donor"],
)
def test_ids_of_visits_and_cells_ask_for_the_person(ids: list[str]) -> None:
    """Four visits a person, or a stem with a letter, are repeats though groups mix in them."""
    with pytest.raises(CohortError, match="several rows each, numbered at the end"):
        cohort(ids)
