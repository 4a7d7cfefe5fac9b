"""Nothing of a hidden group can be solved for: not its mean, not its size, not who was lost."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from scipy.special import ndtri

from evenlight.arrays import Float
from evenlight.codec import plain
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.perturbed import Perturbed
from evenlight.measures.compare import compare
from evenlight.measures.fragile import Fragility
from evenlight.measures.fragility import OTHERS_ONLY, fragility
from evenlight.measures.people import compose
from evenlight.measures.testing import Testing
from evenlight.stats.disclosure import told_limits, told_step, told_values
from evenlight.stats.intervals import wilson
from tests.measures.test_fragility import QUICK, drawn, expit, people


def with_few(n: int, few: int, *, of: str = "c", each: int = 1) -> Cohort:
    """`n` people of a and b, and a few of a third label."""
    cohort = people(n, each=each)
    labels = np.array(cohort.people["g"], dtype=object)
    labels[np.flatnonzero(labels == "b")[: few * each]] = of
    table = cohort.people.assign(g=labels)
    return Cohort(cohort.dense(), table, outcome="y", groups=["g"], unit="who")


def asked(moved: Perturbed, cohort: Cohort) -> Fragility:
    """What is told with a threshold."""
    return fragility(moved, cohort, by="g", threshold=0.5, testing=QUICK)


@pytest.mark.parametrize("of", ["c", "unknown"])
@pytest.mark.parametrize("few", [1, 5, 10])
def test_no_number_depends_on_hidden_people(few: int, of: str) -> None:
    """Whatever the model says of 1 to 10 hidden people, the same record: nothing to solve with."""
    cohort = with_few(150, few, of=of)
    moved = drawn(cohort)
    at = np.array(cohort.people["g"]) == of
    other = replace(moved, before=np.where(at, 7.0, moved.before))
    margins = np.where(at[:, None], -9.0, moved.margins)
    other = replace(
        other, margins=margins, responses=expit(margins), response_before=expit(other.before)
    )
    texts = [json.dumps(plain(asked(one, cohort))) for one in (moved, other)]
    assert texts[0] == texts[1]
    found = asked(moved, cohort)
    assert OTHERS_ONLY in found.notes
    assert set((found.n[np.isfinite(found.n)] % 5).tolist()) == {0.0}


def test_eleven_are_shown_and_counted() -> None:
    """From eleven people on overall is of everybody, and every number is as it is."""
    cohort = with_few(150, 11)
    found = asked(drawn(cohort), cohort)
    assert found.n.tolist() == [150, 50, 89, 11]
    size = found.value[:, :, found.measure("size")]
    np.testing.assert_allclose(size[0], found.n[1:] @ size[1:] / 150)
    assert OTHERS_ONLY not in found.notes


def test_an_outcome_known_of_few_is_in_no_overall_metric() -> None:
    """Of c four have events: its AUROC is hidden, and overall AUROC is that of a and b."""
    cohort = with_few(200, 30)
    events = np.array(cohort.people["y"])
    at = np.flatnonzero(np.array(cohort.people["g"]) == "c")
    events[at] = np.arange(len(at)) < 4
    table = cohort.people.assign(y=events)
    cohort = Cohort(cohort.dense(), table, outcome="y", groups=["g"], unit="who")
    moved = drawn(cohort)
    found = asked(moved, cohort)
    j = found.measure("auroc")
    assert (found.reason[found.part("c"), :, j] != "").all()
    margins = np.where(np.array(table["g"] == "c")[:, None], moved.before[:, None], moved.margins)
    still = asked(replace(moved, margins=margins, responses=expit(margins)), cohort)
    np.testing.assert_array_equal(still.value[0, :, j], found.value[0, :, j])


def test_no_share_tells_the_size_that_was_rounded() -> None:
    """Every size that is rounded to the told one has a number of flips that is told the same."""
    z, open_ = float(ndtri(0.975)), []
    for seed in range(25):
        rng = np.random.default_rng(seed)
        n = int(rng.integers(20, 400))
        cohort = with_few(3 * n // 2, 4)
        found = asked(drawn(cohort, seed=seed), cohort)
        r, j = found.part("a"), found.measure("flips")
        true = int((np.array(cohort.people["g"]) == "a").sum())
        told = found.n[r]
        assert abs(told - true) <= 2.5
        for i in range(3):
            seen = [getattr(found, end)[r, i, j] for end in ("value", "low", "high")]
            fits = [m for m in range(int(told) - 2, int(told) + 3) if _fits(m, seen, told, z)]
            assert true in fits
            open_.append(len(fits))
    assert set(open_) == {5}


def _fits(n: int, seen: list[float], told: float, z: float) -> bool:
    """Whether some number of n people who flip would be told as was seen."""
    share, many = np.arange(n + 1) / n, np.full(n + 1, told)
    step = told_step(0 * share, many, share=True)
    coarse = told_values(share, step)
    ends = (coarse, *told_limits(*wilson(coarse, many, z), step))
    apart = [np.abs(end - one) < 1e-9 for end, one in zip(ends, seen, strict=True)]
    return bool(np.logical_and.reduce(apart).any())


@pytest.mark.parametrize("lost", [1, 4, 10])
def test_a_small_loss_is_told_as_ten(lost: int) -> None:
    """Of b a few people stand at a site of their own: fragility and compare tell ten of them."""
    cohort = people(300, sites=1)
    site = np.array(cohort.people["site"], dtype=object)
    site[np.flatnonzero(np.array(cohort.people["g"]) == "b")[:lost]] = "own"
    table = cohort.people.assign(site=site)
    cohort = Cohort(cohort.dense(), table, groups=["g"], unit="who", strata=["site"])
    moved = drawn(cohort)
    found = fragility(moved, cohort, by="g", testing=QUICK).apart
    made = compare(explained(cohort, moved.before), cohort, by="g", testing=Testing(draws=199))
    size = compose(cohort, by="g")
    whole = [float(size.count[size.parts.index(level)]) for level in "ba"]
    for told in (found, made):
        assert (told.n[0, 0] == [whole[0] - 10, whole[1]]).all()
        np.testing.assert_allclose(told.kept[0, 0], [1 - 10 / whole[0], 1.0])


def explained(cohort: Cohort, output: Float) -> Attributions:
    """All of the output is of the first feature."""
    values = np.column_stack([output, np.zeros(cohort.n)])
    return Attributions.from_arrays(
        values, rows=cohort.rows.tolist(), features=cohort.features, output=output, base=0.0
    )
