"""A summary of training people: moments, directions, and how far people left out of it lie."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evenlight.codec import plain, restore
from evenlight.data.principal import fitted, principal
from evenlight.data.training import TrainingSummary
from evenlight.errors import FeatureError


def names(p: int) -> tuple[str, ...]:
    """g0, g1, ..."""
    return tuple(f"g{j}" for j in range(p))


def in_donors(u: int, r: int, p: int, rng: np.random.Generator) -> np.ndarray:
    """R rows of each of u donors, half of the variance between donors."""
    both = rng.normal(size=(u, 1, p)) + rng.normal(size=(u, r, p))
    return np.asarray(both / 2**0.5).reshape(-1, p)


def test_rows_left_out_are_those_of_a_loop() -> None:
    """Mean and error of each row's distance from the other thirty-nine."""
    x = np.random.default_rng(0).normal(size=(40, 5))
    made = TrainingSummary.of(x, names(5))
    each = []
    for i in range(40):
        other = np.delete(x, i, axis=0)
        apart = x[i] - other.mean(axis=0)
        each.append(apart @ np.linalg.solve(np.cov(other, rowvar=False), apart) / 5)
    assert made.held == pytest.approx(np.mean(each))
    assert made.held_error >= np.std(each, ddof=1) / 40**0.5 * (1 - 1e-9)


@pytest.mark.parametrize(("n", "p", "components"), [(160, 50, None), (90, 300, 8), (200, 60, 6)])
def test_what_is_held_is_what_further_people_have(n: int, p: int, components: int | None) -> None:
    """More features than rows, some directions or all: the mean square of 400 new people."""
    rng, ratios = np.random.default_rng(1), []
    for _ in range(8):
        made = TrainingSummary.of(rng.normal(size=(n, p)), names(p), components=components)
        new = (made.distances(rng.normal(size=(400, p))) ** 2).mean() / made.free
        ratios.append(new / made.held)
    assert abs(np.mean(ratios) - 1) < 0.03


def test_moments_hold_what_normal_rows_have() -> None:
    """Without rows the mean square is theory's; of some directions it is not known."""
    x = np.random.default_rng(2).normal(size=(160, 50))
    moments = (x.mean(axis=0), np.cov(x, rowvar=False))
    made = TrainingSummary.from_moments(names(50), 160, *moments)
    assert made.held == pytest.approx(159 / 108 * 161 / 160)
    assert made.held == pytest.approx(TrainingSummary.of(x, names(50)).held, rel=0.05)
    short = TrainingSummary.from_moments(names(50), 160, *moments, components=5)
    assert short.principal.others == 45
    assert np.isnan(short.held)


def test_both_ways_to_the_directions_agree() -> None:
    """By the covariance of features and by the rows themselves, where the rows are fewer."""
    x = np.random.default_rng(3).normal(size=(30, 40)) * np.arange(1, 41)
    x[:, 7] = 2.0
    unit = np.arange(30)
    one = fitted(x, unit, 4)
    two = principal(x.mean(axis=0), np.cov(x, rowvar=False), components=4, rows=30)
    np.testing.assert_allclose(one.variances, two.variances)
    assert one.rest == pytest.approx(two.rest)
    assert one.others == two.others == 35  # 39 features vary, 4 directions are told
    new = np.random.default_rng(4).normal(size=(5, 40))
    np.testing.assert_allclose(one.squares(new), two.squares(new))


def test_directions_that_are_no_directions_are_not_counted() -> None:
    """A feature that is the sum of two others adds no direction, however many rows there are."""
    x = np.random.default_rng(5).normal(size=(100, 6))
    x[:, 5] = x[:, 0] + x[:, 1]
    assert TrainingSummary.of(x, names(6)).free == 5
    assert TrainingSummary.of(x, names(6), components=2).free == 5


def test_each_donor_weighs_the_same() -> None:
    """Rows of one donor told a hundred times move nothing."""
    rng = np.random.default_rng(6)
    x = in_donors(40, 3, 4, rng)
    donor = np.repeat([f"d{i}" for i in range(40)], 3)
    again = np.r_[np.arange(120), np.repeat(np.arange(3), 99)]
    one = TrainingSummary.of(x, names(4), units=donor)
    two = TrainingSummary.of(x[again], names(4), units=donor[again])
    assert one.n == two.n == 40
    np.testing.assert_allclose(one.principal.mean, two.principal.mean)
    np.testing.assert_allclose(one.principal.variances, two.principal.variances)
    assert one.held == pytest.approx(two.held)


def test_means_of_rows_in_donors_are_known_as_they_are() -> None:
    """Half of the variance between 200 donors of 20 rows: worth 200 / (0.5 + 0.5 / 20) rows."""
    rng = np.random.default_rng(7)
    x, donor = in_donors(200, 20, 10, rng), np.repeat(np.arange(200), 20)
    made = TrainingSummary.of(x, names(10), units=donor)
    assert made.effective == pytest.approx(200 / 0.525, rel=0.1)
    assert TrainingSummary.of(x[::20], names(10)).effective == 200


def test_the_order_of_rows_tells_nothing() -> None:
    """Turned round, the parts that are left out are the same people."""
    x = np.random.default_rng(8).normal(size=(60, 8))
    one, two = (TrainingSummary.of(v, names(8), components=3) for v in (x, x[::-1]))
    assert one.held == pytest.approx(two.held, rel=1e-9)


def test_the_spread_of_each_feature_is_told() -> None:
    """Of all directions exactly; of some, the rest is shared out."""
    x = np.random.default_rng(9).normal(size=(500, 6)) * np.arange(1.0, 7.0)
    made = TrainingSummary.of(x, names(6))
    np.testing.assert_allclose(made.sd, x.std(axis=0, ddof=1))
    short = TrainingSummary.of(x, names(6), components=3)
    np.testing.assert_allclose(short.sd[3:], x.std(axis=0, ddof=1)[3:], rtol=0.05)
    assert (short.sd**2).sum() == pytest.approx((made.sd**2).sum())


def test_a_summary_goes_to_json_and_back() -> None:
    """With what it holds of people left out, known or not."""
    x = np.random.default_rng(10).normal(size=(50, 3))
    moments = (x.mean(axis=0), np.cov(x, rowvar=False))
    for made in (
        TrainingSummary.of(x, names(3), components=2),
        TrainingSummary.from_moments(names(3), 50, *moments, components=2),
    ):
        again = restore(TrainingSummary, json.loads(json.dumps(plain(made))))
        assert again.features == made.features
        np.testing.assert_equal(again.held, made.held)
        np.testing.assert_array_equal(again.distances(x), made.distances(x))


def test_units_are_one_a_row() -> None:
    """Fewer names than rows are an error with both counts."""
    with pytest.raises(FeatureError, match="units name 3 rows of 4"):
        TrainingSummary.of(np.eye(4), names(4), units=["a", "b", "c"])


def test_a_summary_lies_in_a_file_beside_the_model(tmp_path: Path) -> None:
    """Written and read: every number, name and word; packed or strange files are refused."""
    counts = np.random.default_rng(11).poisson(2.0, size=(50, 30)).astype(float)
    made = TrainingSummary.of(np.log1p(counts), names(30), components=3)
    made.save(tmp_path / "training.npz")
    again = TrainingSummary.load(tmp_path / "training.npz")
    assert plain(again) == plain(made)
    assert again.kind == "log counts"
    np.savez_compressed(tmp_path / "packed.npz", n=np.zeros(9))
    np.savez(tmp_path / "other.npz", n=np.zeros(9))
    objects: dict[str, Any] = dict.fromkeys(made.__dataclass_fields__, np.array([{}], dtype=object))
    objects |= dict.fromkeys(made.principal.__dataclass_fields__, np.array([{}], dtype=object))
    np.savez(tmp_path / "objects.npz", **objects)
    np.savez(tmp_path / "mixed.npz", **{**objects, **dict.fromkeys(objects, np.zeros(3))})
    (tmp_path / "text.npz").write_text("no archive")
    for name, told in (
        ("packed", "it is packed"),
        ("other", "it has no features"),
        ("objects", "as TrainingSummary.save"),
        ("mixed", "of the summary is something else"),
        ("text", "not a zip file"),
        ("nowhere", "there is no summary 'nowhere.npz'"),
    ):
        with pytest.raises(FeatureError, match=told):
            TrainingSummary.load(tmp_path / f"{name}.npz")
