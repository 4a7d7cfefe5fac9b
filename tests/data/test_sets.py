"""Sets from clusters and from GMT files: what is read, and what is said when it is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from evenlight.data.features import FeatureSets
from evenlight.data.gmt import read_gmt
from evenlight.data.positions import Positions
from evenlight.errors import EvenlightWarning, FeatureError

GENES = ("TP53", "BRCA1", "EGFR", "MYC")


def gmt(folder: Path, text: str) -> Path:
    """A file that holds `text`."""
    path = folder / "sets.gmt"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_gmt_file_becomes_sets_that_may_overlap(tmp_path: Path) -> None:
    """Genes that the cohort lacks are left out, repeats count once, comments are skipped."""
    path = gmt(
        tmp_path, "# MSigDB\nREPAIR\thttp\tTP53\tBRCA1\tATM\tTP53\nGROWTH\t\tEGFR\tMYC\tTP53\t\n"
    )
    sets = FeatureSets.from_gmt(path, GENES)
    assert sets.names == ("REPAIR", "GROWTH")
    assert sets.members("REPAIR") == ("TP53", "BRCA1")
    assert sets.members("GROWTH") == ("TP53", "EGFR", "MYC")
    assert sets.kind == "pathway"


def test_small_sets_are_left_out_with_a_warning(tmp_path: Path) -> None:
    """The count is told; `rest` takes in the other features."""
    path = gmt(tmp_path, "A\t\tTP53\tBRCA1\nB\t\tEGFR\tATM\n")
    with pytest.warns(EvenlightWarning, match="1 of 2 sets have fewer than 2 genes"):
        sets = FeatureSets.from_gmt(path, GENES, rest="other")
    assert sets.names == ("A", "other")
    assert sets.members("other") == ("EGFR", "MYC")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("A\tonly a description\n", "line 1: a set needs a name"),
        ("A\t\tTP53\nA\t\tMYC\n", "line 2: the set 'A' occurs twice"),
        ("TP53 BRCA1\n", "divided by tabs"),
        ("\n\n", "no set in 2 lines"),
        ("A\t\tENSG00000141510\tENSG00000012048\n", "use one kind of gene name"),
    ],
)
def test_what_is_no_gmt_file_is_named(tmp_path: Path, text: str, told: str) -> None:
    """The line, or the mismatch of names, is in the message."""
    with pytest.raises(FeatureError, match=told):
        FeatureSets.from_gmt(gmt(tmp_path, text), GENES)


def test_a_packed_file_is_not_read_as_text(tmp_path: Path) -> None:
    """Bytes that are no text."""
    path = tmp_path / "sets.gmt.gz"
    path.write_bytes(b"\x1f\x8b\x08\xff\xfe")
    with pytest.raises(FeatureError, match="unpack it first"):
        read_gmt(path)


def test_clusters_are_a_partition_named_by_their_first_member() -> None:
    """Every feature has one owner; a lone feature keeps its name."""
    sets = FeatureSets.from_clusters(np.array([3, 0, 3, 1]), GENES)
    assert sets.names == ("TP53 and 1 more", "BRCA1", "MYC")
    assert sets.owners().tolist() == [0, 1, 0, 2]
    with pytest.raises(FeatureError, match="2 cluster labels for 4 features"):
        FeatureSets.from_clusters(np.array([0, 1]), GENES)


def test_names_of_positions_stand_for_positions_of_a_map() -> None:
    """Lists of "row,column" fit a map of that shape, no other one, and no table of as many."""
    where = Positions((2, 3))
    made = FeatureSets.from_lists({"top": ["0,0", "0,1"], "end": ["1,2"]}, list(where))
    assert made.fits(("picture",), (2, 3))
    assert not made.fits(("picture",), (3, 2))
    assert not made.fits(tuple("abcdef"), (6,))
    assert made.fits(tuple(where), (6,))
