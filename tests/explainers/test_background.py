"""The background is balanced, does not depend on row order, and is recorded."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import evenlight.data.rows as reading
from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.rows import Rows
from evenlight.errors import AttributionError, EvenlightWarning
from evenlight.explainers.background import draw, out_of_range


def cohort(
    counts: dict[tuple[str, str], int], *, groups: tuple[str, ...] = ("race", "sex")
) -> Cohort:
    """A cohort with the given number of people in each cell; the first column codes the cell."""
    cells = [cell for cell, count in counts.items() for _ in range(count)]
    rows = [f"p{i:04d}" for i in range(len(cells))]
    people = pd.DataFrame(cells, index=rows, columns=["race", "sex"])
    code = np.array([list(counts).index(cell) for cell in cells], dtype=float)
    x = np.column_stack([code, np.random.default_rng(0).normal(size=len(cells))])
    return Cohort(x, people, groups=list(groups))


LOPSIDED = {("A", "f"): 300, ("A", "m"): 20, ("B", "f"): 40, ("B", "m"): 15}


def test_cells_of_the_cross_are_balanced() -> None:
    """300, 20, 40 and 15 people give 25 rows each."""
    drawn = draw(cohort(LOPSIDED), rng=np.random.default_rng(0))
    assert dict(drawn.record.composition) == {"A / f": 25, "A / m": 25, "B / f": 25, "B / m": 25}
    assert np.bincount(drawn.rows[:, 0].astype(int)).tolist() == [25, 25, 25, 25]
    assert drawn.record.size == 100


def test_a_cell_of_fewer_than_eleven_is_left_out_while_its_levels_stay() -> None:
    """Ten men of A are no cell, but A and men are still there."""
    small = {("A", "f"): 50, ("A", "m"): 10, ("B", "f"): 50, ("B", "m"): 50}
    drawn = draw(cohort(small), rng=np.random.default_rng(0))
    assert list(drawn.record.composition) == ["A / f", "B / f", "B / m"]


def test_a_level_that_the_cross_would_lose_is_kept_by_the_first_grouping() -> None:
    """16 people of C in two cells of 8: the balance is over race alone."""
    lost = {("A", "f"): 50, ("A", "m"): 50, ("C", "f"): 8, ("C", "m"): 8}
    drawn = draw(cohort(lost), rng=np.random.default_rng(0))
    assert dict(drawn.record.composition) == {"A": 50, "C": 50}


def test_without_groups_everything_is_one_cell() -> None:
    """A cohort without groupings is drawn as a whole, nobody twice."""
    drawn = draw(cohort(LOPSIDED, groups=()), rng=np.random.default_rng(0))
    assert dict(drawn.record.composition) == {"all": 100}
    assert len(np.unique(drawn.rows[:, 1])) == 100


def test_a_small_cohort_gives_what_it_has_and_says_so() -> None:
    """30 people give 30 rows, each once."""
    drawn = draw(cohort({("A", "f"): 30}, groups=()), rng=np.random.default_rng(0))
    assert len(np.unique(drawn.rows[:, 1])) == 30
    assert "The background has 30 rows in place of 100." in drawn.notes


def test_unknown_is_not_a_cell() -> None:
    """People of unknown race are never drawn."""
    drawn = draw(
        cohort({("A", "f"): 40, ("unknown", "f"): 40, ("B", "f"): 40}), rng=np.random.default_rng(0)
    )
    assert not (drawn.rows[:, 0] == 1).any()


def test_the_draw_does_not_depend_on_the_order_of_rows() -> None:
    """Shuffled rows give the same background, another seed another one."""
    made = cohort(LOPSIDED)
    mixed = made.take(np.random.default_rng(3).permutation(made.n))
    first = draw(made, rng=np.random.default_rng(5))
    np.testing.assert_array_equal(first.rows, draw(mixed, rng=np.random.default_rng(5)).rows)
    assert first.record.digest == draw(mixed, rng=np.random.default_rng(5)).record.digest
    assert first.record.digest != draw(made, rng=np.random.default_rng(6)).record.digest


def test_one_row_of_a_person_is_drawn_before_any_is_drawn_again() -> None:
    """With ten rows a person, 30 people give 30 different persons."""
    people = pd.DataFrame(
        {"donor": np.repeat(np.arange(30), 10)}, index=[f"c{i}" for i in range(300)]
    )
    made = Cohort(np.repeat(np.arange(30.0), 10)[:, None], people, unit="donor")
    drawn = draw(made, rng=np.random.default_rng(0))
    assert sorted(drawn.rows[:, 0].tolist()) == list(range(30))


def test_a_given_cohort_is_used_with_the_same_groupings() -> None:
    """Rows come from the given cohort, balanced; the own cohort is not mentioned."""
    outside = cohort({("A", "f"): 60, ("B", "m"): 15})
    drawn = draw(cohort(LOPSIDED), outside, rng=np.random.default_rng(0))
    assert dict(drawn.record.composition) == {"A / f": 50, "B / m": 50}
    assert not any("itself" in note for note in drawn.notes)


def test_a_background_of_one_group_is_flagged() -> None:
    """One level of race where the cohort has two is warned of and recorded."""
    outside = cohort({("A", "f"): 60, ("A", "m"): 60})
    with pytest.warns(EvenlightWarning, match=r"one group of race only \(A\)"):
        drawn = draw(cohort(LOPSIDED), outside, rng=np.random.default_rng(0))
    assert any("one group of race only" in note for note in drawn.notes)


def test_a_background_equal_to_the_input_is_flagged() -> None:
    """A single point that 3 rows equal is warned of: their attributions are 0."""
    made = cohort(LOPSIDED)
    x = made.dense().copy()
    x[:3] = 7.0
    same = Cohort(x, made.people)
    with pytest.warns(EvenlightWarning, match="equals the input in 3 of 375 rows"):
        draw(same, np.full((2, 2), 7.0), rng=np.random.default_rng(0))


def test_a_background_outside_the_data_is_flagged() -> None:
    """Fault 45: values that nobody has are warned of, with the feature; those within are not."""
    made = cohort(LOPSIDED)
    inside = made.dense()[:5]
    assert not draw(made, inside, rng=np.random.default_rng(0)).notes[1:]
    with pytest.warns(EvenlightWarning, match=r"outside the range of the data in 1 of 2.*'x1'"):
        draw(made, inside + np.array([0.0, 99.0]), rng=np.random.default_rng(0))


def test_maps_are_asked_for_their_scale_channel_by_channel() -> None:
    """What nobody has at one position may stand at another; another scale of a channel is told."""
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"sex": ["f", "m"] * 20}, index=[f"p{i:02d}" for i in range(40)])
    x = rng.random((40, 2, 3, 4))
    x[:, :, 0] = 0.0  # a black border
    moved = np.roll(x, 1, axis=2)
    draw(Cohort(x, people), Cohort(moved, people), rng=np.random.default_rng(0))
    x[:, 1] *= 300.0
    with pytest.warns(EvenlightWarning, match=r"first 'position 1,1,0'.*both are on one scale"):
        draw(Cohort(moved, people), Cohort(x, people), rng=np.random.default_rng(0))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.zeros((5, 3)), r"the background has shape \(5, 3\), wanted \(b, 2\)"),
        (np.zeros((0, 2)), r"has shape \(0, 2\)"),
        (np.array([[np.nan, 1.0]]), "holds 1 values that are not finite"),
    ],
)
def test_a_background_that_does_not_fit_is_refused(values: Float, message: str) -> None:
    """Wrong shape, no rows and values that are not finite are named."""
    with pytest.raises(AttributionError, match=message):
        draw(cohort(LOPSIDED), values, rng=np.random.default_rng(0))


def test_a_background_with_other_features_is_refused() -> None:
    """Other names are listed."""
    made = cohort(LOPSIDED)
    other = Cohort(made.dense(), made.people, ["x0", "gene"])
    with pytest.raises(AttributionError, match=r"names that differ: \['gene', 'x1'\]"):
        draw(made, other, rng=np.random.default_rng(0))


def test_the_background_of_rows_on_disk_is_that_of_rows_in_memory(tmp_path: Path) -> None:
    """The same rows, digest and flags, whether the cohort or the background is lazy."""
    made, away = cohort(LOPSIDED), np.array([[0.0, 99.0], [1.0, 0.0]])
    np.save(tmp_path / "x.npy", made.dense())
    np.save(tmp_path / "b.npy", away)
    loaded = np.load(tmp_path / "x.npy", mmap_mode="r")
    lazy = Cohort(loaded, made.people, groups=["race", "sex"])
    assert isinstance(lazy.x, Rows)
    one, other = (draw(c, rng=np.random.default_rng(5)) for c in (made, lazy))
    assert (one.record, one.notes) == (other.record, other.notes)
    given = [(made, away), (lazy, away), (lazy, np.load(tmp_path / "b.npy", mmap_mode="r"))]
    found = []
    for here, background in given:
        with pytest.warns(EvenlightWarning, match="outside the range of the data in 1 of 2"):
            found.append(draw(here, background, rng=np.random.default_rng(0)))
    assert found[0].record == found[1].record == found[2].record
    assert found[0].notes == found[1].notes == found[2].notes


def test_a_background_from_a_large_file_reads_its_rows_alone() -> None:
    """Of a lazy background only the drawn rows are read."""
    asked: list[int] = []

    class Table:
        """An array-like that notes which rows are read."""

        shape, dtype = (1000, 2), np.dtype(np.float64)

        def __getitem__(self, index: Float) -> Float:
            asked.extend(np.arange(1000)[index].tolist())
            return np.asarray(np.zeros((1000, 2))[index])

    draw(cohort(LOPSIDED), Table(), rng=np.random.default_rng(0), size=7)  # type: ignore[arg-type]
    assert len(asked) == 7


def test_the_range_of_the_data_is_found_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of one row find the same flags as the whole matrix."""
    made = cohort(LOPSIDED)
    far = made.dense()[:5] + np.array([99.0, 0.0])
    whole = out_of_range(far, made, what="background")
    monkeypatch.setattr(reading, "BLOCK", 1)
    assert out_of_range(far, made, what="background") == whole
    assert "1 of 2 features (first 'x0')" in whole[0]
