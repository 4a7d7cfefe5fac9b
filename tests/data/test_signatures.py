"""Clocks and signatures from tables: the formula, its years, and what nobody measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.signatures import read_clock, read_signature
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled

RNG = np.random.default_rng(0)
CPGS = [f"cg{j:08d}" for j in range(20)]
WEIGHTS = RNG.normal(size=20)
BETA = pd.DataFrame(RNG.uniform(size=(30, 20)), [f"p{i:02d}" for i in range(30)], CPGS)
PEOPLE = pd.DataFrame({"sex": ["f", "m"] * 15}, index=BETA.index)


@pytest.fixture(name="clock_file")
def _clock_file(tmp_path: Path) -> Path:
    """A clock as its authors lay one out: a constant, training weights, a median of each CpG."""
    table = pd.DataFrame(
        {"CpGmarker": ["(Intercept)", *CPGS], "CoefficientTraining": [0.7, *WEIGHTS],
         "medianByCpG": [np.nan, *np.full(20, 0.4)]}
    )  # fmt: skip
    path = tmp_path / "clock.csv"
    table.to_csv(path, index=False)
    return path


def clock_of(path: Path) -> CoefficientTable:
    """The clock of the file, with its reference."""
    names = {"term": "CpGmarker", "weight": "CoefficientTraining", "reference": "medianByCpG"}
    return read_clock(path, **names, link="horvath")


def test_a_clock_gives_years_and_is_additive_before_them(clock_file: Path) -> None:
    """Age by the two formulas of Horvath (2013), written out; attributions add up on the margin."""
    cohort = Cohort(BETA, PEOPLE, groups=["sex"], unit="row")
    made = settled(clock_of(clock_file), cohort)
    margin = 0.7 + BETA.to_numpy() @ WEIGHTS
    years = [21 * np.exp(m) - 1 if m < 0 else 21 * m + 20 for m in margin]
    assert 0 < (margin < 0).mean() < 1
    np.testing.assert_allclose(made.response(BETA.to_numpy())[:, 0], years)
    found = explain(made, cohort)
    assert (found.method, made.unit) == ("linear", "years")
    np.testing.assert_allclose(found.values.sum(axis=1) + found.base, margin, atol=1e-5)


def test_the_link_of_a_clock_is_never_assumed(clock_file: Path) -> None:
    """Hannum's clock read as Horvath's would give 21 times the years: the link is asked for."""
    with pytest.raises(ModelError, match=r'link="horvath".*link="identity" .*Hannum, PhenoAge'):
        read_clock(clock_file, term="CpGmarker", weight="CoefficientTraining")


def test_missing_cpgs_are_held_at_the_reference_and_told(clock_file: Path) -> None:
    """The margin is that of a cohort in which the CpG is its reference for everyone."""
    lost = CPGS[int(np.abs(WEIGHTS).argmin())]
    short = BETA.drop(columns=lost)
    model = clock_of(clock_file).filled(short.columns)
    made = settled(model, Cohort(short, PEOPLE, groups=["sex"], unit="row"))
    whole = adapt(clock_of(clock_file)).margin(BETA.assign(**{lost: 0.4}).to_numpy())
    np.testing.assert_allclose(made.margin(short.to_numpy()), whole)
    assert "1 of 20 terms are not among the features" in made.notes[0]
    assert lost in made.notes[0]


def test_nothing_is_imputed_without_a_reference_or_where_too_much_is_missing(
    clock_file: Path,
) -> None:
    """The error names the CpGs, their count and the share of the weights."""
    bare = read_clock(clock_file, term="CpGmarker", weight="CoefficientTraining", link="horvath")
    with pytest.raises(
        ModelError, match=r"2 of 20 terms .* no reference value, first \['cg00000018"
    ):
        bare.filled(CPGS[:18])
    with pytest.raises(ModelError, match=r"15 of 20 terms, with .* at least 80 % is wanted"):
        clock_of(clock_file).filled(CPGS[:5])
    with pytest.raises(ModelError, match="20 of 20 terms"):
        clock_of(clock_file).filled([], least=0.0)
    with pytest.raises(ModelError, match="2 of its 20 terms are not among the features"):
        settled(bare, Cohort(BETA[CPGS[:18]], PEOPLE, groups=["sex"], unit="row"))
    assert bare.filled(CPGS) is bare


def test_a_signature_of_z_scores_is_that_of_the_reference(tmp_path: Path) -> None:
    """Sum of weight times (x - mean) / sd of the reference, whoever is in the cohort."""
    genes = ["A", "B", "C"]
    w, m, s = np.array([1.0, -2.0, 0.5]), np.array([5.0, 2.0, 8.0]), np.array([2.0, 0.5, 1.0])
    path = tmp_path / "signature.csv"
    pd.DataFrame({"gene": genes, "weight": w, "mean": m, "sd": s}).to_csv(path, index=False)
    model = read_signature(path, mean="mean", sd="sd")
    x = RNG.normal(5, 2, (10, 3))
    np.testing.assert_allclose(adapt(model).margin(x)[:, 0], ((x - m) / s) @ w)
    np.testing.assert_array_equal(adapt(model).margin(x)[:3], adapt(model).margin(x[:3]))
    without = adapt(model.filled(["A", "B"], least=0.5)).margin(x[:, :2])[:, 0]
    np.testing.assert_allclose(without, ((x[:, :2] - m[:2]) / s[:2]) @ w[:2])
    plain = read_signature(path)
    np.testing.assert_allclose(adapt(plain).margin(x)[:, 0], x @ w)


def test_a_table_that_is_wrong_says_which_term(tmp_path: Path) -> None:
    """Columns that are missing, terms twice, no number, no spread, values that are no beta."""
    path = tmp_path / "wrong.csv"

    def written(**columns: object) -> Path:
        pd.DataFrame(columns).to_csv(path, index=False)
        return path

    with pytest.raises(ModelError, match=r"no column \['weight'\]"):
        read_clock(written(term=["cg1"], coefficient=[1.0]), link="identity")
    with pytest.raises(ModelError, match=r"1 terms that occur twice, first \['cg1'\]"):
        read_clock(written(term=["cg1", "cg1"], weight=[1.0, 2.0]), link="identity")
    with pytest.raises(ModelError, match=r"1 terms have no number in 'weight', first \['cg2'\]"):
        read_clock(written(term=["cg1", "cg2"], weight=[1.0, "x"]), link="identity")
    with pytest.raises(ModelError, match="are no beta values"):
        read_clock(
            written(term=["cg1"], weight=[1.0], median=[1.5]), reference="median", link="identity"
        )
    table = written(gene=["A"], weight=[1.0], mean=[0.0], sd=[0.0])
    with pytest.raises(ModelError, match="are not above 0"):
        read_signature(table, mean="mean", sd="sd")
    with pytest.raises(ModelError, match="z-scores need both columns"):
        read_signature(table, mean="mean")
    with pytest.raises(ModelError, match="there is no table"):
        read_signature(tmp_path / "absent.csv")
    with pytest.raises(ModelError, match="reference values are not finite"):
        CoefficientTable("clock", 0.0, {"a": 1.0}, reference={"a": np.nan})
