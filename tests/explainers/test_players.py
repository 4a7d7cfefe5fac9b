"""Players of a Shapley game: columns, variables, pathways, regions of images, motifs."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets, Indicators
from evenlight.data.positions import Positions
from evenlight.errors import FeatureError
from evenlight.explainers.explain import explain
from evenlight.explainers.players import players_of
from evenlight.measures.compare import compare
from tests.explainers.games import by_orders, cohort_of, deep, values_of

RNG = np.random.default_rng(0)
NAMES = tuple("abcdef")
X = RNG.normal(size=(10, 6))
START = RNG.normal(size=(7, 6))
SETS = FeatureSets.from_lists({"one": "ac", "two": "b", "three": "edf"}, NAMES, kind="pathway")


def test_sets_equal_the_definition_of_the_quotient_game() -> None:
    """All orders of the sets, each joining whole, agree with both exact values and walks."""
    cohort = cohort_of(X, NAMES)
    slow = [by_orders(deep, row, START, [[0, 2], [1], [3, 4, 5]]) for row in X]
    exact = values_of(deep, cohort, START, players=SETS, exact=True)
    walked = values_of(deep, cohort, START, players=SETS, walks=1400)
    np.testing.assert_allclose(exact.values, slow, rtol=1e-5, atol=1e-5)
    assert walked.spread is not None
    assert (np.abs(walked.values - exact.values) <= 5 * walked.spread + 1e-5).all()
    assert exact.features.names == SETS.names
    np.testing.assert_allclose(walked.total(), deep(X), rtol=1e-5)


def test_attributions_of_sets_stay_as_they_are_by_these_sets() -> None:
    """So that .by(variables) may be said whatever moved as one."""
    found = values_of(deep, cohort_of(X, NAMES), START, players=SETS, exact=True)
    assert found.by(SETS) is found


def test_sets_of_one_column_are_the_columns() -> None:
    """The same game has the same values, walk for walk, under other names."""
    singles = FeatureSets.from_lists({name.upper(): name for name in NAMES}, NAMES)
    cohort = cohort_of(X, NAMES)
    sets = values_of(deep, cohort, START, players=singles, walks=9)
    columns = values_of(deep, cohort, START, walks=9)
    np.testing.assert_array_equal(sets.values, columns.values)
    assert sets.features.names == tuple("ABCDEF")


def test_one_hot_columns_move_as_one() -> None:
    """The variable is the player; the model never sees a person without a state, or with two."""
    coded = Indicators("site", {"site b": "b", "site c": "c", "site a": "a"})
    features = Features(("age", *coded.columns), None, (coded,))
    state = np.eye(3)[RNG.integers(3, size=12)]
    x = np.column_stack([RNG.normal(size=12), state])

    def model(rows: Float) -> Float:
        assert (rows[:, 1:].sum(axis=1) == 1).all()
        said: Float = rows[:, 0] * rows[:, 1] + rows[:, 2]
        return said

    people = pd.DataFrame({"sex": np.tile(["f", "m"], 6)}, index=[f"p{i:02d}" for i in range(12)])
    cohort = Cohort(x, people, features, groups=["sex"])
    found = values_of(model, cohort, x[:4])
    assert found.features.names == ("age", "site")
    slow = [by_orders(model, row, x[:4], [[0], [1, 2, 3]]) for row in x]
    np.testing.assert_allclose(found.values, slow, atol=1e-6)
    assert values_of(lambda z: z[:, 1], cohort, x[:4], players="columns").values.shape == (12, 4)


def test_what_variables_move_as_can_be_compared() -> None:
    """A comparison takes attributions of variables as it takes those of columns."""
    coded = Indicators("site", {"site b": "b"}, "a")
    n = 60
    x = np.column_stack([RNG.normal(size=n), RNG.integers(2, size=n)])
    people = pd.DataFrame(
        {"sex": np.tile(["f", "m"], n // 2)}, index=[f"p{i:02d}" for i in range(n)]
    )
    cohort = Cohort(x, people, Features(("age", "site b"), None, (coded,)), groups=["sex"])
    found = explain(lambda z: z[:, 0] * (1 + z[:, 1]), cohort, method="shapley")
    made = compare(found, cohort, by="sex", rng=np.random.default_rng(0))
    assert made.subjects == ("age", "site")


def image(x: Float) -> Float:
    """A model of images (m, 2, 4, 3): one corner times another, through both channels."""
    said: Float = x[:, :, :2, 0].sum(axis=(1, 2)) * x[:, 1, 3, 2] + x[:, 0].mean(axis=(1, 2))
    return said


def test_segments_of_an_image_are_players() -> None:
    """A label map over height and width serves all channels; values add up, and equal orders'."""
    x, start = RNG.normal(size=(5, 2, 4, 3)), RNG.normal(size=(3, 2, 4, 3))
    labels = np.array([[0, 0, 1], [0, 2, 1], [2, 2, 1], [2, 2, 5]])
    segments = FeatureSets.from_label_map(labels, shape=(2, 4, 3), kind="segment")
    found = values_of(image, cohort_of(x), start, players=segments, exact=True)
    assert found.features.names == ("region 0", "region 1", "region 2", "region 5")
    assert found.values.shape == (5, 4)
    flat = np.broadcast_to(labels, (2, 4, 3)).reshape(-1)
    sets = [np.flatnonzero(flat == k).tolist() for k in (0, 1, 2, 5)]

    def model(rows: Float) -> Float:
        return image(rows.reshape(-1, 2, 4, 3))

    backs = start.reshape(3, -1)
    slow = [by_orders(model, row, backs, sets) for row in x.reshape(5, -1)]
    np.testing.assert_allclose(found.values, slow, atol=1e-5)
    walked = values_of(image, cohort_of(x), start, players=segments, walks=30)
    np.testing.assert_allclose(walked.total(), image(x), atol=1e-5)


def test_pixels_are_players_of_their_own() -> None:
    """Without sets each position of an image is a player, and values keep the image's shape."""
    x, start = RNG.normal(size=(4, 2, 4, 3)), RNG.normal(size=(3, 2, 4, 3))
    found = values_of(image, cohort_of(x), start, walks=6)
    assert found.values.shape == (4, 2, 4, 3)
    assert found.spread is not None
    assert found.spread.shape == (4, 2, 4, 3)
    np.testing.assert_allclose(found.total(), image(x), atol=1e-5)


def test_motifs_are_intervals_of_a_sequence() -> None:
    """All four letters of an interval's positions move as one; the others are the rest."""
    x = np.eye(4)[RNG.integers(4, size=(6, 9))].transpose(0, 2, 1)
    start = np.eye(4)[RNG.integers(4, size=(3, 9))].transpose(0, 2, 1)
    motifs = FeatureSets.from_intervals({"TATA": (2, 5), "CAAT": (6, 8)}, (4, 9))
    assert motifs.kind == "motif"
    assert motifs.members("TATA")[:4] == ("0,2", "0,3", "0,4", "1,2")

    def model(rows: Float) -> Float:
        assert (rows.sum(axis=1) == 1).all()
        said: Float = rows[:, 3, 2] * rows[:, 0, 6] + rows[:, 1, 0]
        return said

    found = values_of(model, cohort_of(x), start, players=motifs, exact=True)
    assert found.features.names == ("rest", "TATA", "CAAT")
    np.testing.assert_allclose(found.values[:, 0], x[:, 1, 0] - start[:, 1, 0].mean(), atol=1e-6)
    np.testing.assert_allclose(found.total(), model(x), atol=1e-6)


def test_names_of_a_label_map_are_taken() -> None:
    """An atlas may name labels that do not occur; one that occurs needs a name."""
    labels = np.array([[0, 0], [3, 3]])
    atlas = {0: "outside", 3: "hippocampus", 9: "amygdala"}
    assert FeatureSets.from_label_map(labels, atlas).names == ("outside", "hippocampus")
    with pytest.raises(FeatureError, match=r"1 labels have no name, first \[3\]"):
        FeatureSets.from_label_map(labels, {0: "outside"})


def test_label_maps_that_do_not_fit_are_refused() -> None:
    """Fractions and other shapes are no labels."""
    with pytest.raises(FeatureError, match="labels are float64; wanted whole numbers"):
        FeatureSets.from_label_map(np.zeros((2, 2)))
    with pytest.raises(FeatureError, match=r"shape \(2, 2\) do not fit rows of shape \(1, 3, 3\)"):
        FeatureSets.from_label_map(np.zeros((2, 2), dtype=int), shape=(1, 3, 3))


@pytest.mark.parametrize(
    ("intervals", "message"),
    [
        ({"a": (0, 3), "b": (2, 4)}, "'b' shares positions"),
        ({"a": (3, 3)}, "'a' goes from 3 to before 3"),
        ({"a": (7, 12)}, "wanted a part of 0 to 9"),
    ],
)
def test_intervals_that_cannot_be_are_refused(
    intervals: dict[str, tuple[int, int]], message: str
) -> None:
    """Empty, outside, or shared ones."""
    with pytest.raises(FeatureError, match=message):
        FeatureSets.from_intervals(intervals, (4, 9))


def test_features_in_no_set_go_to_the_rest() -> None:
    """rest= names a set for them; none is made where every feature has a set."""
    sets = FeatureSets.from_lists({"one": "ac"}, NAMES, rest="other")
    assert sets.names == ("one", "other")
    assert sets.members("other") == ("b", "d", "e", "f")
    assert FeatureSets.from_lists({"all": "abcdef"}, NAMES, rest="other").names == ("all",)
    with pytest.raises(FeatureError, match="rest='one' is the name of a set already"):
        FeatureSets.from_lists({"one": "ac"}, NAMES, rest="one")


@pytest.mark.parametrize(
    ("sets", "message"),
    [
        (FeatureSets.from_lists({"one": "ab"}, NAMES), "'c' belongs to 0 sets"),
        (FeatureSets.from_lists({"one": "abcdef", "two": "c"}, NAMES), "'c' belongs to 2 sets"),
        (FeatureSets.from_lists({"one": "xy"}, "xy"), "speak of 2 features, the first named 'x'"),
        (FeatureSets.from_label_map(np.eye(3, dtype=int)), "speak of 9 features, .* '0,0'"),
        ("genes", "players='genes'; wanted"),
    ],
)
def test_players_that_are_no_partition_are_refused(sets: FeatureSets | str, message: str) -> None:
    """Each feature belongs to exactly one player, or the values would not add up."""
    with pytest.raises(FeatureError, match=message):
        players_of(cohort_of(X, NAMES), sets)


def test_positions_are_named_when_asked_for() -> None:
    """Names of a map's positions, without holding them."""
    names = Positions((2, 3))
    assert list(names) == [names[j] for j in range(6)]
    assert names[1:3] == ("0,1", "0,2")
    assert names[-1] == "1,2"
    assert len(names) == 6
    with pytest.raises(IndexError):
        names[6]
    assert names == Positions((2, 3))
    assert names != Positions((3, 2))
