"""What one-hot sequences tell of a group: letters, whose mean over a position tells nothing."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.measures.associate import WORDS, associate
from evenlight.modalities.positions import windows
from evenlight.modalities.sequences import read_sequences
from evenlight.modalities.tables import cohort_from_frame

N, LENGTH = 160, 6


def sequences(seed: int = 0) -> Cohort:
    """Site 2 is A in most of group a and G in most of b; the other sites are drawn alike."""
    rng = np.random.default_rng(seed)
    group = np.where(np.arange(N) % 2, "b", "a")
    letters = rng.choice(list("ACGT"), (N, LENGTH))
    letters[:, 2] = np.where(rng.random(N) < 0.8, np.where(group == "b", "G", "A"), "T")
    rows = [f"r{i:03d}" for i in range(N)]
    text = ["".join(row) for row in letters]
    people = pd.DataFrame({"group": group, "promoter": text}, index=rows)
    return read_sequences(people, "promoter", groups=["group"], unit="row")


def test_a_letter_that_tells_the_group_is_found_at_its_position() -> None:
    """As the same letters in a table of categories tell it; the mean of a position never does."""
    cohort = sequences()
    found = associate(cohort, by="group", sets=windows(cohort, 1), rng=0)
    assert set(found.kind.tolist()) == {"letters of a set"}
    letter = np.array(list("ACGT"))[cohort.dense().argmax(axis=1)]
    frame = cohort.people.join(pd.DataFrame(letter, cohort.people.index).add_prefix("site"))
    twin = cohort_from_frame(frame, [f"site{j}" for j in range(LENGTH)], groups=["group"])
    told = associate(twin, by="group", rng=0)
    np.testing.assert_allclose(found.share[0], told.share[0], atol=1e-9)
    np.testing.assert_allclose(found.information[0], told.information[0], atol=1e-9)
    assert found.share[0].argmax() == 2
    assert found.share[0, 2] > 0.3
    assert found.p_maxt[0, 2] < 0.01


def test_a_window_of_several_positions_has_all_their_letters() -> None:
    """Its share is that of all its columns, and words that are too many have no information."""
    cohort = sequences()
    found = associate(cohort, by="group", sets=windows(cohort, 3), rng=0)
    assert found.subjects[0] != found.subjects[1]
    assert found.share[0, 0] > 0.05 > abs(found.share[0, 1])
    assert np.isnan(found.information[0]).all()
    assert set(found.information_reason[0].tolist()) == {WORDS}


def test_the_regions_of_a_picture_are_still_asked_by_their_mean() -> None:
    """Grey values, and black and white ones that are no letters, have means that tell."""
    rng = np.random.default_rng(1)
    group = np.where(np.arange(N) % 2, "b", "a")
    people = pd.DataFrame({"group": group}, index=[f"r{i:03d}" for i in range(N)])
    label = np.repeat([[0, 0, 1, 1]], 3, axis=0)
    sets = FeatureSets.from_label_map(label)
    bright = (rng.random((N, 3, 4)) < np.where(group == "b", 0.8, 0.4)[:, None, None]).astype(float)
    for x in (bright, bright + rng.normal(size=bright.shape)):
        cohort = Cohort(x, people, groups=["group"], unit="row")
        found = associate(cohort, by="group", sets=sets, rng=0)
        assert set(found.kind.tolist()) == {"mean of a set"}
        assert found.share[0] == pytest.approx(found.share[0].max(), abs=0.3)
        assert (found.p[0] < 0.05).all()
