"""A name that is burned into one image is in nothing that is told by position."""

from __future__ import annotations

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.space import Space
from evenlight.explainers.background import draw
from evenlight.explainers.baseline import starts_of
from evenlight.measures.compare_maps import compare_maps
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.mean_image import mean_image
from evenlight.measures.superpixels import superpixels

SHAPE = (12, 40)

LETTERS = ("110", "101", "101", "101", "110", "000")
"""The letter D, again and again."""


def written() -> Bool:
    """Where the text stands (*s), in the upper half."""
    text: Bool = np.zeros(SHAPE, dtype=bool)
    letter = np.array([[c == "1" for c in row] for row in LETTERS])
    text[:6, 1:37] = np.tile(np.pad(letter, ((0, 0), (0, 1))), 9)
    return text


def images(text: float, *, noise: float = 0.0, people: int = 120) -> Cohort:
    """People of two groups, tissue below and black above; the eighth image holds the text there."""
    rng = np.random.default_rng(0)
    x = np.zeros((people, 1, *SHAPE), dtype=np.float32)
    x[:, 0, 6:] = 100 + 20 * rng.normal(size=(people, 6, SHAPE[1]))
    x[:, 0, :6] = 10 + noise * rng.normal(size=(people, 6, SHAPE[1]))
    x[7, 0, written()] += text
    table = pd.DataFrame(
        {"g": np.where(np.arange(people) % 2, "b", "a"), "y": rng.integers(0, 2, people)},
        index=[f"p{i:03d}" for i in range(people)],
    )
    space = Space(SHAPE, shared="registered")
    features = Features(("grey",), space=space)
    return Cohort(x, table, features, unit="row", groups=["g"], outcome="y")


def attributed(cohort: Cohort) -> Attributions:
    """A linear model's attributions, from the baseline "mean" on."""
    start = starts_of("mean", cohort, draw(cohort, rng=np.random.default_rng(0), size=240))[0][0]
    phi = ((cohort.dense() - start) * np.linspace(0.5, 1.5, SHAPE[1])).astype(np.float32)
    return Attributions.from_arrays(
        phi, rows=list(cohort.rows), features=cohort.features, base=0.0,
        output=phi.reshape(len(phi), -1).sum(axis=1),
    )  # fmt: skip


def told(cohort: Cohort) -> dict[str, Float]:
    """All that is told by position (m, *s) of these images."""
    made = attributed(cohort)
    maps = compare_maps(made, cohort, by="g", testing=MapTesting(draws=100, forming=0.01))
    return {
        "image": mean_image(cohort).image[None], "mean": maps.mean.reshape(-1, *SHAPE),
        "effect": maps.effect.reshape(-1, *SHAPE), "z": maps.z.reshape(-1, *SHAPE),
        "superpixels": np.asarray(superpixels(cohort, 30).owners(), dtype=float).reshape(1, *SHAPE),
    }  # fmt: skip


def test_one_burned_in_name_is_nowhere_where_others_are_black() -> None:
    """Maps, mean image and superpixels above are those of the same images without the text."""
    with_it, without = told(images(255.0)), told(images(0.0))
    for name in with_it:
        np.testing.assert_array_equal(with_it[name][:, :6], without[name][:, :6], err_msg=name)


def test_one_burned_in_name_is_not_read_in_noise() -> None:
    """Where others vary, its positions stand out of a map by less than half of its own noise."""
    found = told(images(255.0, noise=3.0, people=200))
    text = written()[:6]
    for name in ("image", "mean", "effect", "z"):
        for one in found[name][:, :6]:
            apart = one - one.mean(axis=0)  # a map's weights differ by column
            noise = max(float(apart[~text].std()), 1e-12)
            step = abs(float(apart[text].mean() - apart[~text].mean())) / noise
            assert step < 0.5, (name, step)


def test_what_eleven_people_have_is_told() -> None:
    """A mark in eleven of sixty people of a group is in its mean map: that many may be shown."""
    cohort = images(0.0)
    x = cohort.dense()
    x[1:23:2, 0, 2, 20] += 50
    marked = Cohort(x, cohort.people, cohort.features, unit="row", groups=["g"], outcome="y")
    maps = compare_maps(attributed(marked), marked, by="g", testing=MapTesting(draws=100))
    b = maps.mean[0, maps.levels.index("b")]
    assert b[2, 20] > b[2, 19]
    image = mean_image(marked).image
    assert image[2, 20] > image[2, 19]
