"""The worlds of reliance are what they say, and the harness takes up where it was stopped."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from evenlight.errors import UnknownName
from evenlight.qualify.lines import Line, append, read
from evenlight.qualify.reliance.gate import average_precision, gate
from evenlight.qualify.reliance.models import KINDS
from evenlight.qualify.reliance.run import LINES, cases, check, musts, name_of, reliance, text
from evenlight.qualify.reliance.worlds import GROUP, SNPS, TRUTHS, WORLDS


@pytest.mark.parametrize("name", list(WORLDS))
def test_a_world_is_genotypes_of_two_ancestries_in_two_cohorts(name: str) -> None:
    """Allele counts of as many people as asked, in sets that hold each SNP once, no row shared."""
    made = WORLDS[name](np.random.default_rng(0), 80)
    for cohort in (made.training, made.audited):
        assert cohort.n == 80
        assert np.isin(cohort.dense(), (0, 1, 2)).all()
        assert (np.bincount(cohort.grouping(GROUP).codes) == 40).all()
        assert cohort.outcome_kind == "binary"
    assert len(made.sets.owners()) == SNPS
    assert made.truth == TRUTHS[name]
    assert not (made.causal & made.ancestral).any()
    assert not set(made.training.rows) & set(made.audited.rows)
    again = WORLDS[name](np.random.default_rng(0), 80)
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
    from evenlight.probes.predict import predict

    f, y = predict(model, made.audited).margin, made.audited.y
    apart = f[y == 1][:, None] > f[y == 0][None]
    assert apart.mean() > 0.65


def test_a_run_is_taken_up_where_it_stopped(tmp_path: Path) -> None:
    """Lines that are there are kept, those that failed are run again, a page is written."""
    case = ("severity shift", "linear", 100)
    append(tmp_path / LINES, [
        Line(name_of(case), 0, 0, "x", {"gate": {"evenlight": {"consistent": 0.0}}}),
        Line(name_of(case), 1, 0, "x", {}, "Interrupted: midway"),
    ])  # fmt: skip
    said: list[str] = []
    lines = reliance(tmp_path, runs=2, asked=[case], progress=said.append)
    assert said[0] == "1 repetitions to go"
    assert [one.code == "x" for one in sorted(lines, key=lambda one: one.seed)] == [True, False]
    assert not any(one.error for one in lines)
    assert "consistent" in (tmp_path / "reliance.txt").read_text()
    assert len(read(tmp_path / LINES)) == 2
    with pytest.raises(UnknownName, match="no cell of 'nowhere'"):
        reliance(tmp_path, runs=1, asked=[("nowhere", "linear", 100)])


def test_what_must_hold_is_checked_with_the_worst_cell_first() -> None:
    """A clean world called a shortcut fails, a shortcut found in every run holds."""
    clean, bad = ("oligogenic clean", "linear", 4000), ("oligogenic shortcut", "linear", 4000)
    lines = [
        Line(name_of(case), seed, 0, "x", {
            "gate": {"evenlight": {"consistent": 1.0}},
            "no twin": {"evenlight": {"consistent": 0.0}},
        })
        for case in (clean, bad) for seed in range(20)
    ]  # fmt: skip
    held = check(lines, [clean, bad])
    assert held[0].must.cell == name_of(clean)
    assert [one.state for one in held] == ["fails", "holds", "holds", "holds"]
    assert "the worst first" in text(lines)


def test_every_cell_of_the_issue_is_there() -> None:
    """Nine worlds, three kinds, three sizes, and substructure in 20,000 people."""
    made = cases()
    assert len(made) == 9 * 3 * 3 + 1
    assert made[-1] == ("nested substructure", "linear", 20_000)
    assert {m.rate for m in musts(("LD tags", "linear", 400))} == {"consistent", "unresolved"}
