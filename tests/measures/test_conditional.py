"""Use from attributions alone: value shift is not flagged, other use is, and reasons are told."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float, Int, Text
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.measures.conditional import Counts, conditional
from evenlight.measures.family import Results
from evenlight.measures.prepare import Setting, as_variables, setting
from evenlight.measures.testing import Testing
from evenlight.measures.why import use_of, why
from evenlight.stats.effects import within_sd

QUICK = Testing(draws=500)


def people_of(
    group: Int, unit: Int | None = None, site: Text | None = None
) -> tuple[pd.DataFrame, dict[str, object]]:
    """People in groups A, B, C, their units and sites, and how a cohort names these columns."""
    people = pd.DataFrame(
        {"race": np.array(list("ABC"))[group]}, index=[f"r{i:05d}" for i in range(len(group))]
    )
    own: dict[str, object] = {"groups": ["race"], "unit": "row"}
    if unit is not None:
        people["who"], own["unit"] = [f"u{u:04d}" for u in unit], "who"
    if site is not None:
        people["site"], own["strata"] = site, ["site"]
    return people, own


def asked(
    x: Float,
    phi: Float,
    group: Int,
    *,
    unit: Int | None = None,
    site: Text | None = None,
    features: Features | None = None,
) -> tuple[Attributions, Setting, float]:
    """Attributions, setting and SD(f) of people with values x (n, p)."""  # fmt: skip
    people, own = people_of(group, unit, site)
    cohort = Cohort(x, people, features, **own)  # type: ignore[arg-type]
    raw = Attributions.from_arrays(
        phi, rows=cohort.rows.tolist(), features=cohort.features, output=phi.sum(axis=1), base=0.0
    )
    made, _ = as_variables(raw, cohort)
    here = setting(cohort, "race", kept=made.converged)
    return made, here, within_sd(here.per_unit(made.total()), here.unit_group)


def both(
    made: Attributions, here: Setting, unit: float, testing: Testing = QUICK, seed: int = 0
) -> tuple[Results, Results, list[Counts]]:
    """Location and slope of a setting."""
    rng = np.random.default_rng(seed)
    (_, location, counts), (_, slope, _) = conditional(
        made, here, unit=unit, testing=testing, rng=rng
    )
    return location, slope, counts


def shifted(rng: np.random.Generator, p: int, n: tuple[int, int], fst: float = 0.1) -> Float:
    """Genotypes of two Balding-Nichols populations, (sum n, p)."""
    base = rng.uniform(0.1, 0.9, p)
    scale = (1 - fst) / fst
    parts = [
        rng.binomial(2, np.clip(rng.beta(base * scale, (1 - base) * scale), 0.05, 0.95), (m, p))
        for m in n
    ]
    return np.vstack(parts).astype(float)


@pytest.mark.parametrize("testing", [QUICK, Testing(method="regression")])
def test_value_shift_is_similar_use(testing: Testing) -> None:
    """SNPs of FST 0.1 used alike: no verdict of use differs, and every SNP is similar."""
    rng = np.random.default_rng(1)
    x, group = shifted(rng, 60, (150, 150)), np.repeat([0, 1], 150)
    phi = (x - x.mean(axis=0)) * rng.normal(size=60) + 0.2 * rng.normal(size=x.shape)
    location, slope, counts = both(*asked(x, phi, group), testing)
    use = use_of(location.verdict, slope.verdict)
    assert (use != "different").all()
    assert (use == "similar").mean() > 0.9
    assert (counts[0].names, counts[0].total) == (("B", "A"), (150, 150))


@pytest.mark.parametrize("testing", [Testing(), Testing(method="regression")])
def test_other_use_is_found_under_value_shift(testing: Testing) -> None:
    """10 of 60 SNPs have another slope in A: all are listed by the slope, almost nothing else."""
    rng = np.random.default_rng(2)
    x, group = shifted(rng, 60, (150, 150)), np.repeat([0, 1], 150)
    weight = np.tile(rng.normal(size=60), (300, 1))
    weight[:150, :10] += 2.0
    phi = (x - x.mean(axis=0)) * weight + 0.3 * rng.normal(size=x.shape)
    location, slope, _ = both(*asked(x, phi, group), testing)
    assert (slope.q[0, :10] < 0.05).all()
    assert (use_of(location.verdict, slope.verdict)[0, :10] == "different").all()
    assert (np.minimum(slope.q, location.q)[0, 10:] < 0.05).sum() <= 3


def test_two_views_are_one_family() -> None:
    """Adjusted p and q of location and slope come from one list of 2 c p tests."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(180, 8))
    made = asked(x, x + rng.normal(size=x.shape), np.arange(180) % 3)
    location, slope, counts = both(*made)
    assert location.p.shape == (3, 8)
    assert len(counts) == 3
    p = np.concatenate([location.p.ravel(), slope.p.ravel()])
    q = np.concatenate([location.q.ravel(), slope.q.ravel()])
    order = np.argsort(p)
    steps = np.minimum.accumulate((p[order] * 48 / np.arange(1, 49))[::-1])[::-1]
    np.testing.assert_allclose(q[order], np.minimum(steps, 1))
    ratio = ((location.high - location.low) / 2 / location.se).ravel()
    assert ratio.min() > 2.8


def test_the_order_of_rows_decides_nothing() -> None:
    """People in reverse: the same bits in every number."""
    rng = np.random.default_rng(4)
    x, group = rng.normal(size=(160, 4)), np.arange(160) % 2
    phi = x + rng.normal(size=x.shape)
    made, here, unit = asked(x, phi, group)
    back = here.cohort.take(np.arange(160)[::-1])
    again, _ = as_variables(made, back)
    one = both(made, here, unit)
    other = both(again, setting(back, "race", kept=again.converged), unit)
    for a, b in zip(one[:2], other[:2], strict=True):
        for name in ("effect", "low", "high", "p", "p_maxt", "q"):
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))


def test_values_that_are_not_shared_cannot_be_asked() -> None:
    """A feature that tells the group, and one shared value only: not estimable, with the reason."""
    rng = np.random.default_rng(5)
    group = np.repeat([0, 1], 60)
    one = np.where(rng.uniform(size=120) < 0.5, 0.0, 1.0 + group)
    x = np.column_stack([group + 0.0, one, rng.normal(size=120)])
    location, slope, _ = both(*asked(x, x + rng.normal(size=x.shape), group))
    assert location.verdict[0].tolist()[:2] == ["not_estimable"] * 2
    assert location.reason[0, 0].startswith("no value of x0 is held by two or more units of both")
    assert location.reason[0, 1].startswith("one value of x1 only")
    assert (slope.reason == location.reason).all()
    assert np.isnan(location.effect[0, :2]).all()


def test_small_groups_are_not_asked() -> None:
    """Ten people of C: every contrast with C is not estimable."""
    rng = np.random.default_rng(6)
    group = np.repeat([0, 1, 2], [60, 60, 10])
    x = rng.normal(size=(130, 2))
    location, _, counts = both(*asked(x, x + rng.normal(size=x.shape), group))
    assert (location.verdict[1:] == "not_estimable").all()
    assert counts[1].reason.startswith("fewer than 11 units in C")


def test_sites_are_held() -> None:
    """Other levels of phi at two sites, groups 80/20 there: within sites nothing differs."""
    rng = np.random.default_rng(7)
    p = []
    for seed in range(25):
        group = np.repeat([0, 1], 100)
        site = np.where(rng.uniform(size=200) < np.where(group == 0, 0.8, 0.2), "s", "t")
        x = rng.normal(size=(200, 2))
        phi = x + 2.0 * (site == "s")[:, None] + rng.normal(size=x.shape)
        location, slope, _ = both(*asked(x, phi, group, site=site), seed=seed)
        p += [location.p, slope.p]
    assert np.mean(np.array(p) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 100)


def test_nominal_states_differ_at_any_state() -> None:
    """A one-hot variable whose middle state is used otherwise is found by one of its slopes."""
    rng = np.random.default_rng(8)
    state, group = rng.integers(0, 3, 300), np.repeat([0, 1], 150)
    x = np.column_stack([state == 1, state == 2, rng.normal(size=300)]).astype(float)
    coded = Indicators("geno", {"g1": "AG", "g2": "GG"}, "AA")
    features = Features(("g1", "g2", "z"), None, (coded,))
    phi = 0.2 * rng.normal(size=x.shape)
    phi[:, 0] += np.where(state == 1, np.where(group == 0, 1.0, -1.0), 0.0)
    made, here, unit = asked(x, phi, group, features=features)
    assert made.features.names == ("geno", "z")
    _, slope, _ = both(made, here, unit)
    assert slope.verdict[0].tolist()[0] == "different"
    assert slope.p[0, 1] > 0.001
    analyst = both(made, here, unit, Testing(method="regression"))
    assert use_of(analyst[0].verdict, analyst[1].verdict)[0, 0] == "different"


def test_donors_with_cells_are_shuffled_as_wholes() -> None:
    """13 + 13 donors of 20 cells whose phi is alike inside a donor: raw p stays near 5 %."""
    rng, p = np.random.default_rng(9), []
    unit = np.repeat(np.arange(26), 20)
    group = (unit >= 13).astype(int)
    for seed in range(30):
        x = rng.normal(size=(520, 2)) + 0.5 * group[:, None]
        phi = x + rng.normal(size=(26, 2))[unit] + rng.normal(size=x.shape)
        location, slope, counts = both(*asked(x, phi, group, unit=unit), seed=seed)
        p += [location.p, slope.p]
    assert counts[0].left == (13, 13)
    assert np.mean(np.array(p) < 0.05) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 120)
    assert (location.verdict != "similar").all()


def test_more_draws_refine_small_p_values() -> None:
    """A planted subject reaches a p that draws cannot count; others stay as they were."""
    rng = np.random.default_rng(10)
    x, group = rng.normal(size=(200, 3)), np.repeat([0, 1], 100)
    phi = x + rng.normal(size=x.shape)
    phi[:, 0] += 2.0 * group * x[:, 0]
    made = asked(x, phi, group)
    few, many = both(*made, Testing(draws=2000))[1], both(*made, Testing(draws=6000))[1]
    assert few.p[0, 0] == 1 / 2001
    assert many.p[0, 0] < 1 / 6001
    np.testing.assert_array_equal(few.p[0, 1:], many.p[0, 1:])
    np.testing.assert_array_equal(few.low, many.low)


def test_missing_values_leave_with_their_people() -> None:
    """NaN in a value that the model takes: those people are no part of that subject."""
    rng = np.random.default_rng(11)
    x, group = rng.normal(size=(200, 2)), np.repeat([0, 1], 100)
    phi = x + rng.normal(size=x.shape)
    x[:30, 0] = np.nan
    people, own = people_of(group)
    cohort = Cohort(x, people, missing="keep", **own)  # type: ignore[arg-type]
    raw = Attributions.from_arrays(phi, rows=cohort.rows.tolist(), features=cohort.features,
                                   output=phi.sum(axis=1), base=0.0)  # fmt: skip
    made, _ = as_variables(raw, cohort)
    here = setting(cohort, "race", kept=made.converged)
    location, _, counts = both(made, here, 1.0)
    assert counts[0].by_subject[1].tolist() == [100, 100]
    assert counts[0].by_subject[0, 1] <= 70
    assert np.isfinite(location.effect).all()


def test_the_family_is_wrong_in_five_percent_of_runs() -> None:
    """12 correlated subjects, values shifted: any adjusted p below 5 % in 5 % + 3 SE of runs."""
    rng, wrong = np.random.default_rng(12), []
    group = np.repeat([0, 1], 80)
    for seed in range(80):
        z = rng.normal(size=(160, 3)).repeat(4, axis=1) + 0.4 * rng.normal(size=(160, 12))
        x = np.round(z + 0.5 * (group == 0)[:, None])
        noise = rng.normal(size=(160, 3)).repeat(4, axis=1) + 0.4 * rng.normal(size=x.shape)
        location, slope, _ = both(*asked(x, x + noise, group), seed=seed)
        wrong.append(min(location.p_maxt.min(), slope.p_maxt.min()) < 0.05)
    assert np.mean(wrong) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 80)


def test_location_alone_never_reassures() -> None:
    """Use is similar only where both are, and different where either is."""
    words = np.array(["similar", "different", "cannot_tell", "not_estimable"])
    location, slope = np.meshgrid(words, words, indexing="ij")
    found = use_of(location, slope)
    assert found[0].tolist() == ["similar", "different", "cannot_tell", "not_estimable"]
    assert (found == found.T).all()
    assert (found == "similar").sum() == 1


def test_mechanisms_follow_their_table() -> None:
    """Direct before all, reference before value, context or use, and nothing from a bent scale."""
    seen = np.array([["different", "different", "similar", "different", "cannot_tell"]])
    use = np.array([["similar", "different", "similar", "cannot_tell", "similar"]])
    no = np.zeros(5, dtype=bool)
    plain = why(seen, use, no, group_is_input=False)
    assert plain[0].tolist() == ["value", "context", "none", "unresolved", "unresolved"]
    own = why(seen, use, no, group_is_input=False, own_backgrounds=True)
    assert own[0].tolist() == ["reference", "context", "none", "unresolved", "unresolved"]
    assert why(seen, use, no, group_is_input=True)[0, 1] == "use"
    assert why(seen, use, no, group_is_input=False, bent=True)[0, 1] == "unresolved"
    assert why(seen, None, no, group_is_input=False)[0].tolist()[:3] == [
        "unresolved", "unresolved", "none",
    ]  # fmt: skip
    assert (why(seen, use, ~no, group_is_input=False) == "direct").all()
