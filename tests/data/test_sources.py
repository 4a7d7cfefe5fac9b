"""Datasets and loaders give rows in their order, or say why they cannot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader, IterableDataset, RandomSampler, TensorDataset

from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows, blocks
from evenlight.errors import CohortError
from tests.elsewhere import PEOPLE, Items, Table, X, as_dict, mapped


def test_a_dataset_is_asked_for_each_row_once_in_a_pass() -> None:
    """Apart from a few rows that are read twice at first, to see that they are not random."""
    items = Items(X)
    rows = Rows(items)
    assert set(items.asked) == {0, 19, 39, 59}
    items.asked.clear()
    list(blocks(rows, 16))
    assert items.asked == list(range(60))


def test_rows_and_people_are_counted(tmp_path: Path) -> None:
    """Rows are aligned by position, so another number is an error before any work."""
    with pytest.raises(CohortError, match="x has 60 rows and people has 59"):
        Cohort(mapped(X, tmp_path), PEOPLE.iloc[:59])


def test_a_loader_in_any_other_order_is_refused() -> None:
    """A shuffled loader, or one with its own sampler, would give people each other's rows."""
    items = Items(X)
    for loader in (
        DataLoader(items, batch_size=4, shuffle=True),
        DataLoader(items, batch_size=4, sampler=RandomSampler(items)),
        DataLoader(
            items, batch_sampler=torch.utils.data.BatchSampler(RandomSampler(items), 4, False)
        ),
    ):
        with pytest.raises(CohortError, match=r"by a RandomSampler.*shuffle=False"):
            Cohort(loader, PEOPLE)


def test_a_stream_of_rows_is_refused() -> None:
    """An iterable dataset has no positions."""

    class Stream(IterableDataset[Any]):
        """Rows without positions."""

        def __iter__(self) -> Any:
            return iter(X)

    class Sized(Stream):
        """The same, with a length."""

        def __len__(self) -> int:
            return 60

    for source in (DataLoader(Stream()), DataLoader(Sized()), Sized()):
        with pytest.raises(CohortError, match=r"pass a dataset with len\(\) and \[i\]"):
            Cohort(source, PEOPLE)
    with pytest.raises(CohortError, match="a Stream gives no rows"):
        Rows(Stream())


def test_a_random_dataset_is_refused() -> None:
    """Augmentation gives a row in two ways: it has no digest and no attribution."""
    noisy = Items(X, lambda row, i: row + torch.randn(5))
    for source in (noisy, DataLoader(noisy, batch_size=4)):
        with pytest.raises(CohortError, match=r"gives row 0 in two ways.*augmentation"):
            Cohort(source, PEOPLE)


@pytest.mark.parametrize("load", [False, True])
def test_a_dict_without_one_clear_array_lists_its_keys(load: bool) -> None:
    """Two floating arrays or none: key= says which is x; an unknown key is an error."""

    def two(row: Any, i: int) -> dict[str, Any]:
        return {"image": row, "map": 2 * row, "label": i}

    items: Any = Items(X, two)
    bytes_only: Any = Items(X, lambda row, i: {"image": (row * 10).to(torch.uint8), "label": i})
    source = DataLoader(items, batch_size=9) if load else items
    with pytest.raises(CohortError, match=r"hold 2 floating arrays.*'image'.*'map'.*key="):
        Cohort(source, PEOPLE)
    with pytest.raises(CohortError, match=r"have no 'scan'; their keys are 'image'"):
        Rows(source, key="scan")
    with pytest.raises(CohortError, match=r"hold 0 floating arrays.*'image' \(uint8"):
        Rows(DataLoader(bytes_only, batch_size=9) if load else bytes_only)
    np.testing.assert_array_equal(Cohort(Rows(source, key="map"), PEOPLE).dense(), 2 * X)
    assert Rows(bytes_only, key="image").dtype == np.uint8


def test_a_tuple_gives_its_first_part_or_the_one_named() -> None:
    """(x, y) gives x; a place in the tuple may be named; a dict may stand in it."""
    pairs = TensorDataset(torch.tensor(X), torch.tensor(3 * X))
    np.testing.assert_array_equal(Rows(pairs)[:], X)
    np.testing.assert_array_equal(Rows(pairs, key=1)[:], 3 * X)
    np.testing.assert_array_equal(Rows(DataLoader(pairs, batch_size=7), key=1)[:], 3 * X)
    nested = Items(X, lambda row, i: (as_dict(row, i), i))
    np.testing.assert_array_equal(Rows(nested)[5:7], X[5:7])


def test_a_loader_uses_its_own_collate() -> None:
    """Rows are what the loader's batches hold, here twice the values."""

    def collate(items: list[Any]) -> Any:
        return 2 * torch.stack(items)

    for workers in (0, 2):
        loader = DataLoader(Items(X), batch_size=8, collate_fn=collate, num_workers=workers)
        np.testing.assert_array_equal(Cohort(loader, PEOPLE).dense(), 2 * X)
        np.testing.assert_array_equal(np.concatenate([b for _, b in blocks(Rows(loader))]), 2 * X)


def test_reading_draws_nothing_from_torch() -> None:
    """Loaders with and without workers leave the user's generator as it was."""
    state = torch.get_rng_state()
    for workers in (0, 2):
        loader = DataLoader(Items(X), batch_size=8, num_workers=workers)
        assert Cohort(loader, PEOPLE).digest == Cohort(X, PEOPLE).digest
    assert torch.equal(torch.get_rng_state(), state)


def test_rows_of_other_shapes_are_named() -> None:
    """Images of differing size are an error with the position, never broadcast."""
    ragged = Items(X, lambda row, i: row if i != 7 else row[:3])
    with pytest.raises(CohortError, match=r"positions 7 to 7 .* have shape \(3,\).*\(5,\)"):
        Cohort(ragged, PEOPLE)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (Table(np.zeros(60)), r"x has shape \(60,\); wanted \(rows, features\)"),
        (Table(np.full((60, 2), "a")), "x has dtype <U1; wanted numbers"),
        (Items(np.zeros(60)), r"x has shape \(60,\)"),
        (Items(np.zeros((0, 2))), "the dataset has no rows"),
        (TensorDataset(torch.zeros(60, 2, dtype=torch.complex64)), "x has dtype complex64"),
        ({"x": X}, r"x has shape \(\)"),
        ("table.csv", r"x has shape \(\)"),
    ],
)
def test_sources_that_hold_no_table_are_refused(source: Any, message: str) -> None:
    """One axis, text, complex numbers and nothing at all are named."""
    with pytest.raises(CohortError, match=message):
        Cohort(source, PEOPLE)


def test_bfloat16_items_are_read_exactly() -> None:
    """Numpy has no bfloat16; its values are float32's."""
    items = Items(X, lambda row, i: row.to(torch.bfloat16))
    np.testing.assert_array_equal(Rows(items)[:], torch.tensor(X).bfloat16().float().numpy())
