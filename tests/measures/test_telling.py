"""How far values of subjects tell the group, beside a reliance: over units, of any kind."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import mutual_info_score

from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.indicators import Indicators
from evenlight.measures import telling
from evenlight.measures.associate import associate
from evenlight.measures.prepare import setting
from evenlight.measures.telling import association
from evenlight.stats.association import expected_information
from tests.given import made_of
from tests.slow import eps_squared

NAMES = ("age", "kit B", "dose", "kit C")
FEATURES = Features(NAMES, None, (Indicators("kit", {"kit B": "B", "kit C": "C"}, "A"),))


def seen(rows_of: int) -> tuple[Cohort, np.ndarray]:
    """90 people of two groups, each seen `rows_of` times, and the kit of each."""
    rng = np.random.default_rng(0)
    g = np.repeat([0, 1], [40, 50])
    kit = np.minimum(rng.integers(0, 3, 90) + g * rng.integers(0, 2, 90), 2)
    x = np.column_stack([rng.normal(size=90) + g, kit == 1, rng.normal(size=90), kit == 2])
    table = pd.DataFrame(
        {"group": np.tile(g.astype(str), rows_of), "person": np.tile(np.arange(90), rows_of)},
        index=[f"r{i:03d}" for i in range(90 * rows_of)],
    )
    table["person"] = "p" + table["person"].astype(str).str.zfill(2)
    wide = np.tile(x.astype(float), (rows_of, 1))
    return Cohort(wide, table, FEATURES, unit="person"), kit


@pytest.mark.parametrize("rows_of", [1, 3])
def test_each_subject_is_told_over_units(rows_of: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers by eps squared, states by corrected information; seen thrice counts once."""
    monkeypatch.setattr(telling, "WIDTH", 1)
    cohort, kit = seen(rows_of)
    here = setting(cohort, "group")
    made = made_of(cohort, cohort.dense()).by(cohort.features.variables())
    out, kinds = association(here, made)
    assert made.features.names == ("age", "kit", "dose")
    assert kinds.tolist() == ["eps squared", "information", "eps squared"]
    g = np.repeat([0, 1], [40, 50])
    plain = eps_squared(cohort.dense()[:90][:, [0, 2]], g)
    np.testing.assert_allclose(out[[0, 2]], plain)
    chance = expected_information(np.bincount(kit), np.bincount(g))
    wanted = (mutual_info_score(kit, g) - chance) / mutual_info_score(g, g)
    assert out[1] == pytest.approx(wanted)


def test_a_set_is_told_by_its_attribution() -> None:
    """A sum over features has no values of its own; its attribution speaks, and says so."""
    cohort, _ = seen(1)
    sets = FeatureSets.from_lists({"kits": ["kit B", "kit C"], "rest": ["age", "dose"]}, NAMES)
    made = made_of(cohort, cohort.dense()).by(sets)
    out, kinds = association(setting(cohort, "group"), made)
    assert set(kinds.tolist()) == {"eps squared of the attribution"}
    g = np.repeat([0, 1], [40, 50])
    np.testing.assert_allclose(out, eps_squared(made.values.astype(float), g))


def test_it_agrees_with_associate() -> None:
    """Beside a reliance stand the numbers that `associate` gives without a model."""
    cohort, _ = seen(1)
    made = made_of(cohort, cohort.dense()).by(cohort.features.variables())
    out, _ = association(setting(cohort, "group"), made)
    found = associate(cohort, by="group")
    np.testing.assert_allclose(out[[0, 2]], found.share[0, [0, 2]])
    assert out[1] == pytest.approx(found.information[0, 1])
