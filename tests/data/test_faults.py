"""Faults of data and labels: each stops before work and names the item and the remedy."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.errors import AttributionError, CohortError, FeatureError, GroupError
from evenlight.measures.compare import compare
from evenlight.measures.people import compose

IDS = [f"p{chr(97 + i // 26)}{chr(97 + i % 26)}" for i in range(60)]


def people(**columns: object) -> pd.DataFrame:
    """Sixty people with sex and site."""
    base = {"sex": ["female", "male"] * 30, "site": ["s1"] * 30 + ["s2"] * 30}
    return pd.DataFrame({**base, **columns}, index=IDS)


def frame(p: int = 3) -> pd.DataFrame:
    """Sixty rows of p features."""
    x = np.random.default_rng(0).normal(size=(60, p))
    return pd.DataFrame(x, index=IDS, columns=[f"g{j}" for j in range(p)])


def given(cohort: Cohort) -> Attributions:
    """The values of x as attributions."""
    x = cohort.dense()
    return Attributions.from_arrays(
        x, rows=cohort.rows.tolist(), features=cohort.features, output=x.sum(axis=1), base=0.0
    )


def test_01_values_that_are_not_finite_are_named() -> None:
    """Fault 1: count, columns, first rows by position, and the opt-in remedies."""
    x = frame()
    x.iloc[4, 1], x.iloc[9, 2] = np.nan, np.inf
    with pytest.raises(
        CohortError, match=r"2 values that are not finite in 2 columns.*g1.*g2.*\[4, 9\]"
    ):
        Cohort(x, people())
    dropped = Cohort(x, people(), missing="drop")
    assert dropped.n == 58
    assert any("not finite were dropped" in note for note in dropped.notes)
    assert [one.left for one in dropped.flow] == [None]  # too few to be counted
    filled = Cohort(x, people(), missing="median")
    assert filled.dense()[4, 1] == pytest.approx(np.median(x["g1"].dropna()))
    assert any("replaced by the column's median" in note for note in filled.notes)


def test_02_a_group_of_one_is_not_tested_nor_shown() -> None:
    """Fault 2: one person of a group is not estimable and suppressed; the others are compared."""
    cohort = Cohort(frame(), people(race=["A"] * 30 + ["B"] * 29 + ["C"]), groups=["race"])
    found = compare(given(cohort), cohort, by="race")
    lone = [i for i, pair in enumerate(found.contrasts) if "C" in pair]
    rest = [i for i, pair in enumerate(found.contrasts) if "C" not in pair]
    assert (found.verdict[:, lone] == "not_estimable").all()
    assert (found.verdict[:, rest] != "not_estimable").all()
    assert "fewer than 11 units in C" in found.reason[0, lone[0], 0]
    assert np.isnan(found.mean[found.levels.index("C")]).all()
    assert compose(cohort, by="race").reason.tolist()[2] == "suppressed (<11)"


def test_03_one_group_is_nothing_to_compare() -> None:
    """Fault 3: an error, never a pass."""
    cohort = Cohort(frame(), people(race=["A"] * 60))
    with pytest.raises(GroupError, match=r"race: nothing to compare.*\['A'\].*two groups"):
        compare(given(cohort), cohort, by="race")


def test_04_labels_are_aligned_by_id() -> None:
    """Fault 4: people, groups and attributions in other orders give the same answer."""
    cohort = Cohort(frame(), people(), groups=["sex"])
    shuffled = people().sample(frac=1, random_state=1)
    again = Cohort(frame(), shuffled, groups=[Groups.from_labels("sex", shuffled["sex"])])
    made = given(cohort)
    order = np.random.default_rng(2).permutation(60)
    mixed = Attributions.from_arrays(
        made.values[order], rows=made.rows[order].tolist(), features=made.features,
        output=made.output[order], base=0.0,
    )  # fmt: skip
    one, other = compare(made, cohort, by="sex"), compare(mixed, again, by="sex")
    np.testing.assert_array_equal(one.effect, other.effect)
    np.testing.assert_array_equal(one.p, other.p)


def test_05_bare_labels_need_by_position() -> None:
    """Fault 5: an array has no ids; its order counts only if the caller says so."""
    with pytest.raises(GroupError, match=r"sex: labels without row ids.*by_position=True"):
        Groups.from_labels("sex", ["f", "m"] * 30)
    bare = Groups.from_labels("sex", ["f", "m"] * 30, by_position=True)
    assert Cohort(frame(), people(), groups=[bare]).groups[0].codes.tolist() == [0, 1] * 30
    with pytest.raises(GroupError, match=r"by is a ndarray.*from_labels"):
        Cohort(frame(), people()).grouping(np.zeros(60))  # type: ignore[arg-type]


def test_06_missing_and_extra_ids_are_counted() -> None:
    """Fault 6: an error with counts; an inner join is opt-in, and its loss is told per group."""
    fewer = people().iloc[5:]
    with pytest.raises(
        CohortError, match=r'people: 5 of 60 row ids are missing and 0 are extra.*join="inner"'
    ):
        Cohort(frame(), fewer)
    joined = Cohort(frame().iloc[:50], fewer, join="inner", groups=["sex"])
    assert joined.n == 45
    assert any(
        "fewer than 11 rows of x and fewer than 11 of people left out; sex: female fewer than 11"
        in n
        for n in joined.notes
    )


def test_07_repeated_ids_are_an_error() -> None:
    """Fault 7: never the first match."""
    table = people()
    table.index = ["a", *IDS[1:58], "a", "b"]
    with pytest.raises(CohortError, match=r"1 row ids occur more than once, first at position 0"):
        Cohort(frame().to_numpy(), table)


@pytest.mark.parametrize("by", ["column", "ids"])
def test_08_repeated_people_need_a_unit(by: str) -> None:
    """Fault 8: a donor column with repeats, or ids that look like visits, ask for unit=."""
    table, x = people(), frame()
    if by == "column":
        table["patient_id"] = [f"d{i // 2}" for i in range(60)]
    else:
        table.index = x.index = [f"d{i // 2}_v{i % 2}" for i in range(60)]
    with pytest.raises(CohortError, match=r"unit="):
        Cohort(x, table)
    assert Cohort(x, table, unit="row").u == 60
    if by == "column":
        assert Cohort(x, table, unit="patient_id").u == 30


def test_09_a_unit_in_two_groups_is_counted() -> None:
    """Fault 9: a donor with two recorded sexes."""
    table = people(donor=[f"d{i // 2}" for i in range(60)])
    with pytest.raises(GroupError, match=r"sex: 30 of 30 units are in more than one group"):
        Cohort(frame(), table, unit="donor", groups=["sex"])


def test_12_an_unseen_label_names_the_nearest() -> None:
    """Fault 12: a typo is no new group, whether levels are declared or not."""
    labels = pd.Series(["AFR", "EUR", "Afr "] * 20, index=IDS)
    with pytest.raises(GroupError, match=r"ancestry: label 'Afr '.*did you mean 'AFR'\?"):
        Groups.from_labels("ancestry", labels, levels=["AFR", "EUR"])
    with pytest.raises(GroupError, match=r"'AFR' and 'Afr ' differ only by case or space"):
        Groups.from_labels("ancestry", labels)
    merged = Groups.from_labels("ancestry", labels, merge={"Afr ": "AFR"})
    assert merged.levels == ("AFR", "EUR")


def test_14_codes_for_missing_are_unknown() -> None:
    """Fault 14: the usual codes are no group, and the caller may add more."""
    labels = pd.Series(["A", "B", -9, "NA", "", "unknown", 999, None, np.nan, "x"] * 6, index=IDS)
    groups = Groups.from_labels("race", labels, missing=["x"])
    assert groups.levels == ("A", "B")
    assert groups.codes[:10].tolist() == [0, 1] + [-1] * 8


def test_15_16_a_constant_feature_is_zero_and_not_missing() -> None:
    """Faults 15 and 16: no attribution, no finding, no warning; p = 1."""
    x = frame()
    x["g1"] = 2.0
    cohort = Cohort(x, people(), groups=["sex"])
    values = x.to_numpy() - x.to_numpy().mean(axis=0)
    made = Attributions.from_arrays(
        values, rows=IDS, features=list(x.columns), output=values.sum(axis=1), base=0.0
    )
    found = compare(made, cohort, by="sex")
    seen = [v for v, view in enumerate(found.views) if view.given != "value"]
    assert (found.p[seen, 0, 1] == 1.0).all()
    assert (found.effect[seen, 0, 1] == 0.0).all()
    assert (found.verdict[seen, 0, 1] == "similar").all()
    own = [v for v, view in enumerate(found.views) if view.given == "value"]
    assert (found.verdict[own, 0, 1] == "not_estimable").all()
    assert "one value" in found.reason[own[0], 0, 1]


def test_17_attributions_equal_in_both_groups_have_p_one() -> None:
    """Fault 17: total ties are no finding."""
    x = pd.DataFrame(np.repeat(frame().to_numpy()[:30], 2, axis=0), index=IDS)
    cohort = Cohort(x, people(), groups=["sex"])
    found = compare(given(cohort), cohort, by="sex")
    assert (found.p == 1.0).all()


def test_18_a_group_that_is_the_site_cannot_be_asked() -> None:
    """Fault 18: no overlap, no number, and the reason."""
    table = people(race=["A"] * 30 + ["B"] * 30)
    cohort = Cohort(frame(), table, groups=["race"], strata=["site"])
    found = compare(given(cohort), cohort, by="race")
    assert (found.verdict == "not_estimable").all()
    assert np.isnan(found.effect).all()
    assert "no stratum holds two or more units of both B and A" in found.reason[0, 0, 0]


def test_31_empty_selections_are_named() -> None:
    """Fault 31: no rows, no features, one row."""
    with pytest.raises(CohortError, match="no row has site = 's9'"):
        Cohort(frame(), people(), split=("site", "s9"))
    with pytest.raises(FeatureError, match="no features"):
        Cohort(frame()[[]], people())
    with pytest.raises(CohortError, match="one row; nothing can be compared"):
        Cohort(frame().iloc[:1], people().iloc[:1])
    with pytest.raises(CohortError, match="no rows"):
        Cohort(frame().iloc[:0], people().iloc[:0])


def test_24_other_kinds_of_values_are_refused_or_converted() -> None:
    """Text and complex numbers are errors; booleans and big-endian floats convert exactly."""
    with pytest.raises(CohortError, match=r"dtype <U1"):
        Cohort(np.full((60, 2), "a"), people())
    with pytest.raises(CohortError, match=r"dtype complex128"):
        Cohort(np.ones((60, 2), dtype=complex), people())
    big = frame().to_numpy().astype(">f8")
    np.testing.assert_array_equal(Cohort(big, people()).dense(), frame().to_numpy())
    assert Cohort(np.ones((60, 2), dtype=bool), people()).dense().dtype == np.float64


def test_a_wrong_column_names_the_nearest() -> None:
    """A role that people do not have."""
    with pytest.raises(CohortError, match=r"no column 'sxe'; did you mean 'sex'\?"):
        Cohort(frame(), people(), groups=["sxe"])


def test_two_labels_for_an_outcome_must_say_which_is_the_event() -> None:
    """The positive class is never guessed."""
    with pytest.raises(CohortError, match=r"two labels \['no', 'yes'\].*1 is the event"):
        Cohort(frame(), people(ill=["yes", "no"] * 30), outcome="ill")


def test_attributions_of_another_scale_are_refused() -> None:
    """Attributions that miss the output in most rows were made on another scale or target."""
    x = frame()
    with pytest.raises(AttributionError, match=r"miss the output in \d+ % of rows"):
        Attributions.from_arrays(
            x.to_numpy(), rows=IDS, features=list(x.columns), output=np.ones(60), base=0.0
        )


def test_a_digest_follows_the_data_and_not_their_order() -> None:
    """Rows shuffled give the same digest; another value, another digest."""
    x, order = frame(), np.random.default_rng(0).permutation(60)
    one = Cohort(x, people()).digest
    assert Cohort(x.iloc[order], people()).digest == one
    x.iloc[0, 0] = x.to_numpy()[0, 0] + 1e-9
    assert Cohort(x, people()).digest != one


def test_axes_are_aligned_by_id() -> None:
    """Principal components in another order land on their people."""
    values = np.arange(60.0)[:, None]
    reverse = Axes("pc", values[::-1], np.array(IDS[::-1]))
    assert (Cohort(frame(), people(), axes=[reverse]).axes[0].values == values).all()


def test_sparse_values_give_the_same_cohort() -> None:
    """A CSR matrix has the digest of its dense form."""
    from scipy.sparse import csr_array

    dense = (frame().to_numpy() > 0.8).astype(float)
    one, other = Cohort(dense, people()), Cohort(csr_array(dense), people())
    assert one.digest == other.digest
    np.testing.assert_array_equal(other.dense(), dense)


def test_06_extra_people_are_counted_too() -> None:
    """Fault 6: people that x does not have are an error with counts, or a recorded loss."""
    with pytest.raises(CohortError, match=r"people: 5 of 60 row ids are extra.*join=\"inner\""):
        Cohort(frame().iloc[5:], people())
    joined = Cohort(frame().iloc[5:], people(), join="inner")
    assert any("0 rows of x and fewer than 11 of people left out" in n for n in joined.notes)


@pytest.mark.parametrize(
    ("roles", "message"),
    [
        ({"outcome": np.zeros(60)}, "outcome is a ndarray; name a column"),
        ({"groups": np.zeros(60)}, "groups is a ndarray; wanted a list"),
        ({"groups": [np.zeros(60)]}, r"groups holds a ndarray.*Groups.from_labels"),
        ({"strata": {"site"}}, "strata is a set; wanted a list"),
        ({"outcome": "sex", "outcome_kind": "binary"}, "outcome 'sex' holds text"),
    ],
)
def test_a_role_given_as_values_is_named(roles: dict[str, object], message: str) -> None:
    """Values in place of the name of a column."""
    with pytest.raises(CohortError, match=message):
        _ = Cohort(frame(), people(), **roles).y  # type: ignore[arg-type]
