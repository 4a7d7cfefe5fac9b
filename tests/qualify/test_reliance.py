"""The worlds of reliance are what they say, and the gate can be asked of each."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from evenlight.probes.predict import predict
from evenlight.qualify.reliance.gate import average_precision, gate
from evenlight.qualify.reliance.genomes import SNPS, few_causes
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.worlds import GROUP, STRUCTURES, TRUTHS, WORLDS


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_world_is_genotypes_of_equal_ancestries_in_two_cohorts(name: str) -> None:
    """Allele counts of as many people as asked, in sets that hold each SNP once, no row shared."""
    made = WORLDS[name](np.random.default_rng(0), 84)
    count = 3 if name.startswith("three") else 2
    for cohort in (made.training, made.audited):
        assert cohort.n == 84
        assert np.isin(cohort.dense(), (0, 1, 2)).all()
        sizes = np.bincount(cohort.grouping(GROUP).codes)
        assert len(sizes) == count
        assert np.ptp(sizes) <= 4
        assert cohort.outcome_kind == "binary"
    assert len(made.sets.owners()) == SNPS
    assert made.truth == TRUTHS[name]
    assert made.structure == STRUCTURES.get(name, "")
    assert not (made.causal & made.ancestral).any()
    assert not set(made.training.rows) & set(made.audited.rows)
    again = WORLDS[name](np.random.default_rng(0), 84)
    assert again.audited.digest == made.audited.digest


def _gap(name: str, **marks: float) -> float:
    """The difference of the outcome's log odds between B and A in 40,000 people."""
    made = WORLDS[name](np.random.default_rng(1), 20_000)
    y = np.concatenate([made.training.y, made.audited.y])
    g = np.concatenate([c.grouping(GROUP).codes for c in (made.training, made.audited)])
    odds = [y[g == k].mean() / (1 - y[g == k].mean()) for k in (0, 1)]
    return float(np.log(odds[1] / odds[0]))


def test_recruitment_widens_the_gap_and_under_diagnosis_narrows_it() -> None:
    """The shortcut worlds differ from the clean ones by the outcome of B alone."""
    plain = _gap("oligogenic clean")
    assert _gap("oligogenic shortcut") > plain + 0.8
    assert _gap("under-diagnosis") < plain - 0.3
    assert _gap("polygenic clean, true gap") > 0.5


def test_no_snp_is_causal_where_there_is_substructure_alone() -> None:
    """And inside a label some SNPs still go with the outcome, by their populations."""
    made = WORLDS["nested substructure"](np.random.default_rng(2), 20_000)
    assert not made.causal.any()
    x, y, g = made.audited.dense(), made.audited.y, made.audited.grouping(GROUP).codes
    z = []
    for level in (0, 1):
        a, b = x[g == level], y[g == level]
        a, b = a - a.mean(axis=0), b - b.mean()
        z.append((b @ a) / np.sqrt(b.var() * (a**2).sum(axis=0)))
    together = np.abs(np.sum(z, axis=0)) / np.sqrt(2)
    assert (together > 1.96).mean() > 0.15


def test_siblings_share_half_their_alleles() -> None:
    """Their genotypes correlate at one half, inside each ancestry."""
    made = WORLDS["relatives"](np.random.default_rng(3), 4000)
    x = made.audited.dense()
    g = made.audited.grouping(GROUP).codes
    x = x - np.array([x[g == k].mean(axis=0) for k in (0, 1)])[g]
    first, second = x[0::4], x[1::4]
    r = (first * second).mean() / np.sqrt((first**2).mean() * (second**2).mean())
    assert r == pytest.approx(0.5, abs=0.02)


def test_average_precision_is_that_of_the_library() -> None:
    """Against scikit-learn, on scores without ties."""
    rng = np.random.default_rng(4)
    score, wanted = rng.normal(size=50), rng.random(50) < 0.3
    assert average_precision(score, wanted) == pytest.approx(average_precision_score(wanted, score))


def test_one_repetition_runs_end_to_end_and_needs_a_twin() -> None:
    """The same seed says the same, every rate is a number, and without a twin it is unresolved."""
    first = gate("oligogenic shortcut", "linear", 400, 0)
    assert first == gate("oligogenic shortcut", "linear", 400, 0)
    own = first["gate"]["evenlight"]
    assert own["consistent"] + own["unresolved"] == 1
    assert own["share met"] == 1
    assert first["no twin"]["evenlight"] == {"consistent": 0.0}
    assert np.isfinite(list(own.values())).all()


@pytest.mark.parametrize("kind", list(KINDS))
def test_each_kind_of_model_learns_the_outcome(kind: str) -> None:
    """Out of sample its margin tells cases from others."""
    made = WORLDS["oligogenic shortcut"](np.random.default_rng(5), 600)
    model = KINDS[kind].fit(made.training, 0)
    f, y = predict(model, made.audited).margin, made.audited.y
    apart = f[y == 1][:, None] > f[y == 0][None]
    assert apart.mean() > 0.65


def test_of_three_ancestries_one_has_more_of_each_snp_that_is_planted() -> None:
    """Each ancestry in turn; what is shared is shared by all, and the gap is that of the last."""
    genome = few_causes(np.random.default_rng(6), ancestries=3)
    planted = np.r_[0:5, 15:25]
    assert np.bincount(genome.shares[:, planted].argmax(axis=0)).tolist() == [5, 5, 5]
    assert (np.ptp(genome.shares[:, 5:15], axis=0) == 0).all()
    assert genome.apart(3)[15:25] == pytest.approx(0.6)
    made = WORLDS["three ancestries, shortcut"](np.random.default_rng(7), 12_000).audited
    plain = WORLDS["three ancestries, clean"](np.random.default_rng(7), 12_000).audited
    odds = []
    for cohort in (made, plain):
        y, g = cohort.y, cohort.grouping(GROUP).codes
        share = np.array([y[g == k].mean() for k in range(3)])
        odds.append(np.log(share / (1 - share)))
    wider = odds[0] - odds[1]
    assert 1.0 < wider[2] - wider[:2].mean() < 1.5  # less than 1.5 for what varies inside groups
    assert wider[0] == pytest.approx(wider[1], abs=0.2)
