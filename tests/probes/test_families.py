"""Relatives stand on one side wherever people are divided."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.families import kept_together
from evenlight.errors import CohortError, GroupError, InputError, UnknownName
from evenlight.probes.crossfit import folds_of_units
from evenlight.probes.embedded import Embeddings
from evenlight.probes.halves import split

FAMILIES, SIZE = 60, 3


def kin(*, seed: int = 0, rows: int = 1, d: int = 60) -> tuple[Float, Cohort]:
    """Families of three who share embedding and outcome; no embedding tells the outcome.

    The outcome is drawn for each family, and so is the embedding, with little noise a person.
    """
    rng = np.random.default_rng(seed)
    family = np.repeat(np.arange(FAMILIES), SIZE)
    who = np.repeat(np.arange(FAMILIES * SIZE), rows)
    e = (rng.normal(size=(FAMILIES, d))[family] + 0.1 * rng.normal(size=(len(family), d)))[who]
    y = (np.arange(FAMILIES) % 2)[family]
    people = pd.DataFrame(
        {
            "y": y[who], "person": who, "kin": family[who].astype(str),
            "site": np.array(["a", "b"])[(family // 2 % 2)[who]],
        },
        index=[f"r{i:04d}" for i in range(len(who))],
    )  # fmt: skip
    return e, Cohort(np.zeros((len(who), 1)), people, outcome="y", groups=["site"], unit="person")


def test_a_family_is_in_one_fold() -> None:
    """With families each stands in one fold, evenly dealt by class; without, most are split."""
    _, cohort = kin(rows=2)
    rng = np.random.default_rng
    fold = folds_of_units(cohort, 4, rng=rng(0), families="kin")
    family = cohort.people["kin"].to_numpy()
    assert all(len(np.unique(fold[family == name])) == 1 for name in np.unique(family))
    share = [cohort.y[fold == k].mean() for k in range(4)]
    assert max(share) - min(share) < 0.15
    plain = folds_of_units(cohort, 4, rng=rng(0))
    cut = [len(np.unique(plain[family == name])) > 1 for name in np.unique(family)]
    assert np.mean(cut) > 0.5


def test_no_half_has_a_relative_in_the_other() -> None:
    """The searched half and the half that shows share no family, and groups are divided evenly."""
    _, cohort = kin()
    groups = cohort.grouping("site")
    one, two = split(cohort, groups, most=99, rng=np.random.default_rng(0), families="kin")
    family = cohort.people["kin"].to_numpy()
    assert not set(family[one]) & set(family[two])
    assert len(one) + len(two) == cohort.n
    for half in (one, two):
        assert abs(groups.codes[half].mean() - 0.5) < 0.1
    apart, other = split(cohort, groups, most=99, rng=np.random.default_rng(0))
    assert set(family[apart]) & set(family[other])


def test_a_head_that_has_seen_relatives_is_flattered() -> None:
    """With nothing to learn, folds of people give an AUROC near 1, folds of families near 0.5."""
    e, cohort = kin()
    y = cohort.y
    seen = Embeddings(e, rows=cohort.rows).audited(cohort).model.output
    apart = Embeddings(e, rows=cohort.rows, families="kin").audited(cohort)
    assert roc_auc_score(y, seen) > 0.9
    assert roc_auc_score(y, apart.model.output) < 0.65
    assert any("folds of whole families" in note for note in apart.cohort.notes)


def test_people_without_a_family_are_one_of_their_own() -> None:
    """An unknown family keeps the rows of the unit together and joins it to nobody."""
    _, cohort = kin(rows=2)
    some = cohort.people.assign(kin=cohort.people["kin"].where(cohort.people["person"] > 8))
    fewer = Cohort(cohort.x, some, outcome="y", groups=["site"], unit="person")
    code = kept_together(fewer, "kin")
    assert len(np.unique(code)) == FAMILIES - 3 + 9
    assert len(np.unique(code[:18])) == 9
    np.testing.assert_array_equal(kept_together(fewer), fewer.units)
    mixed = fewer.take(np.random.default_rng(0).permutation(fewer.n))
    there = dict(zip(mixed.rows, kept_together(mixed, "kin"), strict=True))
    assert [there[row] for row in fewer.rows] == code.tolist()
    torn = cohort.people.assign(kin=np.arange(cohort.n).astype(str))
    with pytest.raises(GroupError, match="more than one group"):
        kept_together(Cohort(cohort.x, torn, outcome="y", unit="person"), "kin")


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"folds": 1}, InputError, "folds is 1; wanted a whole number of at least 2"),
        ({"folds": 2.5}, InputError, "folds is 2.5"),
        ({"rng": -1}, InputError, "rng is -1; wanted a whole number of at least 0"),
        ({"rng": np.random.default_rng(0)}, InputError, "rng is Generator"),
        ({"directions": "pcs"}, UnknownName, "no directions 'pcs'; known: principal"),
        ({"families": 3}, InputError, "families is a int; wanted a column of people"),
    ],
)
def test_options_that_suit_no_cohort_are_refused_at_once(
    given: dict[str, object], error: type[Exception], message: str
) -> None:
    """Before any cohort is seen, each names the option, its value and what is wanted."""
    e, cohort = kin()
    with pytest.raises(error, match=message):
        Embeddings(e, rows=cohort.rows, **given)  # type: ignore[arg-type]


def test_a_column_of_families_that_is_not_there_is_named() -> None:
    """The cohort says which column is missing."""
    e, cohort = kin()
    with pytest.raises(CohortError, match="kinship"):
        Embeddings(e, rows=cohort.rows, families="kinship").audited(cohort)
