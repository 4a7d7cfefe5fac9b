"""Tables of whole explanations, rankings, sets, refits, versions and replications."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.measures.agreement import agree
from evenlight.measures.compare import compare
from evenlight.measures.globally import globally
from evenlight.measures.hierarchy import hierarchy
from evenlight.measures.refits import refits
from evenlight.measures.replicate import replicate
from evenlight.measures.testing import Testing
from evenlight.measures.versions import versions
from evenlight.reports.sections.again import refits_table, replication_table, versions_table
from evenlight.reports.sections.wholes import agreement_table, tree_table, whole_table

QUICK = Testing(draws=200)


def made(*, factor: float = 1.0) -> tuple[Attributions, Cohort]:
    """Two features of three differ; a name that is markup, and a group of nine."""
    rng = np.random.default_rng(0)
    phi = rng.normal(size=(209, 3))
    phi[1:200:2, :2] += 1.0
    race = np.array(["A", "B"] * 100 + ["C"] * 9)
    people = pd.DataFrame({"race": race}, index=[f"p{i}" for i in range(209)])
    cohort = Cohort(phi, people, ["<b>x</b>", "y", "z"], groups=["race"], unit="row")
    out = Attributions.from_arrays(
        phi * factor,
        rows=list(people.index),
        features=cohort.features,
        output=phi.sum(axis=1) * factor,
        base=0.0,
    )
    return out, cohort


def test_every_table_shows_its_record_and_escapes_names() -> None:
    """Numbers, reasons and verdicts; no markup of a name reaches the page."""
    attributions, cohort = made()
    sets = FeatureSets.from_lists({"two": ["<b>x</b>", "y"], "one": ["z"]}, cohort.features.names)
    single = compare(attributions, cohort, by="race", testing=QUICK)
    by_set = compare(attributions.by(sets), cohort, by="race", testing=QUICK)
    pages = {
        "whole": whole_table("a", globally(attributions, cohort, by="race", draws=199)),
        "ranks": agreement_table("b", agree(attributions, cohort, by="race", k=2, draws=199)),
        "tree": tree_table("c", hierarchy(by_set, single, sets)),
        "refits": refits_table("d", refits([single] * 5)),
        "versions": versions_table(
            "e", versions((attributions, made(factor=1.5)[0]), cohort, by="race", testing=QUICK)
        ),
        "again": replication_table("f", replicate(single, replace(single, cohort_digest="other"))),
    }
    text = {key: str(page) for key, page in pages.items()}
    assert all("<b>x</b>" not in page for page in text.values())
    assert "fewer than 11 units in C" in text["whole"]
    assert "Spearman" in text["ranks"]
    assert "sum of 2" in text["tree"]
    assert "&lt;b&gt;x" in text["tree"]
    assert "this training procedure" in text["refits"]
    assert "suppressed (&lt;11)" in text["versions"]
    assert "found again" in text["again"]
