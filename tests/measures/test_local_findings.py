"""What an audit finds of local ancestry: attributions that follow it beyond the genotype."""

from __future__ import annotations

from evenlight.judge import judge
from evenlight.policy import Policy
from evenlight.results import Measures
from evenlight.results_local import local_results
from tests.figures.test_local_ancestry import record


def test_a_site_that_follows_local_ancestry_is_a_finding() -> None:
    """One finding of the strictest view, with its place, size and limits in the sentence."""
    made = record()
    found, _, _ = judge(Measures(locally=(made,)), (), Policy())
    assert [(f.kind, f.subject, f.view, f.grouping) for f in found] == [
        ("local_ancestry", "rs0", "genotype", "copies of AFR")
    ]
    assert found[0].sentence.startswith(
        "For each copy of AFR at its place (1:0-2000000) the attribution of rs0 changes by"
    )
    assert "and of one genotype at the site" in found[0].sentence


def test_what_cannot_be_asked_has_its_reason() -> None:
    """Of the others nothing is listed, and a site in no window says so."""
    told = {r.subject: r for r in local_results(record())}
    assert told["rs5"].verdict == "not_estimable"
    assert "no window" in told["rs5"].reason


def test_windows_are_told_in_their_one_view() -> None:
    """Sums over windows have no genotype to be given."""
    assert {r.view for r in local_results(record("windows"))} == {"nothing"}
