"""Attributions by local ancestry: slopes as written out, errors held, what is planted is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from evenlight import codec
from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features
from evenlight.data.groups import Axes
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import FeatureError, GroupError
from evenlight.measures.by_local_ancestry import by_local_ancestry
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.testing import Testing
from tests.given import made_of

QUICK = Testing(draws=199)
P = 8


def admixed(n: int, seed: int, **roles: object) -> tuple[Cohort, LocalAncestry, Float]:
    """People of two ancestries over 20 chromosomes of two windows, 8 sites, and their share."""
    rng = np.random.default_rng(seed)
    share = rng.beta(4, 3, n)
    first = rng.random((n, 20, 2)) > share[:, None, None]
    again = rng.random((n, 20, 2)) < 0.3
    second = np.where(again, rng.random((n, 20, 2)) > share[:, None, None], first)
    hap = np.stack([first, second], axis=2).reshape(n, 40, 2).astype(np.int64)
    rows = np.array([f"p{i:03d}" for i in range(n)])
    start = np.tile([0, 500], 20)
    chromosome = np.repeat(np.arange(1, 21).astype(str), 2)
    local = LocalAncestry(("AFR", "EUR"), rows, chromosome, start, start + 500, hap)
    place = {"chromosome": [f"chr{2 * j + 1}" for j in range(P)], "position": [250] * P}
    table = pd.DataFrame(place, index=[f"s{j}" for j in range(P)])
    own = hap[:, local.window_of(table)]
    x = (rng.random(own.shape) < np.where(own == 0, 0.2, 0.6)).sum(axis=2).astype(float)
    people = pd.DataFrame(
        {"age": rng.normal(50, 9, n), "site": rng.choice(["a", "b"], n)}, index=rows
    )
    given = {"unit": "row", **roles}
    cohort = Cohort(x, people, Features(tuple(table.index), table=table), **given)  # type: ignore[arg-type]
    return cohort, local, share


def noise(n: int, seed: int) -> Float:
    """Attributions of everybody (n, 8) without any pattern."""
    return np.random.default_rng(1000 + seed).normal(size=(n, P))


def test_slopes_and_errors_are_those_of_a_regression_written_out() -> None:
    """Effect and HC3 error are statsmodels' beside proportion, age and site, and the genotype."""
    cohort, local, _ = admixed(150, 0, covariates=["age"], strata=["site"])
    phi = noise(150, 0)
    made = made_of(cohort, phi)
    found = by_local_ancestry(made, cohort, local, ancestry="AFR", testing=QUICK)
    x, w = local.copies("AFR"), local.window_of(cohort.features.table)  # type: ignore[arg-type]
    age = cohort.people["age"].to_numpy(dtype=float)
    site = (cohort.people["site"] == "a").to_numpy(dtype=float)
    base = np.column_stack([x.mean(axis=1) / 2, age, site, np.ones(150)])
    for j in (0, 5):
        value = cohort.column(j)
        states = np.column_stack([value == 1, value == 2]).astype(float)
        for v, others in enumerate((base, np.hstack([base, states]))):
            wide = np.column_stack([x[:, w[j]], others])
            fit = sm.OLS(phi[:, j].astype(np.float32).astype(float), wide).fit(cov_type="HC3")
            assert found.effect[v, j] * found.unit == pytest.approx(fit.params[0], rel=1e-5)
            assert found.se[v, j] * found.unit == pytest.approx(fit.bse[0], rel=1e-5)
        crude = sm.OLS(phi[:, j], np.column_stack([x[:, w[j]], base[:, 1:]])).fit()
        assert found.crude[j] * found.unit == pytest.approx(crude.params[0], rel=1e-4)
        assert found.count[:, j].tolist() == [(x[:, w[j]] == c).sum() for c in range(3)]
        one = phi[x[:, w[j]] == 1, j].mean() / found.unit
        assert found.rounded or found.mean[1, j] == pytest.approx(one, rel=1e-5)
    again = codec.restore(LocalComparison, codec.plain(found))
    assert again.to_frame().equals(found.to_frame())
    assert len(found.carriers()) == 3 * P


def test_what_follows_global_ancestry_alone_is_not_taken_for_local() -> None:
    """Steps and curves in the share, with a spread that grows with it, are flagged at the rate."""
    flagged, confounded = [], []
    for seed in range(30):
        cohort, local, share = admixed(100, seed)
        phi = noise(100, seed) * (0.4 + share[:, None]) + 2 * np.sin(5 * share[:, None])
        phi += 2 * (share[:, None] > 0.7)
        found = by_local_ancestry(
            made_of(cohort, phi), cohort, local, ancestry="AFR", testing=QUICK, over="windows"
        )
        flagged.append((found.p_maxt[0] <= 0.05).any())
        confounded.append(np.median(np.abs(found.crude)) > np.median(np.abs(found.effect[0])))
    assert np.sum(flagged) <= 5
    assert np.mean(confounded) > 0.8


def test_what_is_planted_at_a_place_is_found_there_alone() -> None:
    """An effect per copy at site 0 is different, whatever ancestry is named; an allele's is not.

    Site 1 carries an effect of its allele: it differs by local ancestry, as allele frequencies do,
    and no longer among people of one genotype.
    """
    cohort, local, share = admixed(400, 1)
    phi = 0.5 * noise(400, 1) + share[:, None]
    phi[:, 0] += 0.8 * local.copies("AFR")[:, 0]
    phi[:, 1] += 1.5 * cohort.column(1)
    made = made_of(cohort, phi)
    found = by_local_ancestry(made, cohort, local, ancestry="AFR", testing=QUICK)
    assert found.given == ("nothing", "genotype")
    assert (found.verdict[0] == "different").tolist() == [True, True] + [False] * 6
    assert (found.verdict[1] == "different").tolist() == [True] + [False] * 7
    other = by_local_ancestry(made, cohort, local, ancestry="EUR", testing=QUICK)
    np.testing.assert_allclose(other.effect, -found.effect, rtol=1e-6, atol=1e-12)
    given = Axes("admixture", np.column_stack([share, 1 - share]), cohort.rows, ("AFR", "EUR"),
                 composition="shares")  # fmt: skip
    beside = by_local_ancestry(made, cohort, local, ancestry="AFR", beside=given, testing=QUICK)
    assert beside.verdict[0, 0] == "different"
    assert "0.05" not in repr(beside)


def test_rows_of_a_person_and_their_order_change_nothing() -> None:
    """Every row twice under one unit, and rows turned round, give the same numbers."""
    cohort, local, _ = admixed(80, 2)
    phi = noise(80, 2)
    ask = {"ancestry": "AFR", "testing": QUICK}
    one = by_local_ancestry(made_of(cohort, phi), cohort, local, **ask)  # type: ignore[arg-type]
    turned = cohort.take(np.arange(80)[::-1])
    same = by_local_ancestry(made_of(turned, phi[::-1]), turned, local, **ask)  # type: ignore[arg-type]
    assert same.p.tobytes() == one.p.tobytes()
    assert same.effect.tobytes() == one.effect.tobytes()
    at = np.repeat(np.arange(80), 2)
    people = cohort.people.assign(person=cohort.rows).iloc[at]
    people.index = pd.Index([f"r{i:03d}" for i in range(160)])
    twice = Cohort(cohort.dense()[at], people, cohort.features, unit="person")
    wide = local.take(at, twice.rows)
    found = by_local_ancestry(made_of(twice, phi[at]), twice, wide, **ask)  # type: ignore[arg-type]
    np.testing.assert_allclose(found.effect, one.effect, rtol=1e-5)
    np.testing.assert_array_equal(found.count, one.count)


def test_what_cannot_be_asked_has_a_reason() -> None:
    """Few carriers, sites in no window and values that are no genotypes say why."""
    cohort, local, _ = admixed(90, 3)
    hap = local.haplotypes.copy()
    hap[:, 0] = 1
    hap[:6, 0, 0] = 0
    rare = LocalAncestry(
        local.ancestries, local.rows, local.chromosome, local.start, local.end, hap
    )
    table = cohort.features.table.copy()  # type: ignore[union-attr]
    table.loc["s1", "position"] = 10_000
    x = cohort.dense()
    x[:, 2] += 0.1
    own = cohort.altered(x=x, features=Features(cohort.features.names, table=table))
    found = by_local_ancestry(made_of(own, noise(90, 3)), own, rare, ancestry="AFR", testing=QUICK)
    assert found.reason[0, 0].startswith("fewer than 11 people have another number")
    assert found.reason[0, 1] == "the subject lies in no window of local ancestry"
    assert found.reason[0, 2] == ""
    assert found.reason[1, 2].startswith("the own value is no genotype")
    assert found.cell_reason[1, 0] == "suppressed (<11)"
    assert np.isnan(found.count[1, 0])
    assert found.rounded
    assert (found.count[0, 3:] % 5 == 0).all()
    sums = by_local_ancestry(
        made_of(own, noise(90, 3)), own, rare, ancestry="AFR", over="windows", testing=QUICK
    )
    assert sums.subjects[-1] == "in no window"
    assert len(sums.subjects) == P
    assert sums.reason[0, -1] == "the subject lies in no window of local ancestry"


def test_what_does_not_fit_is_refused() -> None:
    """No places, another build, people without local ancestry, and torn units are errors."""
    cohort, local, _ = admixed(40, 4)
    made = made_of(cohort, noise(40, 4))
    bare = cohort.altered(features=Features(cohort.features.names))
    with pytest.raises(FeatureError, match="chromosome and position of each feature"):
        by_local_ancestry(made_of(bare, noise(40, 4)), bare, local, ancestry="AFR")
    far = LocalAncestry(
        local.ancestries, local.rows, local.chromosome, local.start + 1000, local.end + 1000,
        local.haplotypes,
    )  # fmt: skip
    with pytest.raises(FeatureError, match="none of 8 features lies in a window"):
        by_local_ancestry(made, cohort, far, ancestry="AFR")
    with pytest.raises(ValueError, match="1 of 40 row ids are missing"):
        by_local_ancestry(made, cohort, local.take(np.arange(39)), ancestry="AFR")
    with pytest.raises(FeatureError, match="over='genes'"):
        by_local_ancestry(made, cohort, local, ancestry="AFR", over="genes")  # type: ignore[arg-type]
    torn = Cohort(
        cohort.dense(), cohort.people.assign(person=np.repeat(np.arange(20), 2)), cohort.features,
        unit="person",
    )  # fmt: skip
    with pytest.raises(GroupError, match="another local ancestry than other rows of their unit"):
        by_local_ancestry(made_of(torn, noise(40, 4)), torn, local, ancestry="AFR")


@pytest.mark.data
def test_mosaics_of_real_people_differ_by_allele_and_not_by_use(data: Path) -> None:
    """A linear score differs by local ancestry where alleles do, and not among one genotype.

    People are mosaics: on each chromosome the genotypes of a real person of Africa or Europe.
    """
    held = np.load(data / "kg2504-genotypes" / "genotypes.npz")
    origin = pd.read_csv(data / "kg2504-genotypes" / "samples.csv")["superpopulation"].to_numpy()
    x, names = held["kidd55"].astype(float), [str(s) for s in held["kidd55_sites"]]
    cells = [n.split("|")[1].split(":")[:2] for n in names]
    table = pd.DataFrame(cells, columns=["chromosome", "position"], index=names)
    table["position"] = table["position"].astype(int)
    rng = np.random.default_rng(0)
    n, own = 300, np.unique(table["chromosome"])
    share = rng.beta(3, 3, n)
    side = (rng.random((n, len(own))) > share[:, None]).astype(np.int64)
    pools = [np.flatnonzero(origin == name) for name in ("AFR", "EUR")]
    donor = np.stack([rng.choice(pool, (n, len(own))) for pool in pools])
    column = np.searchsorted(own, table["chromosome"].to_numpy(dtype=str))
    from_whom = np.where(side == 0, donor[0], donor[1])
    mosaic = x[from_whom[:, column], np.arange(len(names))]
    rows = np.array([f"m{i:03d}" for i in range(n)])
    local = LocalAncestry(
        ("AFR", "EUR"), rows, own, np.zeros(len(own), dtype=np.int64),
        np.full(len(own), 300_000_000), np.repeat(side[:, :, None], 2, axis=2),
    )  # fmt: skip
    people = pd.DataFrame({"n": range(n)}, index=rows)
    cohort = Cohort(mosaic, people, Features(tuple(names), table=table), unit="row")
    weight = rng.normal(size=len(names))
    made = made_of(cohort, weight * (mosaic - mosaic.mean(axis=0)))
    found = by_local_ancestry(made, cohort, local, ancestry="AFR", testing=QUICK)
    asked = found.reason == ""
    apart = np.abs(x[origin == "AFR"].mean(axis=0) - x[origin == "EUR"].mean(axis=0)) / 2
    assert (found.verdict[0][(apart > 0.6) & (np.abs(weight) > 0.5)] == "different").all()
    assert (np.abs(found.effect[1][asked[1]]) < 1e-5).all()
    assert not (found.verdict[1] == "different").any()
