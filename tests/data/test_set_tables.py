"""Sets from tables, and how much of a set the data have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.features import FeatureSets
from evenlight.data.found_sets import found_sets
from evenlight.data.set_tables import read_set_table
from evenlight.errors import EvenlightWarning, FeatureError

GENES = ("TP53", "BRCA1", "EGFR", "MYC")


def test_long_and_wide_tables_say_the_same(tmp_path: Path) -> None:
    """Two columns, a file of them, a wider table by its heads, and a matrix."""
    wanted = {"repair": ("TP53", "BRCA1"), "growth": ("MYC",)}
    long = pd.DataFrame(
        {"s": ["repair", "repair", "growth"], "g": ["TP53", "BRCA1", "MYC"]},
    )
    named = long.rename(columns={"s": "Pathway", "g": "Symbol"}).assign(score=[1, 2, 3])
    matrix = pd.DataFrame(
        [[1, 1, 0], [0, 0, 1]], index=["repair", "growth"], columns=["TP53", "BRCA1", "MYC"]
    )
    long.to_csv(tmp_path / "long.tsv", sep="\t", index=False)
    matrix.to_csv(tmp_path / "matrix.csv")
    for table in (long, named, matrix, tmp_path / "long.tsv", tmp_path / "matrix.csv"):
        assert dict(read_set_table(table)) == wanted


@pytest.mark.parametrize(
    ("table", "told"),
    [
        (pd.DataFrame({"a": ["x"], "b": ["y"], "c": ["z"]}), "neither two columns of text"),
        (pd.DataFrame({"set": ["x", "x"], "gene": ["TP53", None]}), "1 of 2 rows name no set"),
        (pd.DataFrame([[1, 2, 0]], index=["s"], columns=list("ghi")), "neither two columns"),
        (pd.DataFrame([[1], [0]], index=["s", "s"], columns=["g"]), "more than one row"),
        (pd.DataFrame({"set": [], "gene": []}, dtype=object), "no row"),
    ],
)
def test_a_table_that_is_no_table_of_sets_is_named(table: pd.DataFrame, told: str) -> None:
    """Each with what was found."""
    with pytest.raises(FeatureError, match=told):
        read_set_table(table)


def test_files_of_other_kinds_are_named(tmp_path: Path) -> None:
    """An ending that is no table's, and a file that is not there."""
    with pytest.raises(FeatureError, match=r"wanted a \.csv, \.tsv or \.txt"):
        read_set_table(tmp_path / "sets.xlsx")
    with pytest.raises(FeatureError, match="cannot be read as a table"):
        read_set_table(tmp_path / "none.csv")


def test_what_the_data_lack_is_counted_by_set(tmp_path: Path) -> None:
    """Genes as written, found and lacking; a set of the rest lacks none."""
    path = tmp_path / "sets.gmt"
    path.write_text("A\t\tTP53\tBRCA1\tATM\nB\t\tEGFR\tMYC\n")
    sets = FeatureSets.from_gmt(path, (*GENES, "KRAS"), rest="other")
    frame = sets.coverage()
    assert frame["set"].tolist() == ["A", "B", "other"]
    assert frame["given"].tolist() == [3, 2, 1]
    assert frame["found"].tolist() == [2, 2, 1]
    assert frame["lacking"].tolist() == [1, 0, 0]
    np.testing.assert_allclose(frame["share"], [2 / 3, 1, 1])
    plain = FeatureSets.from_lists({"A": ["TP53"]}, GENES)
    assert plain.coverage()["lacking"].tolist() == [0]


def test_a_set_of_which_little_is_there_is_told() -> None:
    """Kept, with a warning that counts it; a share as `least` leaves it out."""
    table = pd.DataFrame({"set": ["A"] * 5, "gene": ["TP53", "MYC", "x", "y", "z"]})
    with pytest.warns(EvenlightWarning, match="fewest 'A' with 2 of 5"):
        assert FeatureSets.from_table(table, GENES).given == (5,)
    with pytest.raises(FeatureError, match="none of 1 sets has 50 % of their genes"):
        FeatureSets.from_table(table, GENES, least=0.5)


def test_too_small_a_part_of_all_genes_is_an_error() -> None:
    """One in fifty, though a set is left: the names are of another kind, and it is said which."""
    genes = ["TP53", "MYC", *(f"ENSG{i:011d}" for i in range(98))]
    table = pd.DataFrame({"set": ["A", "A", *["B"] * 98], "gene": genes})
    with pytest.raises(FeatureError, match=r"2 of the 100 .* below 5 %.*Ensembl ids are wanted"):
        FeatureSets.from_table(table, GENES)


def test_versions_are_matched_only_where_asked() -> None:
    """The error names the remedy, and the remedy works."""
    features = ("ENSG00000141510.18", "ENSG00000012048.2")
    table = pd.DataFrame({"set": ["A", "A"], "gene": ["ENSG00000141510", "ENSG00000012048.23"]})
    with pytest.raises(FeatureError, match=r"differ by version only.*strip_versions=True"):
        FeatureSets.from_table(table, features)
    made = FeatureSets.from_table(table, features, strip_versions=True)
    assert made.members("A") == features
    assert found_sets({"A": ["ENSG00000141510"]}, features, strip=True).there == 1
