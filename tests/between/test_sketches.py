"""By how many people cohorts differ, told by sketches that hold no id."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.differing.sketches import EVERYBODY, FOLDER, apart_by, counted, keep, sketch
from tests.between_world import people

NAMES = np.array([f"patient-{i}" for i in range(3000)])


@pytest.mark.parametrize("left", [0, 1, 5, 10, 20])
def test_a_few_people_are_counted_one_by_one(left: int) -> None:
    """The symmetric difference of two sets of ids is found, whoever they are."""
    rng = np.random.default_rng(left)
    one = rng.permutation(NAMES)[left // 2 :]
    other = np.setdiff1d(NAMES, one[: left - left // 2])
    assert counted(sketch(one, b"k"), sketch(other, b"k"), b"k") == left


def test_a_few_are_never_taken_for_many() -> None:
    """Of 400 pairs that differ by 1 to 10, each is told as fewer than 11."""
    names = NAMES[:300]
    whole = sketch(names, b"k")
    rng = np.random.default_rng(1)
    for _ in range(400):
        left = rng.choice(len(names), size=rng.integers(1, 11), replace=False)
        found = counted(whole, sketch(np.delete(names, left), b"k"), b"k")
        assert found is not None
        assert 0 < found < 11


def test_many_are_not_taken_for_a_few() -> None:
    """Other people altogether, and half of them, are more than can be counted."""
    others = np.array([f"other-{i}" for i in range(3000)])
    assert counted(sketch(NAMES, b"k"), sketch(others, b"k"), b"k") is None
    assert counted(sketch(NAMES, b"k"), sketch(NAMES[::2], b"k"), b"k") is None


def test_sketches_lie_readable_by_their_owner_and_hold_no_id(tmp_path: Path) -> None:
    """No id stands in the store, whose files have mode 0600; levels are told apart as well."""
    store = tmp_path / FOLDER
    whole = people(60)
    fewer = whole.take(np.arange(60) != 4)
    for cohort in (whole, fewer):
        keep(cohort, store)
    for path in store.iterdir():
        assert path.stat().st_mode & 0o777 == 0o600
        assert b"P4" not in path.read_bytes()
    assert store.stat().st_mode & 0o777 == 0o700
    found = apart_by(store, whole.digest, fewer.digest)
    assert found == {EVERYBODY: 1, "site\x1fa": 1, "site\x1fb": 0}


def test_without_both_sketches_nothing_is_known(tmp_path: Path) -> None:
    """A cohort that was never kept cannot be compared."""
    whole = people(60)
    keep(whole, tmp_path)
    assert apart_by(tmp_path, whole.digest, "0" * 64) is None
