"""Undeclared units and confounders are named; declared, personal and harmless columns are not."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy import stats
from sklearn.metrics import cohen_kappa_score
from statsmodels.formula.api import ols

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.measures.suspects import personal, suspects
from evenlight.stats.icc import agreement, correlation_ratio, cramers_v, intraclass, intraclass_p


def made_of(cohort: Cohort, values: Float) -> Attributions:
    """Attributions with these values (n, p)."""
    return Attributions.from_arrays(
        values,
        rows=cohort.rows.tolist(),
        features=cohort.features,
        output=values.sum(axis=1),
        base=0.0,
    )


def cohort_of(n: int, **columns: object) -> Cohort:
    """Rows that are halves A and B, with further columns."""
    people = pd.DataFrame(
        {"race": np.where(np.arange(n) < n / 2, "A", "B"), **columns},
        index=[f"r{i:04d}" for i in range(n)],
    )
    return Cohort(np.zeros((n, 3)), people, unit="row", groups=["race"])


def test_an_undeclared_donor_is_named_with_its_likeness() -> None:
    """16 donors of 25 cells with an ICC of 0.2 are told as a unit, and only as that."""
    rng = np.random.default_rng(0)
    donor = np.repeat(np.arange(16), 25)
    values = rng.normal(size=(400, 3)) + 0.5 * rng.normal(size=(16, 3))[donor]
    cohort = cohort_of(400, donor_code=[f"d{i}" for i in donor], lane=rng.integers(0, 4, 400))
    found = suspects(made_of(cohort, values), cohort, by="race")
    assert [(s.column, s.kind, s.measure) for s in found] == [("donor_code", "unit", "ICC")]
    assert 0.05 < found[0].value < 0.5
    assert found[0].p == pytest.approx(0.001)
    assert "intraclass correlation" in found[0].told
    assert "Name it as unit only if it is what was sampled" in found[0].told


def test_an_undeclared_site_and_age_are_named_as_confounders() -> None:
    """A site that goes with the group, and an age, are told; a balanced column is not."""
    rng = np.random.default_rng(1)
    b = np.arange(300) >= 150
    site = np.where(rng.random(300) < np.where(b, 0.8, 0.2), "north", "south")
    cohort = cohort_of(
        300,
        site=site,
        age=50 + 8 * b + 8 * rng.normal(size=300),
        batch=rng.choice(["x", "y", "z"], 300),
        years=(50 + 10 * b + 8 * rng.normal(size=300)).astype(int),
    )
    found = suspects(made_of(cohort, rng.normal(size=(300, 3))), cohort, by="race")
    told = {s.column: s.measure for s in found}
    ratio = "correlation ratio"
    assert told == {"site": "Cramer's V", "age": ratio, "years": ratio}
    assert "strata" in found[0].told
    assert "covariates" in found[1].told


def test_a_finer_label_is_told_as_one() -> None:
    """A column whose states hold one group each is told as a tie that cannot be taken apart."""
    labels = np.where(np.arange(200) < 100, "A", "B")
    finer = np.where(np.arange(200) < 50, "A1", np.where(labels == "A", "A2", "B1"))
    cohort = cohort_of(200, fine=finer)
    rng = np.random.default_rng(6)
    found = suspects(made_of(cohort, rng.normal(size=(200, 3))), cohort, by="race")
    assert [s.column for s in found] == ["fine"]
    assert found[0].told.endswith("the group cannot be told apart from it.")


def test_declared_and_personal_columns_are_not_read() -> None:
    """A declared stratum, an e-mail address and a date of birth are no suspects."""
    rng = np.random.default_rng(2)
    b = np.arange(200) >= 100
    people = pd.DataFrame(
        {
            "race": np.where(b, "B", "A"),
            "site": np.where(b ^ (rng.random(200) < 0.1), "n", "s"),
            "contact": [f"p{i % 8}@x.org" for i in range(200)],
            "patient_name": np.where(b, "Ann", "Bob"),
            "seen": np.where(b, "2020-01-02", "2021-03-04"),
        },
        index=[f"r{i}" for i in range(200)],
    )
    cohort = Cohort(np.zeros((200, 3)), people, unit="row", strata=["site"], groups=["race"])
    assert suspects(made_of(cohort, rng.normal(size=(200, 3))), cohort, by="race") == ()
    assert personal("contact", people["contact"])
    assert not personal("site", people["site"])


def test_columns_of_chance_are_rarely_named() -> None:
    """Four harmless columns in each of 40 cohorts of 60 bring a warning in at most 4."""
    rng, hits = np.random.default_rng(3), 0
    for _ in range(40):
        cohort = cohort_of(
            60,
            a=rng.choice(["x", "y"], 60),
            b=rng.integers(0, 8, 60),
            c=rng.normal(size=60),
            cluster=np.repeat(np.arange(12), 5),
        )
        made = made_of(cohort, rng.normal(size=(60, 3)))
        hits += bool(suspects(made, cohort, by="race", rng=rng))
    assert hits <= 4


def test_icc_is_that_of_the_analysis_of_variance() -> None:
    """ICC and F come from the nested mean squares that statsmodels gives."""
    rng = np.random.default_rng(4)
    cluster = np.repeat(np.arange(8), [4, 5, 6, 4, 7, 5, 3, 6])
    group = (cluster >= 4).astype(np.int64)
    values = rng.normal(size=(40, 1)) + rng.normal(size=(8, 1))[cluster]
    icc, f = intraclass(values, cluster, group)
    frame = pd.DataFrame({"y": values[:, 0], "g": group, "c": cluster})
    table = sm.stats.anova_lm(ols("y ~ C(g)", frame).fit(), ols("y ~ C(c)", frame).fit())
    assert f[0] == pytest.approx(table["F"].iloc[1], rel=1e-9)
    n0 = 0.0
    for g in (0, 1):
        sizes = np.bincount(cluster[group == g])
        n0 += sizes.sum() - (sizes**2).sum() / sizes.sum()
    n0 /= 6
    assert icc[0] == pytest.approx((f[0] - 1) / (f[0] + n0 - 1), rel=1e-9)
    p = intraclass_p(values, cluster, group, draws=999, rng=rng)
    assert p == pytest.approx(stats.f.sf(f[0], 6, 32), abs=0.05)


def test_ties_with_the_group_agree_with_scipy_and_statsmodels() -> None:
    """Cramer's V is the bias-corrected chi squared, the ratio the adjusted R squared."""
    rng = np.random.default_rng(5)
    a, b = rng.integers(0, 3, 90), rng.integers(0, 2, 90)
    a[:40] = b[:40]
    table = np.zeros((3, 2))
    np.add.at(table, (a, b), 1)
    phi = stats.chi2_contingency(table, correction=False).statistic / 90
    left = max(phi - 2 * 1 / 89, 0)
    assert cramers_v(a, b) == pytest.approx((left / (min(3 - 4 / 89, 2 - 1 / 89) - 1)) ** 0.5)
    y = rng.normal(size=90) + b
    fit = sm.OLS(y, sm.add_constant(np.eye(3)[a][:, 1:])).fit()
    assert correlation_ratio(y, a) == pytest.approx(max(fit.rsquared_adj, 0) ** 0.5)
    same, kappa = agreement(a, b)
    assert same == pytest.approx((a == b).mean())
    assert kappa == pytest.approx(cohen_kappa_score(a, b))


def test_a_finer_label_of_the_grouping_is_told_as_no_unit() -> None:
    """Populations of an ancestry lie within it as donors do: both readings are told."""
    rng = np.random.default_rng(5)
    people = np.repeat(np.arange(10), 40)
    values = rng.normal(size=(400, 3)) + 0.6 * rng.normal(size=(10, 3))[people]
    cohort = cohort_of(400, population=[f"pop{i}" for i in people])
    (found,) = suspects(made_of(cohort, values), cohort, by="race")
    assert "If it is a finer label of race" in found.told
    assert "it is no unit" in found.told


def test_small_clusters_are_told_as_the_unit_alone() -> None:
    """Five rows of each person are no label: the advice is to name the unit."""
    rng = np.random.default_rng(6)
    person = np.repeat(np.arange(80), 5)
    values = rng.normal(size=(400, 3)) + 0.8 * rng.normal(size=(80, 3))[person]
    cohort = cohort_of(400, person_code=[f"d{i}" for i in person])
    (found,) = suspects(made_of(cohort, values), cohort, by="race")
    assert "Name it as unit, or every number of people here is too large." in found.told
    assert "finer label" not in found.told


def scans(*, tied: bool, seed: int = 7) -> tuple[Cohort, Attributions]:
    """Two or three scans of each of 200 people, whose view differs between scans.

    The first scan by id is AP of group B and PA of group A; over all scans the view is even, or,
    `tied`, group B has the more AP.
    """
    rng = np.random.default_rng(seed)
    who = np.repeat(np.arange(200), 4)
    b = who >= 100
    first = np.diff(who, prepend=-1) > 0
    if tied:
        view = rng.random(800) < np.where(b, 0.85, 0.15)
        view[first] = ~b[first]
    else:
        view = (np.tile([0, 1, 0, 1], 200) == 1) ^ b
    people = pd.DataFrame(
        {"who": [f"p{i:03d}" for i in who], "race": np.where(b, "B", "A"),
         "view": np.where(view, "AP", "PA")},
        index=[f"s{i:04d}" for i in range(800)],
    )  # fmt: skip
    cohort = Cohort(np.zeros((800, 3)), people, unit="who", groups=["race"])
    return cohort, made_of(cohort, rng.normal(size=(800, 3)))


def test_a_column_that_differs_within_units_counts_by_all_rows() -> None:
    """The view of a person's first scan tells the group; that of all scans does not, or otherwise.

    By the first row alone the even view was a perfect tie, and the tied one the other way round.
    """
    cohort, made = scans(tied=False)
    assert suspects(made, cohort, by="race") == ()
    cohort, made = scans(tied=True)
    (found,) = suspects(made, cohort, by="race")
    assert (found.column, found.kind) == ("view", "confounder")
    share = (cohort.people["view"] == "AP").groupby(cohort.people["who"]).mean()
    table = np.array([
        [part.sum(), (1 - part).sum()] for part in (share.iloc[:100], share.iloc[100:])
    ])  # fmt: skip
    phi = stats.chi2_contingency(table, correction=False).statistic / 200
    side = 2 - 1 / 199
    assert found.value == pytest.approx(((phi - 1 / 199) / (side - 1)) ** 0.5)


def test_a_column_finer_than_the_unit_is_no_unit() -> None:
    """A batch that some people's rows share and others' do not is not what was sampled."""
    rng = np.random.default_rng(8)
    who = np.repeat(np.arange(120), 3)
    batch = who // 4
    batch[rng.random(360) < 0.1] += 30
    values = rng.normal(size=(360, 3)) + rng.normal(size=(60, 3))[batch]
    people = pd.DataFrame(
        {"who": [f"p{i:03d}" for i in who], "race": np.where(who < 60, "A", "B"),
         "plate": [f"b{k}" for k in batch]},
        index=[f"r{i:04d}" for i in range(360)],
    )  # fmt: skip
    cohort = Cohort(np.zeros((360, 3)), people, unit="who", groups=["race"])
    assert all(s.kind != "unit" for s in suspects(made_of(cohort, values), cohort, by="race"))
