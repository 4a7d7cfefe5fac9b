"""What a cohort reports of its people: complete, against a target, and against training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binomtest

from evenlight.codec import plain, restore, schema
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.training import TrainingSummary
from evenlight.errors import CohortError, InputError, UnknownName
from evenlight.measures.demographic import CONTEXT, Demographics
from evenlight.measures.demographics import demographics

N = 400
IDS = [f"p{i:03d}" for i in range(N)]
HALF = {"f": 0.5, "m": 0.5}


def people(**columns: object) -> pd.DataFrame:
    """Four hundred people: 120 f, 260 m, 20 unknown; ages 20 to 79."""
    base: dict[str, object] = {
        "sex": ["f"] * 120 + ["m"] * 260 + ["NA"] * 20,
        "race": ["A"] * 300 + ["B"] * 80 + ["C"] * 20,
        "age": np.arange(N) % 60 + 20.0,
    }
    return pd.DataFrame({**base, **columns}, index=IDS)


def cohort(x: object = None, **columns: object) -> Cohort:
    """These people with two features."""
    values = np.random.default_rng(0).normal(size=(N, 2)) if x is None else x
    return Cohort(values, people(**columns), ["g1", "g2"], unit="row")


def test_a_field_says_how_complete_it_is() -> None:
    """Share known of all units, with exact limits; other fields are said to be unnamed."""
    made = demographics(cohort(), fields={"sex": "sex"})
    own = made.fields
    assert own.field == ("sex", "ancestry", "ethnicity", "geography", "gender", "age")
    assert own.known[0] == 380
    found = binomtest(380, 400).proportion_ci(0.95, "exact")
    np.testing.assert_allclose((own.low[0], own.high[0]), (found.low, found.high))
    assert made.parts.level == ("f", "m")
    np.testing.assert_allclose(made.parts.share, [120 / 380, 260 / 380])
    said = made.sentences()
    assert said[0] == "Sex (column sex, record): known for 95.0 % of 400 units (92.4 % to 96.9 %)."
    unnamed = [line for line in said if "column was named" in line.casefold()]
    assert len(unnamed) == 1
    assert unnamed[0].startswith(
        "No column was named for ancestry, ethnicity, geography, gender and age, so nothing is "
        "told of them. Column 'race' may report ancestry; if so, say fields={'ancestry': 'race'}."
    )
    assert said[-1] == CONTEXT


def test_a_column_is_proposed_and_never_used() -> None:
    """What looks like ancestry is a hint in words; no number is made of it."""
    made = demographics(cohort())
    assert made.parts.level == ()
    assert np.isnan(made.fields.share).all()
    hint = made.fields.hint[made.fields.field.index("ancestry")]
    assert hint == "Column 'race' may report it; if so, say fields={'ancestry': 'race'}."
    assert len(made.to_frame()) == 0


def test_a_target_is_compared_level_by_level() -> None:
    """Difference, ratio, exact limits at alpha / k, a word, and if the unknown could undo it."""
    made = demographics(cohort(), fields={"sex": "sex"}, target={"sex": HALF})
    own = made.parts
    assert own.word.tolist() == ["below", "above"]
    assert own.holds.tolist() == ["yes", "yes"]
    np.testing.assert_allclose(own.ratio, np.array([120, 260]) / 380 / 0.5)
    limits = binomtest(120, 380).proportion_ci(0.975, "exact")
    np.testing.assert_allclose(own.difference_low[0], limits.low - 0.5)
    assert "f (sex) is below the declared target: 32 % where the target has 50 %" in " ".join(
        made.sentences()
    )


def test_people_of_unknown_label_can_undo_a_word() -> None:
    """130 of 280 are near a half; of 80 the 120 unknown could make 200."""
    sex = ["f"] * 130 + ["m"] * 150 + [""] * 120
    made = demographics(cohort(sex=sex), fields={"sex": "sex"}, target={"sex": HALF})
    assert made.parts.word.tolist() == ["cannot_tell", "cannot_tell"]
    lopsided = ["f"] * 80 + ["m"] * 200 + [""] * 120
    made = demographics(cohort(sex=lopsided), fields={"sex": "sex"}, target={"sex": HALF})
    assert made.parts.word.tolist() == ["below", "above"]
    assert made.parts.holds.tolist() == ["no", "no"]
    assert any("if the unknown are like the known" in line for line in made.sentences())


def test_levels_that_only_the_target_has_are_empty() -> None:
    """Nobody where the target has a tenth: below it, with a ratio of 0."""
    target = {"ancestry": {"A": 0.7, "B": 0.15, "C": 0.05, "D": 0.1}}
    made = demographics(cohort(), fields={"ancestry": "race"}, target=target)
    at = made.parts.level.index("D")
    assert made.parts.word[at] == "below"
    assert made.parts.ratio[at] == 0
    frame = pd.DataFrame([("ancestry", k, v) for k, v in target["ancestry"].items()])
    again = demographics(
        cohort(),
        fields={"ancestry": "race"},
        target=frame.set_axis(["field", "level", "share"], axis=1),
    )
    pd.testing.assert_frame_equal(again.to_frame(), made.to_frame())


@pytest.mark.parametrize(
    ("asked", "kind", "told"),
    [
        ({"fields": {"colour": "race"}}, UnknownName, "no field 'colour'"),
        ({"fields": {"sex": "sx"}}, CohortError, "did you mean 'sex'"),
        ({"target": {"sex": HALF}}, InputError, "no column was named for it"),
        ({"fields": {"sex": "sex"}, "target": {"sex": {"f": 0.5, "m": 0.4}}}, InputError, "0.9"),
        ({"fields": {"sex": "sex"}, "target": {"sex": {"f": 1.0}}}, InputError, r"\['m'\]"),
        ({"fields": {"sex": "sex"}, "target": {"sex": {"f": 2.0, "m": -1}}}, InputError, "below 0"),
        ({"fields": {"age": "age"}, "target": {"age": {"old": 1.0}}}, InputError, "no band of age"),
        (
            {"fields": {"age": "age"}, "target": {"age": {"0-40": 0.5, "40+": 0.5}}},
            InputError,
            "overlap at 40 years",
        ),
    ],
)
def test_wrong_questions_are_named(asked: dict[str, Any], kind: type[Exception], told: str) -> None:
    """The field, the column, the target: each with its remedy."""
    with pytest.raises(kind, match=told):
        demographics(cohort(), **asked)


def test_age_has_a_median_and_bands() -> None:
    """Numbers are cut into bands of years; -9 and 999 are unknown, not young or old."""
    made = demographics(cohort(), fields={"age": "age"})
    own = made.fields
    assert own.middle[0] == np.median(people()["age"])
    assert own.middle_low[0] < own.middle[0] < own.middle_high[0]
    counts = dict(zip(made.parts.level, made.parts.n.tolist(), strict=True))
    ages = people()["age"]
    assert counts["18-39"] == ((ages >= 18) & (ages < 40)).sum()
    assert counts["80+"] == 0
    coded = people()["age"].copy()
    coded.iloc[:15], coded.iloc[15:30] = -9, 999
    assert demographics(cohort(age=coded), fields={"age": "age"}).fields.known[0] == 370


def test_ages_beyond_the_bands_of_a_target_are_a_level_of_their_own() -> None:
    """A target of adults below 65 has nobody older; the cohort's older people are above it."""
    target = {"age": {"18-39": 0.5, "40-64": 0.5}}
    made = demographics(cohort(), fields={"age": "age"}, target=target)
    assert made.parts.level[-1] == "outside the target's bands"
    assert made.parts.word[-1] == "above"
    assert np.isnan(made.parts.ratio[-1])


def test_few_people_are_hidden_everywhere() -> None:
    """Five of C: no count, share, word or distance; all other counts of the field to 5."""
    race = ["A"] * 302 + ["B"] * 93 + ["C"] * 5
    target = {"ancestry": {"A": 0.7, "B": 0.2, "C": 0.1}}
    summary = TrainingSummary.of(np.random.default_rng(1).normal(size=(300, 2)), ("g1", "g2"))
    made = demographics(
        cohort(race=race), fields={"ancestry": "race"}, target=target, training=summary
    )
    frame = made.to_frame().set_index("level").loc["C"]
    assert frame[["n", "share", "low", "high", "difference", "p", "shift"]].isna().all()
    assert frame["word"] == "not_estimable"
    assert frame["reason"] == frame["why"] == frame["training_why"] == "suppressed (<11)"
    assert made.parts.n[:2].tolist() == [300, 95]
    assert made.rounded[0] == 1
    assert "C (ancestry)" not in " ".join(made.sentences())


def test_few_unknown_are_told_as_ten() -> None:
    """Three unknown of 400: 390 are told, and no sum gives the three."""
    sex = ["f"] * 200 + ["m"] * 197 + ["NA"] * 3
    made = demographics(cohort(sex=sex), fields={"sex": "sex"})
    assert made.fields.known[0] == 390
    assert made.parts.n.tolist() == [200, 195]


def test_units_are_counted_and_not_rows() -> None:
    """Two rows a donor: half as many units, one label each."""
    table = people(donor=[f"d{i // 2}" for i in range(N)])
    two = Cohort(np.zeros((N, 1)), table, unit="donor")
    made = demographics(two, fields={"sex": "sex", "age": "age"})
    assert made.n == 200
    assert made.parts.n[:2].tolist() == [60, 130]
    assert made.fields.known[made.fields.field.index("age")] == 200


def test_a_planted_distance_from_training_is_found() -> None:
    """People of B lie 1.5 SD of training away in one feature; those of A do not."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(N, 2))
    x[300:380, 0] += 1.5
    summary = TrainingSummary.of(rng.normal(size=(2000, 2)), ("g1", "g2"))
    made = demographics(cohort(x), fields={"ancestry": "race"}, training=summary)
    a, b = (made.parts.level.index(name) for name in "AB")
    assert made.parts.shift_low[a] == 0
    assert made.parts.shift_low[b] < 1.5 < made.parts.shift_high[b]
    assert made.parts.typical_low[a] < 1 < made.parts.typical_high[a]
    assert "a summary of 2,000 training rows" in made.training
    assert any("cannot be told" in line for line in made.sentences())


def test_training_people_tell_how_they_were_composed() -> None:
    """A cohort of training gives its shares beside the distances."""
    train = Cohort(
        np.random.default_rng(4).normal(size=(N, 2)), people(race=["A"] * 380 + ["B"] * 20),
        ["g1", "g2"], unit="row",
    )  # fmt: skip
    made = demographics(cohort(), fields={"ancestry": "race"}, training=train)
    np.testing.assert_allclose(made.parts.training_share[:2], [0.95, 0.05])
    assert np.isnan(made.parts.training_share[2])
    assert np.isfinite(made.parts.shift).all()


def test_what_training_cannot_tell_is_said() -> None:
    """Too few rows for their directions, and other features, are reasons and no numbers."""
    few = cohort().take(np.arange(5))
    other = TrainingSummary.of(np.random.default_rng(5).normal(size=(50, 2)), ("g1", "h2"))
    for summary, why in (
        (few, "5 training units; a summary needs 11"),
        (other, "has not, as ['h2']"),
    ):
        made = demographics(cohort(), fields={"ancestry": "race"}, training=summary)
        assert np.isnan(made.parts.shift).all()
        assert all(
            said.startswith("cannot tell: ") and why in said for said in made.parts.training_why
        )


def test_the_source_of_a_grouping_is_told() -> None:
    """Self-report and genetic ancestry are not the same thing."""
    table = people()
    groups = Groups.from_labels("race", table["race"], source="self-report")
    made = demographics(
        Cohort(np.zeros((N, 1)), table, groups=[groups], unit="row"), fields={"ancestry": "race"}
    )
    assert made.fields.source[0] == "self-report"


def test_the_record_goes_to_json_and_back() -> None:
    """Every number and reason, and no order of rows in any of them."""
    made = demographics(cohort(), fields={"sex": "sex", "age": "age"}, target={"sex": HALF})
    again = restore(Demographics, json.loads(json.dumps(plain(made))))
    pd.testing.assert_frame_equal(again.to_frame(), made.to_frame())
    pd.testing.assert_frame_equal(again.fields_frame(), made.fields_frame())
    assert schema(Demographics)["title"] == "Demographics"
    turned = cohort().take(np.arange(N)[::-1])
    other = demographics(turned, fields={"sex": "sex", "age": "age"}, target={"sex": HALF})
    pd.testing.assert_frame_equal(other.to_frame(), made.to_frame())


@pytest.mark.data
def test_hospital_patients_against_a_declared_population(data: Path) -> None:
    """support2: race is nearly complete, and people of colour are fewer than in a third."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz").reset_index(drop=True)
    table.index = [f"r{i:05d}" for i in table.index]
    made = Cohort(table[["meanbp", "hrt"]].fillna(80.0), table, unit="row")
    found = demographics(made, fields={"ancestry": "race", "sex": "sex", "age": "age"})
    assert found.fields.share[0] > 0.99
    assert 50 < found.fields.middle[2] < 70
    assert found.parts.share[found.at("ancestry")].max() > 0.7


@pytest.mark.parametrize("components", [None, 10])
def test_people_like_those_of_training_are_typical(components: int | None) -> None:
    """160 training rows of fifty features: one, and not the 1.2 of an inverse that is too large."""
    rng, found = np.random.default_rng(6), []
    names = [f"g{j}" for j in range(50)]
    for _ in range(5):
        made = Cohort(rng.normal(size=(N, 50)), people(), names, unit="row")
        summary = TrainingSummary.of(rng.normal(size=(160, 50)), names, components=components)
        found += demographics(made, fields={"sex": "sex"}, training=summary).parts.typical.tolist()
    assert abs(np.mean(found) - 1) < 0.02


def test_more_features_than_training_rows_bring_nobody_near() -> None:
    """Sixty rows of 200 features, five components: people of the same kind have a distance of 1."""
    rng = np.random.default_rng(7)
    names = [f"g{j}" for j in range(200)]
    made = Cohort(rng.normal(size=(N, 200)), people(), names, unit="row")
    summary = TrainingSummary.of(rng.normal(size=(60, 200)), names, components=5)
    found = demographics(made, fields={"sex": "sex"}, training=summary).parts
    np.testing.assert_allclose(found.typical, 1, atol=0.03)


def in_donors(rng: np.random.Generator, donors: int, rows: int) -> Cohort:
    """Rows of donors in ten features, half of the variance between donors."""
    x = rng.normal(size=(donors, 1, 10)) + rng.normal(size=(donors, rows, 10))
    donor = np.repeat([f"d{i:03d}" for i in range(donors)], rows)
    table = pd.DataFrame(
        {"donor": donor, "sex": np.repeat([*("f", "m") * (donors // 2)], rows)},
        index=[f"r{i:05d}" for i in range(len(donor))],
    )
    return Cohort(x.reshape(-1, 10) / 2**0.5, table, [f"g{j}" for j in range(10)], unit="donor")


@pytest.mark.parametrize(("rows", "trained"), [(20, 1), (1, 20), (20, 20)])
def test_rows_are_held_against_rows(rows: int, trained: int) -> None:
    """However many rows a donor has, here and in training: 1, and no nearer for being a mean."""
    rng, found = np.random.default_rng(8), []
    for _ in range(4):
        made, before = in_donors(rng, 60, rows), in_donors(rng, 120, trained)
        told = demographics(made, fields={"sex": "sex"}, training=before).parts
        found += told.typical.tolist()
        assert (told.shift_low == 0).all()
    assert abs(np.mean(found) - 1) < 0.05


def test_moments_of_some_directions_are_not_enough() -> None:
    """Nobody was left out, so that nothing says how far people like those of training lie."""
    short = TrainingSummary.from_moments(("g1", "g2"), 300, np.zeros(2), np.eye(2), components=1)
    made = demographics(cohort(), fields={"sex": "sex"}, training=short)
    assert np.isnan(made.parts.typical).all()
    assert "make it of rows, TrainingSummary.of(" in made.parts.training_why[0]


@pytest.mark.parametrize("children", [np.arange(N) % 105 + 20.0, np.arange(N) * 4.0])
def test_ages_that_are_no_years_are_doubted(children: np.ndarray) -> None:
    """Children of 20 to 124 months, or of 0 to 1,596 days, are no old people."""
    said = demographics(cohort(age=children), fields={"age": "age"}).sentences()
    doubt = [line for line in said if "months or days" in line]
    assert doubt[-1].startswith("Age: 5 % or more of the known numbers in column age are above 110")
    assert not any("months" in line for line in demographics(cohort(), fields={"age": "age"}).notes)


def test_ages_that_count_as_unknown_are_told() -> None:
    """Fifty-seven in steps of five, so that no small rest can be told; three are fewer than 11."""
    ages = people()["age"].copy()
    ages.iloc[:57] = 999
    made = demographics(cohort(age=ages), fields={"age": "age"})
    assert made.fields.known[0] == 343
    assert "Age: at least 55 units have a number below 0 or above 130" in made.notes[0]
    ages.iloc[3:57] = 50
    made = demographics(cohort(age=ages), fields={"age": "age"})
    assert "Age: fewer than 11 units have a number" in made.notes[0]


def test_an_age_beside_a_code_is_known() -> None:
    """A donor whose other row tells the age is not unknown."""
    ages = people()["age"].copy()
    ages.iloc[::2] = -9
    table = people(age=ages, donor=[f"d{i // 2}" for i in range(N)])
    two = Cohort(np.zeros((N, 1)), table, unit="donor")
    assert not demographics(two, fields={"age": "age"}).notes
