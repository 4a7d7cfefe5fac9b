"""Genotype columns that a plan names: checked before any compute, and told beside the answers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import evenlight as ev
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.indicators import Indicators
from evenlight.errors import FeatureError
from evenlight.explore import explore
from evenlight.measures.associate import associate
from evenlight.measures.genotypes_named import WIDE, named_genotypes
from evenlight.measures.judging import Judging
from evenlight.measures.testing import Testing
from evenlight.stats.genetics import allele_counts, pairwise_hudson, weir_cockerham
from tests.genotyped import drifted


def people(sizes: tuple[int, ...] = (40, 40, 30)) -> tuple[Cohort, np.ndarray, np.ndarray]:
    """Twelve sites of drifted populations and an age."""
    rng = np.random.default_rng(0)
    dosage, codes, _ = drifted(sizes, 12, fst=0.1, rng=rng)
    table = pd.DataFrame({"ancestry": np.array(["a", "b", "c"])[codes]})
    table["ill"] = rng.integers(0, 2, len(codes))
    x = np.column_stack([dosage, rng.normal(60, 9, len(codes))])
    names = (*(f"rs{j}" for j in range(12)), "age")
    own = Cohort(x, table, Features(names), groups=["ancestry"], outcome="ill")
    return own, dosage, codes


def test_the_columns_named_are_checked_before_any_compute() -> None:
    """A name that is there passes; a column of other values, another name and width are refused."""
    cohort, _, _ = people()
    assert named_genotypes(cohort, ["rs1", "rs0"]) == ("rs1", "rs0")
    assert named_genotypes(cohort, ()) == named_genotypes(cohort, False) == ()
    with pytest.raises(FeatureError, match=r"'age' holds .* wanted counts of the alternate"):
        named_genotypes(cohort, True)
    with pytest.raises(FeatureError, match=r"1 of 2 genotype columns are no features.*'rs99'"):
        named_genotypes(cohort, ["rs1", "rs99"])
    wide = Cohort(np.zeros((30, WIDE + 1)), cohort.people.iloc[:30], groups=["ancestry"])
    with pytest.raises(FeatureError, match=r"x has 5,001 columns.*associate"):
        named_genotypes(wide, True)


def test_a_state_is_no_genotype() -> None:
    """A column of a one-hot variable is refused by name, though it holds 0 and 1."""
    names = ("m", "f", "rs0")
    sex = Indicators("sex", {"m": "m", "f": "f"})
    x = np.array([[1.0, 0.0, 2.0], [0.0, 1.0, 1.0]] * 10)
    cohort = Cohort(x, pd.DataFrame({"g": ["a", "b"] * 10}), Features(names, indicators=(sex,)))
    assert named_genotypes(cohort, ["rs0"]) == ("rs0",)
    with pytest.raises(FeatureError, match="'m' is a state of 'sex' and no genotype"):
        named_genotypes(cohort, ["m"])


def test_fst_of_pairs_and_of_all_stands_in_a_table() -> None:
    """The table holds Hudson's FST of each pair and Weir and Cockerham's of all, with reasons."""
    cohort, dosage, codes = people((40, 40, 7))
    found = associate(cohort, by="ancestry", genotypes=cohort.features.names[:12], rng=0)
    told = found.drift_frame()
    pairs = list(zip(told["level"], told["reference"], strict=True))
    fst = dict(zip(pairs, told["fst"].tolist(), strict=True))
    why = dict(zip(pairs, told["reason"], strict=True))
    large = codes < 2
    counts = allele_counts(dosage[large], codes[large])
    step = 0.005  # of what is told beside a hidden group
    assert fst["a", "b"] == pytest.approx(pairwise_hudson(counts)[0, 1], abs=step)
    assert fst["all", ""] == pytest.approx(weir_cockerham(counts).pooled, abs=step)
    assert np.isnan(fst["a", "c"])
    assert "suppressed" in why["a", "c"]
    assert len(associate(cohort, by="ancestry", rng=0).drift_frame()) == 0


def test_an_audit_tells_fst_of_what_it_is_given() -> None:
    """The further measures hold drift for the columns that are named, and none without."""
    cohort, _, _ = people()
    names = cohort.features.names
    weights = dict(zip(names, np.linspace(-1, 1, 13).tolist(), strict=True))
    model = CoefficientTable("ill", 0.0, weights, link="logit")
    made, predicted = ev.explain(model, cohort), ev.predict(model, cohort)
    asked = {"ancestry": Judging()}
    named = named_genotypes(cohort, list(cohort.features.names[:12]))
    with_, _ = explore(made, predicted, cohort, asked, Testing(), seed=0, genotypes=named)
    without, _ = explore(made, predicted, cohort, asked, Testing(), seed=0)
    assert with_.associations[0].drift is not None
    assert with_.associations[0].drift.sites == named
    assert without.associations[0].drift is None
    share = with_.associations[0].share
    np.testing.assert_allclose(share, without.associations[0].share, equal_nan=True)
