"""Local ancestry and shares by frequency in a plan, on the page, in the record and its tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pandas as pd
import pytest

from evenlight.api import report, run
from evenlight.auditing import audit
from evenlight.check import check
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.data.groups import Axes
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.errors import PlanError
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.set_shares import SetShares
from evenlight.models.adapt import adapt
from evenlight.plan import Plan
from evenlight.record import Audit, audit_schema
from tests.html_tree import tree

N, P = 260, 6
SITES = [f"rs{j}" for j in range(P)]
QUESTION = {"measure": "use", "grouping": "clinic"}


def world(seed: int = 0) -> tuple[Cohort, LocalAncestry]:
    """Admixed people of two clinics; the last two sites are rare in clinic b."""
    rng = np.random.default_rng(seed)
    share = rng.beta(4, 3, N)
    hap = (rng.random((N, P, 2)) > share[:, None, None]).astype(np.int64)
    rows = np.array([f"p{i:03d}" for i in range(N)])
    chromosome = np.array([str(j + 1) for j in range(P)])
    local = LocalAncestry(
        ("AFR", "EUR"), rows, chromosome, np.zeros(P, dtype=np.int64), np.full(P, 900), hap
    )
    clinic = np.where(np.arange(N) % 2, "a", "b")
    common = np.where(hap == 0, 0.2, 0.6)
    common[:, 4:] = np.where(clinic == "b", 0.02, 0.4)[:, None, None]
    x = (rng.random(hap.shape) < common).sum(axis=2).astype(float)
    people = pd.DataFrame(
        {"clinic": clinic, "ill": rng.integers(0, 2, N), "AFR": share, "EUR": 1 - share}, index=rows
    )
    table = pd.DataFrame({"chromosome": chromosome, "position": 500}, index=SITES)
    axes = Axes("admixture", people[["AFR", "EUR"]].to_numpy(), rows, ("AFR", "EUR"), "shares")
    cohort = Cohort(
        x, people, Features(tuple(SITES), table=table), unit="row", outcome="ill",
        groups=["clinic"], axes=[axes],
    )  # fmt: skip
    return cohort, local


def asked(**more: Any) -> Plan:
    """A plan of one question with what is named."""
    return Plan.from_data(
        {"measure": {"further": False}, "explain": {"repeats": 0}, "question": [QUESTION], **more}
    )


def model() -> object:
    """All sites alike, the last two three times as much."""
    return adapt(lambda x: x @ np.array([1.0, 1, 1, 1, 3, 3]), link="identity")


@pytest.fixture(scope="module", name="found")
def _found() -> Audit:
    """One audit with both."""
    cohort, local = world()
    plan = asked(
        local={"ancestry": "AFR", "beside": "admixture"},
        maf={"grouping": "clinic", "reference": "b", "edges": [0.1]},
    )
    return audit(model(), cohort, plan=plan, local=local)


def test_both_are_in_the_record_and_come_back(found: Audit) -> None:
    """What the plan asks for is measured as by the verbs, and JSON loses nothing."""
    locally, shares = found.further.by_local_ancestry[0], found.further.set_shares[0]
    assert (locally.ancestry, locally.beside) == ("AFR", ("EUR instead of AFR",))
    assert locally.given == ("nothing", "genotype")
    # four sites differ in frequency between the ancestries by 0.4: so do their attributions
    assert (locally.effect[0, :4] < -0.05).all()
    assert set(locally.verdict[1].tolist()) <= {"cannot_tell", "similar", "not_estimable"}
    assert shares.kind == "MAF stratum"
    assert shares.sets == ("MAF below 10 % in b", "MAF from 10 % in b")
    assert shares.features.tolist() == [2, 4]
    a, b = (shares.levels.index(level) for level in "ab")
    assert shares.share[a, 0] > shares.share[b, 0]
    np.testing.assert_allclose(shares.share.sum(axis=1), 1.0)
    for record, kind in ((locally, LocalComparison), (shares, SetShares)):
        assert plain(restore(kind, plain(record))) == plain(record)
    again = Audit.from_json(found.to_json())
    assert again.to_json() == found.to_json()
    jsonschema.validate(plain(again) | {"schema": audit_schema()["$defs"]["Audit"]["properties"][
        "schema"]["const"]}, audit_schema())  # fmt: skip


def test_both_have_tables(found: Audit) -> None:
    """Each record is a table of the folder, and who carries how many copies."""
    tables = found.tables()
    assert len(tables["by_local_ancestry"]) == 2 * P
    assert len(tables["local_ancestry_carriers"]) == 3 * P
    assert tables["set_shares"]["kind"].unique().tolist() == ["MAF stratum"]


def test_both_are_on_the_page(found: Audit, tmp_path: Path) -> None:
    """The page shows slopes by copies, who carries them, and shares, with words for each."""
    text = report(found, tmp_path).read_text()
    assert tree(text) is not None
    for words in (
        "By copies of AFR at the place", "Who carries how many copies", "T4l. ", "T4m. ",
        "among people of equal global proportions and of one genotype at the site",
        "MAF below 10 % in b", "Local ancestry: 260 people, the copies of AFR",
        "Shares of importance by clinic (sets of kind MAF stratum)",
    ):  # fmt: skip
        assert words in text, words
    assert "p000" not in text


def test_sets_that_part_the_features_are_shared_out() -> None:
    """Given sets have shares where no two overlap; overlapping ones do not, and nothing fails."""
    cohort, _ = world()
    parts = FeatureSets.from_lists({"one": SITES[:3], "two": SITES[3:]}, SITES)
    over = FeatureSets.from_lists({"one": SITES[:4], "two": SITES[3:]}, SITES)
    plan = Plan.from_data({"explain": {"repeats": 0}, "question": [QUESTION]})
    made = audit(model(), cohort, plan=plan, sets=parts)
    assert [s.sets for s in made.further.set_shares] == [("one", "two")]
    assert audit(model(), cohort, plan=asked(), sets=over).further.set_shares == ()


@pytest.mark.parametrize(
    ("more", "given", "told"),
    [
        ({"local": {"ancestry": "AFR"}}, False, r"there is no local ancestry"),
        ({}, True, r"local\.ancestry is None"),
        ({"local": {"ancestry": "AFRO"}}, True, r"'AFRO'; did you mean 'AFR'\?"),
        ({"local": {"ancestry": "AFR", "beside": "pcs"}}, True, r"known: admixture"),
        ({"maf": {"grouping": "site"}}, False, r"no grouping of the cohort.*known: clinic"),
        ({"maf": {"grouping": "clinic", "edges": [0.9]}}, False, r"maf: edges are \(0\.9,\)"),
        ({"maf": {"grouping": "clinic", "reference": "c"}}, False, r"maf: .*'c'"),
    ],
)
def test_what_does_not_fit_is_an_error_before_any_compute(
    more: dict[str, Any], given: bool, told: str
) -> None:
    """A plan that asks for what is not there stops before the model is explained."""
    cohort, local = world()
    said: list[str] = []
    with pytest.raises(PlanError, match=told):
        audit(
            model(), cohort, plan=asked(**more), local=local if given else None,
            progress=said.append,
        )  # fmt: skip
    assert said == []


def test_people_without_local_ancestry_are_an_error() -> None:
    """Local ancestry of other people is told with how many are missing."""
    cohort, local = world()
    few = local.take(np.arange(20))
    with pytest.raises(PlanError, match=r"local: .*240"):
        audit(model(), cohort, plan=asked(local={"ancestry": "AFR"}), local=few)


PLAN = """
[model]
table = "score.csv"

[cohort]
table = "people.csv"
id = "id"
features = [{features}]
unit = "row"
groups = ["clinic"]

[measure]
further = false

[local]
windows = "chr.msp.tsv"
sites = "sites.csv"
ancestry = "EUR"
over = "windows"

[maf]
grouping = "clinic"
edges = [0.1]

[[question]]
measure = "use"
grouping = "clinic"
"""


def written(folder: Path) -> Path:
    """The same world as files."""
    cohort, local = world()
    table = cohort.people[["clinic"]].join(pd.DataFrame(cohort.dense(), cohort.people.index, SITES))
    table.to_csv(folder / "people.csv", index_label="id")
    assert cohort.features.table is not None
    cohort.features.table.to_csv(folder / "sites.csv", index_label="feature")
    lines = ["#Subpopulation order/codes: AFR=0\tEUR=1"]
    people = "\t".join(f"{i}.{h}" for i in local.rows for h in (0, 1))
    lines.append(f"#chm\tspos\tepos\tsgpos\tegpos\tn snps\t{people}")
    for w in range(P):
        codes = "\t".join(map(str, local.haplotypes[:, w].ravel()))
        lines.append(f"{local.chromosome[w]}\t0\t900\t0\t1\t9\t{codes}")
    (folder / "chr.msp.tsv").write_text("\n".join(lines) + "\n")
    weights = "\n".join(f"{s},{w}" for s, w in zip(SITES, (1, 1, 1, 1, 3, 3), strict=True))
    (folder / "score.csv").write_text(f"term,weight\nintercept,0\n{weights}\n")
    names = ", ".join(f'"{s}"' for s in SITES)
    (folder / "audit.toml").write_text(PLAN.replace("{features}", names))
    return folder / "audit.toml"


def test_a_plan_of_files_reads_both(tmp_path: Path) -> None:
    """Windows, sites and strata by name from a plan beside its files, told by check and run."""
    plan = written(tmp_path)
    lines = list(check(plan))
    assert "local    copies of EUR, over windows" in lines
    assert any(line.startswith("maf      MAF ") for line in lines)
    found = run(plan, tmp_path / "out")
    made = found.further.by_local_ancestry[0]
    assert (made.ancestry, made.given) == ("EUR", ("nothing",))
    assert "1:0-900" in made.places
    assert (tmp_path / "out" / "tables" / "by_local_ancestry.csv").is_file()
    assert len(found.further.set_shares) == 1


def test_a_table_of_sites_that_does_not_fit_is_told(tmp_path: Path) -> None:
    """Columns that are missing, names twice, and names of other features."""
    plan = written(tmp_path)
    sites = tmp_path / "sites.csv"
    for text, told in (
        ("name,chromosome,position\n", "no column feature"),
        ("feature,chromosome,position\nrs0,1,5\nrs0,1,6\n", "names 1 features twice, first 'rs0'"),
        ("feature,chromosome,position\nother,1,5\n", "none of the cohort's 6 features"),
    ):
        sites.write_text(text)
        with pytest.raises(PlanError, match=told):
            list(check(plan))
