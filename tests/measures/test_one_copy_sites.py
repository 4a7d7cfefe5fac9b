"""Sites of which people have one copy or two make no frequency, axis or kinship that tells sex."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.errors import FeatureError
from evenlight.measures.allele_frequencies import allele_frequencies, maf_strata
from evenlight.measures.genotype_axes import genotype_axes
from evenlight.measures.relatives import relatives

N, P = 200, 40
MALE = np.arange(N) % 2 == 0


def typed(chromosome: str, males: str | None) -> Cohort:
    """Half the sites on chromosome 1, half elsewhere, where males hold one of their two copies."""
    rng = np.random.default_rng(0)
    x = rng.binomial(2, rng.uniform(0.2, 0.8, P), (N, P)).astype(float)
    own = np.arange(P) >= P // 2
    single = rng.binomial(1, 0.5, (N, P)).astype(float)
    if males in ("0/1", "0/2"):
        x = np.where(MALE[:, None] & own, single * (2 if males == "0/2" else 1), x)
    table = pd.DataFrame(
        {"chromosome": np.where(own, chromosome, "1"), "position": 10**7 * np.arange(1, P + 1)},
        index=[f"v{j}" for j in range(P)],
    )
    if males is not None:
        table["males"] = np.where(own, males, "")
    people = pd.DataFrame(
        {"sex": np.where(MALE, "male", "female")}, index=[f"p{i:03d}" for i in range(N)]
    )
    return Cohort(x, people, Features(tuple(table.index), table), groups=["sex"], unit="row")


ASKED: dict[str, Callable[[Cohort], object]] = {
    "frequencies": lambda c: allele_frequencies(c, by="sex"),
    "strata": lambda c: maf_strata(c, by="sex", edges=[0.05]),
    "axes": lambda c: genotype_axes(c, components=2),
    "relatives": lambda c: relatives(c, degree="first"),
}


@pytest.mark.parametrize("asked", list(ASKED))
@pytest.mark.parametrize(("chromosome", "males"), [("chrX", "0/1"), ("23", None), ("Y", "0/2")])
def test_sites_of_one_copy_are_refused_by_name(
    asked: str, chromosome: str, males: str | None
) -> None:
    """Frequencies of males would be half of what they are, and axes and kinship would tell sex."""
    with pytest.raises(FeatureError, match=r"20 of 40 sites lie on X, Y or MT, first \['v20'"):
        ASKED[asked](typed(chromosome, males))


@pytest.mark.parametrize("asked", ["frequencies", "strata"])
def test_frequencies_of_males_who_are_coded_twice_are_right(asked: str) -> None:
    """0/2 of 0.5 is 0.5; a site that both sexes have twice is one like any other."""
    cohort = typed("X", "0/2")
    ASKED[asked](cohort)
    found = allele_frequencies(cohort, by="sex")
    males = found.frequency[found.levels.index("male")][P // 2 :]
    assert abs(males.mean() - 0.5) < 0.03
    with pytest.raises(FeatureError, match="axes would tell sex"):
        genotype_axes(cohort, components=2)
    shared = typed("X", "")
    assert genotype_axes(shared, components=2).values.shape == (N, 2)


def test_the_others_are_named_with_columns() -> None:
    """What the error says to do is done, and answers."""
    cohort = typed("X", "0/1")
    names = [f"v{j}" for j in range(P // 2)]
    assert allele_frequencies(cohort, by="sex", columns=names).variants == tuple(names)
    assert genotype_axes(cohort, columns=names, components=2).values.shape == (N, 2)
