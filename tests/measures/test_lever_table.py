"""Changes of performance by group, and their limits."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.special import expit
from sklearn.svm import LinearSVC

from evenlight.data.features import FeatureSets
from evenlight.measures.judging import Judging
from evenlight.measures.levers import levers
from evenlight.measures.perform import SCORE_ONLY
from evenlight.models.adapt import adapt
from evenlight.probes.shuffle import remove, shuffle
from evenlight.probes.swap import swap
from tests.lever_world import NAMES, SETS, cohort, model


def test_limits_of_a_change_hold_the_truth() -> None:
    """The change of AUC in group A lies in its interval, for removals and swaps, in 20 cohorts."""
    one = FeatureSets.from_lists({"s": ["s1", "s2"]}, NAMES)
    found: dict[str, list[pd.Series]] = {"swap": [], "removal": []}
    for seed, n in [(999, 20_000), *((seed, 300) for seed in range(20))]:
        people = cohort(n, seed=seed)
        made = [verb(model, people, by="anc", sets=one, rng=seed) for verb in (swap, remove)]
        frame = levers(made, people, by="anc", rng=seed).table.to_frame()
        for kind, lines in found.items():
            here = (frame.kind == kind) & (frame.part == "A") & (frame.metric == "auroc")
            lines.append(frame[here].iloc[0])
    for truth, *lines in found.values():
        held = [line.change_low <= truth.change <= line.change_high for line in lines]
        assert np.mean(held) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / len(held))


def test_a_decision_function_is_not_judged_as_a_probability() -> None:
    """Only AUROC is told of a score; calibration and net benefit say why they are not there."""
    people = cohort(400)
    svc, plain = (LinearSVC().fit(people.dense(), people.y) for _ in range(2))
    svc.coef_, svc.intercept_ = 1e-3 * svc.coef_, 1e-3 * svc.intercept_ + 0.5
    both = [verb(svc, people, by="anc", sets=SETS) for verb in (swap, shuffle, remove)]
    assert all(one.at(people).score_only for one in both)
    found = levers(both, people, by="anc", judging=Judging(threshold=0.5))
    frame = found.table.to_frame()
    assert set(frame["metric"]) == {"auroc", "calibration_slope", "net_benefit"}
    assert frame.query("metric == 'auroc'")["change"].notna().all()
    rest = frame.query("metric != 'auroc'")
    assert rest[["before", "after", "change"]].isna().all(axis=None)
    assert set(rest["reason"]) == {SCORE_ONLY}
    assert (found.signal.metric == "auroc").all()
    assert np.isfinite(found.signal.value).all()
    declared = adapt(plain, link="logit")
    known = [verb(declared, people, by="anc", sets=SETS) for verb in (swap, remove)]
    told = levers(known, people, by="anc").table.to_frame()
    assert told.query("metric == 'calibration_slope'")["before"].notna().all()


def test_a_swap_is_made_anew_on_resamples() -> None:
    """Changes of a swap vary by its resamples, whose people are those of the pair."""
    people = cohort(200, levels="ABC")
    made = swap(model, people, by="anc", sets=SETS).at(people.take(people.order[::-1]))
    labels = np.array(people.take(people.order[::-1]).groups[0].labels())
    resamples = list(made.redone(0, ("C", "B")))
    assert len(resamples) == 20
    for rows, margin, response in resamples:
        assert set(labels[rows]) == {"B", "C"}
        np.testing.assert_allclose(response, expit(margin))
