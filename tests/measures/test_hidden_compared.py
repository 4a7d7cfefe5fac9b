"""Nobody can solve for 1 to 10 people from comparisons, reliance, versions or their units."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.codec import plain
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.probed import Contrasts, Predictions
from evenlight.errors import AttributionError
from evenlight.measures.by_allele import by_allele
from evenlight.measures.compare import compare
from evenlight.measures.coverage import label_coverage
from evenlight.measures.fragility import fragility
from evenlight.measures.globally import globally
from evenlight.measures.intersect import intersect
from evenlight.measures.mixed import mixed
from evenlight.measures.omnibus import omnibus
from evenlight.measures.people import depend, sensitivities
from evenlight.measures.rely import rely
from evenlight.measures.structure import Structure
from evenlight.measures.testing import Testing
from evenlight.measures.tip_reliance import tip_reliance
from evenlight.measures.versions import versions
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.perturbation import Perturbation
from evenlight.probes.worst import worst
from evenlight.stats.disclosure import told_step

WEIGHTS = np.array([1.0, 2.0, -1.0])
QUICK = Testing(draws=199)
LOSE = Perturbation(
    "loss", lambda v, s, rng: v * (1 - s), (0.2,), "share", "numbers", "v (1 - s)", by_row=False
)
NAMES = ["s1", "s2", "s3"]


def model(x: Float) -> Float:
    """A linear score of dosages."""
    return np.asarray(x @ WEIGHTS, dtype=np.float64)


def people(few: int, *, of: str = "c", others: int = 0, rows: int = 1) -> Cohort:
    """60 people of a, 60 of b, and a few of another label (None: unknown), redrawn by `others`."""
    rng, again = np.random.default_rng(1), np.random.default_rng(100 + others)
    n = 120 + few
    group = np.array(["a"] * 60 + ["b"] * 60 + [of] * few, dtype=object)
    group[group == ""] = None
    x = rng.integers(0, 3, size=(n * rows, 3)).astype(float)
    sex, y = rng.choice(["f", "m"], n), rng.integers(0, 2, n).astype(float)
    x[120 * rows :] = again.integers(0, 3, size=(few * rows, 3))
    sex[120:], y[120:] = again.choice(["f", "m"], few), again.integers(0, 2, few)
    table = pd.DataFrame(
        {"g": group, "sex": sex, "y": y, "who": [f"d{i:03d}" for i in range(n)]},
        index=[f"r{i:03d}" for i in range(n)],
    )
    table = table.loc[np.repeat(table.index, rows)]
    table.index = [f"{name}.{i % rows}" for i, name in enumerate(table.index)]
    return Cohort(x, table, NAMES, unit="who", groups=["g"], outcome="y", strata=["sex"])


def explained(cohort: Cohort, scale: float = 1.0) -> Attributions:
    """What the linear score is made of."""
    x = cohort.dense() * scale
    return Attributions.from_arrays(
        x * WEIGHTS, rows=cohort.rows.tolist(), features=NAMES, output=model(x), base=0.0
    )


def contrasts(cohort: Cohort) -> Contrasts:
    """What a change of each dosage from 0 to 2 does to somebody, unlike from one to the next."""
    moved = 2 * WEIGHTS + 0.1 * cohort.dense()
    low, high = ("0",) * 3, ("2",) * 3
    output = model(cohort.dense())
    return Contrasts(
        cohort.rows, tuple(NAMES), low, high, moved, moved, "output", "identity", output=output
    )


def said(cohort: Cohort, scale: float) -> Predictions:
    """The response of the score."""
    margin = scale * model(cohort.dense()) - 1
    return Predictions(cohort.rows, margin, 1 / (1 + np.exp(-margin)), "output", "logit")


def changed(cohort: Cohort) -> object:
    """A version against the next, with the loss of both."""
    pair = explained(cohort), explained(cohort, 1.1)
    return versions(
        pair, cohort, by="g", predictions=(said(cohort, 1), said(cohort, 1.1)), testing=QUICK
    )


def along(cohort: Cohort) -> object:
    """Reliance adjusted for axes and families that are given in the order of the cohort."""
    place = np.arange(cohort.n)
    axes = Axes("pcs", np.sin(place[:, None].astype(float)))
    kin = Groups("kin", tuple(f"k{i}" for i in range(60)), place % 60)
    return rely(explained(cohort), cohort, by="g", testing=QUICK, adjust=Structure(axes, kin))


RECORDS: dict[str, Callable[[Cohort], object]] = {
    "compare": lambda c: compare(explained(c), c, by="g", testing=QUICK),
    "common changes": lambda c: compare(
        explained(c), c, by="g", contrasts=contrasts(c), testing=QUICK
    ),
    "rely": lambda c: rely(explained(c), c, by="g", testing=QUICK),
    "rely adjusted": along,
    "omnibus": lambda c: omnibus(explained(c), c, by="g", testing=QUICK),
    "globally": lambda c: globally(explained(c), c, by="g", draws=100),
    "versions": changed,
    "coverage": lambda c: label_coverage(explained(c), c, by="g", testing=QUICK),
    "by allele": lambda c: by_allele(explained(c), c, "s1", by="g", testing=QUICK),
    "dependence": lambda c: depend(explained(c), c, by="g", subject="s1"),
    "sensitivity": lambda c: sensitivities(contrasts(c), c, by="g"),
    "worst gap": lambda c: worst(model, c, suite=LOSE, by="g"),
    "fragility": lambda c: fragility(perturb(model, c, suite=LOSE), c, by="g", testing=QUICK),
}


def told(record: object) -> str:
    """What a record says, apart from the fingerprint of its cohort."""
    made = plain(record)
    assert isinstance(made, dict)
    return json.dumps({k: v for k, v in made.items() if k != "cohort_digest"})


@pytest.mark.parametrize("of", ["c", ""])
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_is_the_same_whatever_the_hidden_people_are_like(name: str, of: str) -> None:
    """Values, outcomes and sex of three hidden people redrawn: every record byte for byte."""
    one, other = (told(RECORDS[name](people(3, of=of, others=i))) for i in (0, 1))
    assert one == other


def test_nor_does_a_mixed_model_or_a_table_of_cells_tell() -> None:
    """Of several rows a person, and of crossed groupings, the same."""
    several = [people(3, others=i, rows=2) for i in (0, 1)]
    assert len({told(mixed(explained(c), c, by="g")) for c in several}) == 1
    assert len({told(compare(explained(c), c, by="g", testing=QUICK)) for c in several}) == 1
    crossed = [_same_sex(people(3, others=i)) for i in (0, 1)]
    cells = [intersect(explained(c), c, by=["g", "sex"], testing=QUICK) for c in crossed]
    assert told(cells[0]) == told(cells[1])


def _same_sex(cohort: Cohort) -> Cohort:
    """The few are women, so that counts of cells do not change."""
    table = cohort.people.copy()
    table.loc[table["g"] == "c", "sex"] = "f"
    return Cohort(cohort.dense(), table, NAMES, unit="row", groups=["g"], outcome="y")


@pytest.mark.parametrize("few", [1, 3, 10])
def test_the_spread_of_hidden_people_stays_open(few: int) -> None:
    """The squares of everybody, from another table, less those of the shown: open by five SD^2."""
    cohort = people(few)
    units = {view.unit for view in compare(explained(cohort), cohort, by="g", testing=QUICK).views}
    units.add(fragility(perturb(model, cohort, suite=LOSE), cohort, by="g", testing=QUICK).sd)
    units.add(worst(model, cohort, suite=LOSE, by="g").sd)
    assert len(units) == 1
    sd = units.pop()
    f, g = model(cohort.dense()), np.array(cohort.people["g"])
    true = np.sqrt(np.mean([f[g == level].var() for level in "ab"]))
    step = float(told_step(np.array([true / np.sqrt(240)]), np.array([120.0]))[0])
    assert whole_steps(np.array([sd]), np.array([step]))
    assert abs(sd - true) <= step / 2
    assert 0.02 * true < step < 0.08 * true
    assert 120 * ((sd + step / 2) ** 2 - (sd - step / 2) ** 2) > 5 * true**2


def test_everybody_less_the_shown_does_not_leave_the_hidden_mean() -> None:
    """Means by sex are exact; those beside a hidden part are so coarse that theirs stays open.

    The attacker knows how many people there are of each group.
    """
    for few in (1, 4, 10):
        cohort = people(few)
        made = explained(cohort)
        coarse = compare(made, cohort, by="g", testing=QUICK)
        exact = compare(made, cohort, by="sex", testing=QUICK)
        sexes = [(cohort.people["sex"] == level).sum() for level in exact.levels]
        phi = np.asarray(made.values, dtype=np.float64)
        for name, true in (("mean", phi), ("importance", np.abs(phi))):
            everybody = np.array(sexes) @ getattr(exact, name)
            np.testing.assert_allclose(everybody, true.sum(axis=0), rtol=1e-6)
            solved = (everybody - 60 * getattr(coarse, name)[:2].sum(axis=0)) / few
            assert (np.abs(solved - true[120:].mean(axis=0)) > 0).all()
            parts = [true[60 * k : 60 * (k + 1)] for k in (0, 1)]
            steps = [told_step(part.std(axis=0) / np.sqrt(60), np.array(60)) for part in parts]
            assert all(whole_steps(getattr(coarse, name)[k], steps[k]) for k in (0, 1))
            reach = 60 * (steps[0] + steps[1]) / 2 / few
            assert (reach > 0.8 * true.std(axis=0)).all() or few == 10
            assert (reach > 0.4 * true.std(axis=0)).all()
        assert not (coarse.importance_low[:2] > coarse.importance[:2]).any()


def whole_steps(values: Float, step: Float) -> bool:
    """Whether values are whole numbers of steps."""
    return bool(np.allclose(values / step, np.round(values / step), atol=1e-6))


def test_the_mass_of_reliance_is_that_of_the_shown_to_a_step() -> None:
    """From the sum over everybody no genotype of one person of unknown ancestry is singled out."""
    cohort = people(1, of="")
    made = explained(cohort)
    mass = rely(made, cohort, by="g", testing=QUICK).mass
    phi = np.abs(np.asarray(made.values, dtype=np.float64))
    total = phi[:120].mean(axis=0).sum()
    step = told_step(phi[:120].std(axis=0) / total / np.sqrt(120), np.array(120))
    assert whole_steps(mass, step)
    fit = []
    for dosage in np.ndindex(3, 3, 3):
        shown = phi.sum(axis=0) - np.abs(np.array(dosage) * WEIGHTS)
        fit.append(bool((np.abs(shown / shown.sum() - mass) <= step / 2).all()))
    assert sum(fit) >= 20


def test_a_reliance_is_known_again_beside_hidden_people() -> None:
    """What a reliance is taken further by is compared with its mass as it is told."""
    cohort = people(3)
    lean = rely(explained(cohort), cohort, by="g", testing=QUICK)
    tipped = tip_reliance(lean, explained(cohort), cohort, by="g")
    assert tipped.grouping == "g"
    other = replace(explained(cohort), values=explained(cohort).values[:, ::-1].copy())
    with pytest.raises(AttributionError, match="other attributions"):
        tip_reliance(lean, other, cohort, by="g")


def test_bounds_do_not_tell_what_few_unknown_people_are_like() -> None:
    """A bound over one unknown person is that person's value: neither test nor bound."""
    found = label_coverage(explained(people(1, of="")), people(1, of=""), by="g", testing=QUICK)
    assert np.isnan([found.least, found.difference]).all()
    assert set(found.why.ravel()) == set(found.reason)
    assert "fewer than 11 units in unknown" in found.why[0, 0]


def test_nothing_changes_where_nothing_is_hidden() -> None:
    """With eleven of c numbers are exact, and c is compared."""
    cohort = people(11)
    made = explained(cohort)
    found = compare(made, cohort, by="g", testing=QUICK)
    g, phi = np.array(cohort.people["g"]), np.asarray(made.values, dtype=np.float64)
    for k, level in enumerate(found.levels):
        np.testing.assert_allclose(found.mean[k], phi[g == level].mean(axis=0))
    assert (found.verdict[0] != "not_estimable").any(axis=1).all()
    mass = rely(made, cohort, by="g", testing=QUICK).mass
    np.testing.assert_allclose(mass, np.abs(phi).mean(axis=0) / np.abs(phi).mean(axis=0).sum())


def test_an_unconverged_group_is_still_told_of() -> None:
    """Where most of a group's rows did not converge it is hidden, and its loss is said."""
    cohort = people(30)
    made = explained(cohort)
    made = replace(made, converged=np.arange(cohort.n) < 125)
    found = compare(made, cohort, by="g", testing=QUICK)
    c = found.levels.index("c")
    assert (found.unconverged[c], found.level_reason[c]) == (25, "suppressed (<11)")
