"""Axes, families and local ancestry that other programs made are joined by id, or refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evenlight.data.cohort import Cohort
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import CohortError, FeatureError, GroupError
from evenlight.measures.genotype_axes import genotype_axes
from evenlight.measures.relatives import relatives
from evenlight.modalities.admixture import read_admixture
from evenlight.modalities.eigenvec import read_eigenvec
from evenlight.modalities.kinship_tables import read_king_cutoff, read_kinship
from evenlight.modalities.local_ancestry import local_ancestry, read_msp
from tests.genotyped import child, drifted

IDS = [f"p{i}" for i in range(6)]


def people(ids: list[str], **more: object) -> Cohort:
    """A cohort of these people with one column of data."""
    table = pd.DataFrame({"n": range(len(ids)), **more}, index=ids)
    unit = "person" if "person" in more else "row"
    return Cohort(np.arange(len(ids), dtype=float)[:, None], table, ["x"], unit=unit)


def write(path: Path, *lines: str) -> Path:
    """A file of these lines."""
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def eigenvec(path: Path, kind: str) -> Path:
    """Two components of six people: i and i squared, as either PLINK writes them."""
    head = {"fid": ["#FID\tIID\tPC1\tPC2"], "iid": ["#IID PC1 PC2"], "none": []}[kind]
    stem = "" if kind == "iid" else "f "
    return write(path, *head, *(f"{stem}p{i} {i} {i * i}e-1" for i in range(6)))


@pytest.mark.parametrize("kind", ["fid", "iid", "none"])
def test_components_are_joined_by_id_whatever_plink_wrote_them(tmp_path: Path, kind: str) -> None:
    """A row has the components of its own id, in whatever order, and the file may hold more."""
    path = eigenvec(tmp_path / "a.eigenvec", kind)
    cohort = people(["p4", "p0", "p3"])
    axes = read_eigenvec(path, cohort)
    np.testing.assert_allclose(axes.values, [[4.0, 1.6], [0.0, 0.0], [3.0, 0.9]])
    assert axes.names == ("PC1", "PC2")
    assert axes.rows is not None
    assert axes.rows.tolist() == cohort.rows.tolist()
    assert read_eigenvec(path, cohort, count=1).values.shape == (3, 1)
    value = write(tmp_path / "a.eigenval", "4", "0.25")
    scaled = read_eigenvec(path, cohort, eigenvalues=value)
    np.testing.assert_allclose(scaled.values, axes.values * [2, 0.5])


def test_rows_of_a_person_have_the_components_of_the_person(tmp_path: Path) -> None:
    """Where row ids are not in the file, the unit is; families and ids name people as asked."""
    path = eigenvec(tmp_path / "a.eigenvec", "fid")
    cells = people(["c1", "c2", "c3"], person=["p5", "p5", "p2"])
    assert read_eigenvec(path, cells).values[:, 0].tolist() == [5, 5, 2]
    named = people(["f_p1", "f_p0"])
    assert read_eigenvec(path, named, id="FID_IID").values[:, 0].tolist() == [1, 0]


def test_components_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    """Missing people, repeated ids, words, too few components and eigenvalues are errors."""
    path = eigenvec(tmp_path / "a.eigenvec", "fid")
    with pytest.raises(CohortError, match="1 of 2 rows by row id, first missing at position 1"):
        read_eigenvec(path, people(["p0", "q"]))
    with pytest.raises(CohortError, match="count=3"):
        read_eigenvec(path, people(IDS), count=3)
    twice = write(tmp_path / "b", "#IID PC1", "p0 1", "p0 2")
    with pytest.raises(CohortError, match="1 of 2 ids occur more than once"):
        read_eigenvec(twice, people(["p0", "p1"]))
    with pytest.raises(CohortError, match="has no column FID"):
        read_eigenvec(twice, people(["p0", "p1"]), id="FID_IID")
    words = write(tmp_path / "c", "#IID PC1", "p0 NA", "p1 2")
    with pytest.raises(CohortError, match="1 of 2 cells are no numbers, first 'NA'"):
        read_eigenvec(words, people(["p0", "p1"]))
    rising = write(tmp_path / "d", "1", "2")
    with pytest.raises(CohortError, match="positive and fall"):
        read_eigenvec(path, people(IDS), eigenvalues=rising)
    with pytest.raises(CohortError, match="no file"):
        read_eigenvec(tmp_path / "none", people(IDS))


def test_proportions_are_those_of_the_fam_and_never_of_the_cohorts_order(tmp_path: Path) -> None:
    """Lines of a .Q belong to the fam that is handed over; they must be shares of its people."""
    q = write(tmp_path / "a.2.Q", *(f"{i / 10} {1 - i / 10}" for i in range(6)))
    fam = write(tmp_path / "a.fam", *(f"f p{5 - i} 0 0 1 -9" for i in range(6)))
    axes = read_admixture(q, ids=fam, cohort=people(["p5", "p1"]), names=("AFR", "EUR"))
    np.testing.assert_allclose(axes.values, [[0.0, 1.0], [0.4, 0.6]])
    assert axes.composition == "shares"
    assert axes.names == ("AFR", "EUR")
    whole = read_admixture(q, ids=pd.DataFrame({"IID": IDS}))
    assert whole.rows is not None
    assert whole.rows.tolist() == IDS
    with pytest.raises(CohortError, match="6 lines and ids= 5 people"):
        read_admixture(q, ids=IDS[:5])
    with pytest.raises(CohortError, match="names= 3"):
        read_admixture(q, ids=IDS, names=("a", "b", "c"))
    p = write(tmp_path / "a.2.P", *(["0.2 0.3"] * 6))
    with pytest.raises(CohortError, match=r"6 of 6 lines are no proportions.*not a \.P"):
        read_admixture(p, ids=IDS)
    with pytest.raises(CohortError, match="no column IID"):
        read_admixture(q, ids=pd.DataFrame({"id": IDS}))


KIN0 = ("#FID1 IID1 FID2 IID2 NSNP HETHET IBS0 KINSHIP", "f p0 f p1 9 0 0 0.25",
        "f p1 f gone 9 0 0 0.26", "f gone f p2 9 0 0 0.1", "f p3 f p4 9 0 0 0.05")  # fmt: skip


def test_families_are_chains_of_pairs_near_enough(tmp_path: Path) -> None:
    """A person who is not here links two who are; a pair beyond the degree links nobody."""
    path = write(tmp_path / "a.kin0", *KIN0)
    found = read_kinship(path, people(IDS))
    assert found.codes.tolist() == [0, 0, 0, -1, -1, -1]
    assert read_kinship(path, people(IDS), degree="first").codes.tolist() == [0, 0, -1, -1, -1, -1]
    assert read_kinship(path, people(IDS), degree="third").codes.tolist() == [0, 0, 0, 1, 1, -1]
    king = write(tmp_path / "b.kin0", KIN0[0].replace("IID", "ID").replace("#", ""), *KIN0[1:])
    assert read_kinship(king, people(IDS)).codes.tolist() == found.codes.tolist()
    with pytest.raises(CohortError, match="nobody of"):
        read_kinship(path, people(["q1", "q2"]))
    kin = write(tmp_path / "c.kin0", KIN0[0], "f p0 f p1 9 0 0 1.0")
    with pytest.raises(CohortError, match="not relatedness"):
        read_kinship(kin, people(IDS))
    listed = write(tmp_path / "a.king.cutoff.out.id", "#FID IID", "f p1", "f p9")
    with pytest.raises(CohortError, match="read_king_cutoff"):
        read_kinship(listed, people(IDS))
    assert read_king_cutoff(listed, people(IDS)).tolist() == [True, False, True, True, True, True]
    kept = write(tmp_path / "a.king.cutoff.in.id", "#IID", "p1", "p5")
    assert np.flatnonzero(read_king_cutoff(kept, people(IDS))).tolist() == [1, 5]
    with pytest.raises(CohortError, match=r"wanted a \.king"):
        read_king_cutoff(tmp_path / "a.kin0", people(IDS))


def test_a_table_of_our_own_kinship_gives_our_own_families(tmp_path: Path) -> None:
    """Pairs that `relatives` finds, written as a .kin0, come back as the families it made."""
    rng = np.random.default_rng(0)
    x, _, _ = drifted((40,), 1500, fst=0.05, rng=rng)
    x = np.vstack([x, *(child(x[2 * i], x[2 * i + 1], rng) for i in range(5))])
    ids = [f"p{i:02d}" for i in range(45)]
    cohort = Cohort(x, pd.DataFrame(index=ids), [f"s{j}" for j in range(1500)], unit="row")
    found = relatives(cohort, degree="first")
    cells = [f"{a} {b} {k:.6f}" for a, b, k in
             zip(found.first, found.second, found.kinship, strict=True)]  # fmt: skip
    read = read_kinship(write(tmp_path / "a.kin0", "#IID1 IID2 KINSHIP", *cells), cohort)
    assert len(cells) == 10
    assert len(found.families.levels) == 5
    pairs = set(zip(found.families.codes.tolist(), read.codes.tolist(), strict=True))
    assert len(pairs) == 6
    assert (-1, -1) in pairs
    axes = genotype_axes(cohort, families=read, components=2)
    assert axes.values.shape == (45, 2)


MSP = ("#Subpopulation order/codes: AFR=0\tEUR=1\tNAT=2",
       "#chm\tspos\tepos\tsgpos\tegpos\tn snps\tp0.0\tp0.1\tp1.0\tp1.1",
       "chr1\t100\t200\t0\t1\t5\t0\t1\t2\t2", "chr1\t200\t300\t1\t2\t5\t0\t0\t1\t2")  # fmt: skip


def test_local_ancestry_is_counted_by_person_window_and_site(tmp_path: Path) -> None:
    """Copies at a site are those of its window; a shared end belongs to the window that begins."""
    local = read_msp(write(tmp_path / "a.msp.tsv", *MSP), people(["p1", "p0"]))
    assert local.copies("AFR").tolist() == [[0, 0], [1, 2]]
    assert local.copies("NAT").tolist() == [[2, 1], [0, 0]]
    np.testing.assert_allclose(local.shares().values, [[0, 0.25, 0.75], [0.75, 0.25, 0]])
    place = {"chromosome": ["1"] * 5, "position": [99, 100, 200, 300, 301]}
    sites = pd.DataFrame(place, index=list("abcde"))
    assert local.window_of(sites).tolist() == [-1, 0, 1, 1, -1]
    np.testing.assert_array_equal(
        local.at_sites(sites, "AFR"), [[np.nan, 0, 0, 0, np.nan], [np.nan, 1, 2, 2, np.nan]]
    )
    sets = local.sets(sites)
    assert sets.members("1:200-300") == ("c", "d")
    assert sets.members("in no window") == ("a", "e")
    frame = pd.DataFrame(
        {"1:100-200": ["NAT/NAT", "AFR|EUR"], "chr1:200-300": ["EUR|NAT", "AFR|AFR"]},
        index=["p1", "p0"],
    )
    same = local_ancestry(frame)
    for name in local.ancestries:
        assert same.copies(name).tolist() == local.copies(name).tolist()
    other = [line.replace("chr1", "chr2") for line in MSP]
    two = read_msp([tmp_path / "a.msp.tsv", write(tmp_path / "b.msp.tsv", *other)])
    assert len(two.windows) == 4
    assert two.copies("AFR")[0].tolist() == [1, 2, 1, 2]


@pytest.mark.parametrize(
    ("line", "text", "error", "told"),
    [
        (0, "#Subpopulation order/codes: AFR=1\tEUR=2", CohortError, "codes of ancestries are 0"),
        (0, "#chm", CohortError, "does not begin with"),
        (1, MSP[1].replace("p1.1", "p2.1"), CohortError, "two a person"),
        (2, MSP[2].replace("\t5\t0", "\t5\t3"), CohortError, "1 of 8 haplotype codes"),
        (2, MSP[2].replace("chr1", "chrX"), FeatureError, "windows lie on X"),
        (3, MSP[3].replace("\t200\t300", "\t150\t300"), FeatureError, "1 windows overlap"),
    ],
)
def test_a_file_of_local_ancestry_that_does_not_fit_is_refused(
    tmp_path: Path, line: int, text: str, error: type[Exception], told: str
) -> None:
    """Codes, people, windows and chromosomes that are wrong are named."""
    lines = list(MSP)
    lines[line] = text
    with pytest.raises(error, match=told):
        read_msp(write(tmp_path / "a.msp.tsv", *lines))


def test_rows_of_a_person_have_the_local_ancestry_of_the_person(tmp_path: Path) -> None:
    """Cells of one person share its windows, under their own ids."""
    cells = people(["c1", "c2", "c3"], person=["p1", "p1", "p0"])
    local = read_msp(write(tmp_path / "a.msp.tsv", *MSP), cells)
    assert local.rows.tolist() == ["c1", "c2", "c3"]
    assert local.copies("NAT").tolist() == [[2, 1], [2, 1], [0, 0]]


def test_people_without_local_ancestry_are_counted(tmp_path: Path) -> None:
    """A row that is not in the file, and a cell without two labels, are errors."""
    path = write(tmp_path / "a.msp.tsv", *MSP)
    with pytest.raises(CohortError, match="1 of 2 rows by row id"):
        read_msp(path, people(["p0", "p9"]))
    with pytest.raises(CohortError, match="1 of 2 cells are no two labels"):
        local_ancestry(pd.DataFrame({"1:0-9": ["A|B", "A"]}, index=["a", "b"]))
    with pytest.raises(FeatureError, match="chromosome:start-end"):
        local_ancestry(pd.DataFrame({"w1": ["A|B"]}, index=["a"]))
    with pytest.raises((CohortError, GroupError), match="no ancestry 'X'"):
        read_msp(path).copies("X")


@pytest.mark.parametrize("named", [["1", "2", "X"], ["chr1", "chr2", "chrX"], [1.0, 2.0, np.nan]])
def test_a_chromosome_is_the_same_by_any_of_its_names(named: list[object]) -> None:
    """Windows of chr1 hold the sites of 1, chr1 and 1.0, a number beside a missing one."""
    frame = pd.DataFrame({"1:0-9": ["A|B"], "chr2:0-9": ["B|B"]}, index=["a"])
    local = local_ancestry(frame)
    sites = pd.DataFrame({"chromosome": named, "position": [4, 4, 4]}, index=list("abc"))
    assert local.window_of(sites).tolist() == [0, 1, -1]
    far = LocalAncestry(
        local.ancestries, local.rows, np.array(["chr1", "chr2"]), local.start, local.end,
        local.haplotypes,
    )  # fmt: skip
    assert far.window_of(sites).tolist() == [0, 1, -1]
    with pytest.raises(FeatureError, match="1 windows overlap"):
        LocalAncestry(
            local.ancestries, local.rows, np.array(["chr1", "1"]), local.start, local.end,
            local.haplotypes,
        )  # fmt: skip


def test_components_without_a_cohort_are_those_of_the_file(tmp_path: Path) -> None:
    """They join a cohort by id when it is made, as proportions do; a .Q names nobody by itself."""
    path = eigenvec(tmp_path / "a.eigenvec", "fid")
    alone = read_eigenvec(path)
    assert alone.rows is not None
    ids = sorted(alone.rows.tolist(), reverse=True)
    people = pd.DataFrame({"age": range(len(ids))}, index=ids)
    made = Cohort(np.ones((len(ids), 1)), people, unit="row", axes=[alone])
    np.testing.assert_array_equal(made.axes[0].values, read_eigenvec(path, made).values)
    with pytest.raises(CohortError, match=r"cohort is a DataFrame; call read_eigenvec"):
        read_eigenvec(path, people)  # type: ignore[arg-type]
    (tmp_path / "a.2.Q").write_text("0.5 0.5\n")
    with pytest.raises(CohortError, match=r"a\.2\.Q names nobody; pass ids= the \.fam"):
        read_admixture(tmp_path / "a.2.Q")
