"""Names of genes: ids, versions, what a spreadsheet made, tables of names, lists of features."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from evenlight.data.cohort import Cohort
from evenlight.data.feature_list import FeatureList
from evenlight.data.features import Features, Indicators
from evenlight.data.gene_names import mangled, name_facts, strip_versions
from evenlight.data.name_diff import name_diff
from evenlight.data.ordered import ordered
from evenlight.data.other_features import other_features
from evenlight.data.renamed import renamed, renaming
from evenlight.data.rows import Rows
from evenlight.errors import FeatureError

X = np.arange(12.0).reshape(4, 3)
PEOPLE = pd.DataFrame({"sex": list("fmfm")}, index=list("abcd"))


def cohort(names: list[str], x: object = X) -> Cohort:
    """Four people with these features."""
    return Cohort(x, PEOPLE, names)


def test_versions_are_stripped_only_where_they_are_versions() -> None:
    """A dot in a symbol stays, the copy on Y keeps its mark, mouse ids are known too."""
    names = ["ENSG00000141510.18", "ENSMUSG00000059552.14", "RP11-34P13.7", "ENSG0000.1", "HLA-A"]
    assert strip_versions(names) == (
        "ENSG00000141510", "ENSMUSG00000059552", "RP11-34P13.7", "ENSG0000.1", "HLA-A",
    )  # fmt: skip
    both = ["ENSG00000182378.15", "ENSG00000182378.15_PAR_Y"]
    assert strip_versions(both) == ("ENSG00000182378", "ENSG00000182378_PAR_Y")


def test_ids_that_become_one_are_named() -> None:
    """Two versions of one gene are an error, never the first."""
    with pytest.raises(FeatureError, match=r"1 ids occur twice.*ENSG00000141510\.1'.*\.2'"):
        strip_versions(["ENSG00000141510.1", "ENSG00000141510.2", "MYC"])


@given(st.lists(st.text(max_size=20), max_size=20, unique=True))
@settings(max_examples=100, deadline=None)
def test_names_that_are_no_ids_stay_as_they_are(names: list[str]) -> None:
    """Whatever text: nothing but an Ensembl id is changed."""
    plain = [name for name in names if not name.startswith("ENS")]
    assert strip_versions(plain) == tuple(plain)


@pytest.mark.parametrize(
    ("name", "perhaps"),
    [
        ("1-Mar", ("MARCH1 (MARCHF1)", "MARC1 (MTARC1)")),
        ("Mar-01", ("MARCH1 (MARCHF1)", "MARC1 (MTARC1)")),
        ("2-Sep", ("SEPT2 (SEPTIN2)", "SEP2")),
        ("15-Sep", ("SEPT15 (SEPTIN15)", "SEP15 (SELENOF)")),
        ("2021-03-01 00:00:00", ("MARCH1 (MARCHF1)", "MARC1 (MTARC1)")),
        ("1-Dec", ("DEC1 (DELEC1)",)),
        ("4-Oct", ("OCT4",)),
        ("2.31E+13", ()),
    ],
)
def test_what_a_spreadsheet_made_is_named(name: str, perhaps: tuple[str, ...]) -> None:
    """Dates and exponents are found, with every symbol that they may have been."""
    assert mangled([name, "TP53"]) == ((name, perhaps),)


@pytest.mark.parametrize("name", ["MARCHF1", "SEPTIN2", "HLA-A", "NKX2-5", "7157", "40-Mar", "1e5"])
def test_symbols_are_no_dates(name: str) -> None:
    """Neither symbols nor Entrez ids are taken for dates."""
    assert mangled([name]) == ()


def test_name_facts_count_what_was_seen() -> None:
    """Ids, versions, whole numbers, dates and pairs that differ by case."""
    made = name_facts(["ENSG00000141510.18", "ENSG00000012048", "7157", "1-Mar", "Actb", "ACTB"])
    assert (made.p, made.ensembl, made.versioned, made.numbers) == (6, 2, 1, 1)
    assert made.folded == (("Actb", "ACTB"),)
    assert made.to_frame()["perhaps"].tolist() == ["MARCH1 (MARCHF1), MARC1 (MTARC1)"]
    assert "as text" in repr(made)


def test_a_cohort_notes_what_a_spreadsheet_made() -> None:
    """The name and what it may have been; a cohort of symbols has no such note."""
    said = [note for note in cohort(["1-Mar", "TP53", "MYC"]).notes if "spreadsheet" in note]
    assert len(said) == 1
    assert "'1-Mar' (MARCH1 (MARCHF1) or MARC1 (MTARC1))" in said[0]
    assert not any("spreadsheet" in note for note in cohort(["MARCHF1", "TP53", "MYC"]).notes)


def test_a_difference_of_names_says_what_explains_it() -> None:
    """Versions, case, dates and another kind of name are told apart, each with its remedy."""
    ids = [f"ENSG{i:011d}" for i in range(4)]
    assert (
        "4 of the missing differ by version only"
        in name_diff([f"{i}.3" for i in ids], ids).sentence()
    )
    assert "differs by case only ('TP53' here 'tp53')" in name_diff(["TP53"], ["tp53"]).sentence()
    assert "Ensembl ids are wanted where other names" in name_diff(ids, list("abcd")).sentence()
    assert "'2-Sep' (SEPT2 (SEPTIN2)" in name_diff(["SEPTIN2"], ["2-Sep"]).sentence()
    assert name_diff(ids, ids).sentence() == "the same names"
    frame = name_diff(["a", "b", "c"], ["b", "a", "d"]).to_frame()
    assert frame["difference"].tolist() == ["moved", "moved", "missing", "extra"]
    assert frame["here"].tolist() == [1, 0, -1, 2]


@pytest.mark.parametrize("held", ["array", "sparse", "rows"])
def test_columns_are_put_in_order_by_name(held: str) -> None:
    """Dense, sparse and unread rows give the same columns, and stay what they are."""
    x: Any = {"array": X, "sparse": csr_array(X), "rows": Rows(X)}[held]
    made = ordered(cohort(["a", "b", "c"], x), ["c", "a"], extra="drop")
    assert type(made.x) is type(x)
    np.testing.assert_array_equal(made.dense(), X[:, [2, 0]])
    np.testing.assert_array_equal(np.vstack([b for _, b in made.blocks(3)]), X[:, [2, 0]])
    assert made.take(np.array([3, 1])).dense().tolist() == X[[3, 1]][:, [2, 0]].tolist()
    assert made.features.names == ("c", "a")
    assert "1 of 3 features were left out" in made.notes[-1]


def test_what_is_missing_or_extra_stops_the_order() -> None:
    """Neither is passed over; extra columns go only where the caller says so."""
    with pytest.raises(FeatureError, match=r"1 missing \['z'\], 1 extra \['c'\]"):
        ordered(cohort(["a", "b", "c"]), ["b", "a", "z"])
    with pytest.raises(FeatureError, match=r"1 extra \['c'\]; say extra=\"drop\""):
        ordered(cohort(["a", "b", "c"]), ["b", "a"])


def test_names_by_position_are_asked_for_and_told() -> None:
    """As many names as columns, and a note that nothing was matched."""
    made = ordered(cohort(["x0", "x1", "x2"]), ["g", "h", "i"], by_position=True)
    assert made.features.names == ("g", "h", "i")
    np.testing.assert_array_equal(made.dense(), X)
    assert "3 of 3 features got other names by position" in made.notes[-1]
    with pytest.raises(FeatureError, match="names 3 columns with 2 names"):
        ordered(cohort(["x0", "x1", "x2"]), ["g", "h"], by_position=True)


def test_a_one_hot_variable_is_kept_whole_or_not_at_all() -> None:
    """Half of its columns are an error; all of them, or none, go along."""
    x = np.array([[1.0, 0, 5], [0, 1, 5], [0, 0, 5], [1, 0, 5]])
    coded = Indicators("race", {"race b": "b", "race c": "c"}, "a")
    made = Cohort(x, PEOPLE, Features(("race b", "race c", "age"), None, (coded,)))
    assert ordered(made, ["age", "race c", "race b"]).features.indicators == (coded,)
    assert ordered(made, ["age"], extra="drop").features.indicators == ()
    with pytest.raises(FeatureError, match="'race' is coded by 2 columns and 'race c'"):
        ordered(made, ["age", "race b"], extra="drop")


def test_a_table_renames_ids_to_symbols() -> None:
    """Mapping, Series and two columns say the same; versions go on both sides where asked."""
    frame = pd.DataFrame({"id": ["ENSG00000141510.1"], "symbol": ["TP53"]})
    for table in (frame, frame.set_index("id")["symbol"], {"ENSG00000141510.1": "TP53"}):
        made = renaming(["ENSG00000141510.18"], table, strip_versions=True)
        assert made.new == ("TP53",)
    with pytest.raises(FeatureError, match="1 of 1 features are not in the table"):
        renaming(["ENSG00000141510.18"], frame)


def test_several_new_names_and_shared_names_need_a_rule() -> None:
    """One to many and many to one are errors with counts until a rule is named."""
    table = pd.DataFrame({"id": ["a", "a", "b", "c"], "symbol": ["S", "T", "S", "U"]})
    with pytest.raises(FeatureError, match=r"1 features have several new names, first 'a'"):
        renamed(cohort(["a", "b", "c"]), table)
    with pytest.raises(FeatureError, match=r"1 new names.*'S' of \['a', 'b'\]"):
        renamed(cohort(["a", "b", "c"]), table, ambiguous="first")
    made = renamed(cohort(["a", "b", "c"]), table, ambiguous="first", shared="first")
    assert made.features.names == ("S", "U")
    np.testing.assert_array_equal(made.dense(), X[:, [0, 2]])
    assert "1 had several names, of which the first was taken" in made.notes[-1]


@pytest.mark.parametrize("held", ["array", "sparse", "rows"])
def test_counts_add_up_and_logarithms_do_not(held: str) -> None:
    """A sum is taken of whole numbers from 0 on; other values are refused with the remedy."""
    wrap: Any = {"array": np.array, "sparse": csr_array, "rows": Rows}[held]
    table = {"a": "S", "b": "S", "c": "U"}
    made = renamed(cohort(["a", "b", "c"], wrap(X)), table, shared="sum")
    np.testing.assert_array_equal(made.dense(), np.column_stack([X[:, 0] + X[:, 1], X[:, 2]]))
    with pytest.raises(FeatureError, match="values that are no counts"):
        renamed(cohort(["a", "b", "c"], wrap(X / 3)), table, shared="sum")


def test_what_no_table_has_is_kept_or_dropped_where_asked() -> None:
    """Kept under the old name, or left out; attributions add up over the names of a table."""
    assert renaming(["a", "b"], {"a": "S"}, unmapped="keep").new == ("S", "b")
    dropped = renamed(cohort(["a", "b", "c"]), {"a": "S", "c": ""}, unmapped="drop")
    assert dropped.features.names == ("S",)
    with pytest.raises(FeatureError, match="1 features have no new name"):
        renaming(["a", "b"], {"a": "S"}, unmapped="drop").sets()
    sets = renaming(["a", "b", "c"], {"a": "S", "b": "S", "c": "U"}).sets()
    assert sets.members("S") == ("a", "b")
    assert sets.owners().tolist() == [0, 0, 1]


def test_a_sealed_list_comes_back_and_shows_a_change(tmp_path: Path) -> None:
    """Saved and read it is the same; two names exchanged by hand are an error."""
    path = tmp_path / "model.features.json"
    made = FeatureList(("a", "b"), source="train.py")
    made.save(path)
    assert FeatureList.load(path) == made
    data = json.loads(path.read_text())
    path.write_text(json.dumps({**data, "names": ["b", "a"]}))
    with pytest.raises(FeatureError, match="changed after it was sealed"):
        FeatureList.load(path)
    path.write_text(json.dumps({**data, "names": "ab"}))
    with pytest.raises(FeatureError, match="no list of text"):
        FeatureList.load(path)
    path.write_text("[]")
    with pytest.raises(FeatureError, match="wanted the keys names, model"):
        FeatureList.load(path)
    with pytest.raises(FeatureError, match="there is no file"):
        FeatureList.load(tmp_path / "none.json")


def test_a_model_of_symbols_is_led_to_the_column_that_holds_them() -> None:
    """Each difference of names has the remedy that fits it, and no other."""
    names = ("ENSG00000141510", "ENSG00000136997", "ENSG00000012048")
    table = pd.DataFrame({"symbol": ["TP53", "MYC", "BRCA1"]}, index=list(names))
    people = pd.DataFrame({"y": [0.1, 0.2, 0.4]}, index=list("abc"))
    cohort = Cohort(np.eye(3), people, Features(names, table), outcome="y")
    by_symbol = other_features(["TP53", "MYC", "BRCA1"], cohort)
    assert "column 'symbol' of the features holds them: say features='symbol'" in by_symbol
    mended = renamed(cohort, dict(zip(names, table["symbol"], strict=True)))
    assert mended.features.names == ("TP53", "MYC", "BRCA1")
    lost = other_features([*names, "ENSG00000146648"], cohort)
    assert "cannot be asked without these features" in lost
    assert "ordered" not in by_symbol + lost
    assert "ordered(cohort, names, extra=" in other_features(names[:2], cohort)
    versions = other_features([f"{name}.5" for name in names], cohort)
    assert "adata.var_names = ..." in versions
    assert "ordered" not in versions
