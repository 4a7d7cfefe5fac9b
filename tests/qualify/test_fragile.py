"""The cases of fragility plant what they say, and error rates are near those that are told."""

from __future__ import annotations

import numpy as np

from evenlight.probes.perturb import perturb
from evenlight.qualify.cases import fragile
from evenlight.qualify.drawn import GROUP


def test_only_group_b_is_moved_by_what_is_planted() -> None:
    """Lost markers move nobody of group a and everyone alike where nothing is planted."""
    for make, apart in ((fragile.one_group, True), (fragile.robust, False)):
        gaps = []
        for seed in range(12):
            drawn = make(np.random.default_rng([5, seed]))
            made = perturb(fragile.score, drawn.cohort, suite=fragile.suite(), rng=seed)
            size = made.size[made.of("dropout")[-1]]
            assert drawn.cohort.grouping(GROUP).levels == ("a", "b")
            assert bool((size[~drawn.member] == 0).all()) is apart
            assert fragile.planted(drawn) is apart
            other = made.size[made.of("error")[-1]]
            gaps.append(other[drawn.member].mean() - other[~drawn.member].mean())
        assert abs(np.mean(gaps)) < 3.5 * np.std(gaps) / np.sqrt(12)


def test_planted_fragility_is_found_and_a_robust_model_is_not_flagged() -> None:
    """60 worlds of each: of the largest planted step nearly all are found, false flags are few."""
    found = [fragile.told(fragile.one_group(np.random.default_rng([1, s])), s) for s in range(60)]
    quiet = [fragile.told(fragile.robust(np.random.default_rng([2, s])), s) for s in range(60)]
    assert np.mean([one["largest_found"] for one in found]) >= 0.95
    assert np.mean([one["found"] for one in found]) >= 0.8
    assert max(one["called_similar"] for one in found) == 0
    for runs in (found, quiet):
        assert np.mean([one["false"] for one in runs]) <= 0.12
        assert np.mean([one["raw_false"] for one in runs]) <= 0.11
