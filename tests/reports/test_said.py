"""What sentences and tables say of open answers, opposed parts, twins and rounding."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from evenlight import reports
from evenlight.data.digits import MINUS, estimate
from evenlight.measures.shortcuts import Shortcut
from evenlight.reports.sections.a5_findings import untold
from evenlight.reports.sections.b4_reliance import reading
from evenlight.reports.sections.c1_told import _twin, sentences
from evenlight.result import Result
from evenlight.sentences import sentence
from tests.html_tree import tree
from tests.made_audit import audit, reliance

NAN = float("nan")


def result(kind: str, low: float, high: float, **own: Any) -> Result:
    """An answer of this kind that cannot tell, margin 0.1, between B and A."""
    plain: dict[str, Any] = {
        "kind": kind,
        "grouping": "race",
        "pair": ("B", "A"),
        "subject": "auroc" if kind == "performance" else "x",
        "view": "use|nothing|margin" if kind == "use" else "",
        "verdict": "cannot_tell",
        "effect": (low + high) / 2,
        "low": low,
        "high": high,
        "n": 15.0,
        "unit": "",
        "margin": 0.1,
    }
    return Result(**(plain | own))


def test_fewer_than_twenty_people_are_told_as_that() -> None:
    """Inside the margin five people are missing; far more than these are not."""
    told = sentence(result("use", -0.01, 0.01, more=5.0, more_in="B"))
    assert "inside the margin of 0.1, but similar needs 20 people in each group" in told
    assert told.endswith("about 5 more people in B would do.")
    assert "far more" not in told
    events = sentence(result("performance", -0.01, 0.01, more=100.0, more_in="both"))
    assert (
        "similar needs 20 people or events in each group; about 100 more people in each" in events
    )


@pytest.mark.parametrize(
    ("own", "said"),
    [
        ({"more": 40.0, "more_in": "both"}, "about 40 more people in each group would settle it."),
        ({"more": NAN, "more_in": "both"}, "far more people than these would be needed."),
        ({"more": NAN, "more_in": ""}, "the interval reaches beyond the margin of 0.1."),
    ],
)
def test_a_wide_interval_says_what_was_forecast_and_no_more(own: dict[str, Any], said: str) -> None:
    """Where nobody asked how many more people it takes, nothing is said of people."""
    assert sentence(result("performance", -0.2, 0.3, **own)).endswith(said)


def test_parts_that_take_from_each_other_are_a_sum() -> None:
    """Of 25.2 % no 26.7 % are a part: the other is below 0."""
    of: dict[str, Any] = {"subject": "unsupported_share", "view": "outcome", "pair": None}
    of |= {"unit": "share of variance"}
    told = sentence(result("reliance", 0.20, 0.30, verdict="different", unresolved=0.267, **of))
    assert f", the sum of {MINUS}1.7 shown to be without support and 26.7 merely unresolved" in told
    same = sentence(result("reliance", 0.20, 0.30, verdict="different", unresolved=0.2, **of))
    assert ", made up of 5.0 shown to be without support and 20.0 merely unresolved" in same


def test_the_reading_never_tells_a_part_that_is_more_than_the_whole() -> None:
    """Opposed parts are told as a sum with signs, others as of the whole."""
    made = reliance()
    g = made.given.index("outcome")
    total = made.total.copy()
    total[g] = [0.3, 0.252, 0.267]
    opposed = reading(replace(made, total=total), g)
    assert "of these are merely unresolved" not in opposed
    assert "26.7 points [0.0, 6.0] through those whose support is merely unresolved" in opposed
    assert f"and {MINUS}1.5 points through those shown to be without" in opposed
    assert "3.0 points [0.0, 6.0] of these are merely unresolved" in reading(made, g)


def test_the_totals_show_both_verdicts() -> None:
    """Eta squared and the unsupported share are judged each, and both stand in the table."""
    made = audit()
    words = np.array([["different", "similar", "similar"]] * 3, dtype="<U20")
    shown = replace(made, reliances=(replace(made.reliances[0], total_verdict=words),))
    root = tree(reports.build(shown))
    table = next(n for n in root.walk() if n.attributes.get("id") == "t5e")
    said = [[cell.text() for cell in row.all("td")] for row in table.all("tbody")[0].all("tr")]
    assert all("different" in row[3] and "similar" in row[5] for row in said)


def test_an_answer_that_cannot_tell_says_its_reason() -> None:
    """The reason stands behind the interval, once."""
    made = audit()
    asked = made.answers[0]
    part = replace(asked.parts[0], verdict="cannot_tell", reason="support is decided for too few.")
    shown = replace(made, answers=(replace(asked, parts=(part,)),))
    assert any("; support is decided for too few" in told for told in untold(shown))
    assert not any(".." in told for told in untold(shown))


def test_methods_end_in_one_full_stop_and_tell_of_the_twin() -> None:
    """A probe that ends its own sentence is not ended twice; refits are described."""
    made = audit()
    probed = replace(made, model=replace(made.model, probes=("The same rows give the same.",)))
    told = list(sentences(probed))
    assert "Probe of the model: The same rows give the same." in told
    assert any("support is decided for less than half of the reliance" in t for t in told)
    record = SimpleNamespace(
        grouping="race", refits=10, how="columns", given="outcome", subject_kind="cluster",
        subjects=("x1", "x2 and 1 more"),
    )  # fmt: skip
    twin = _twin(cast(Shortcut, record))
    assert "10 refits of the model and as many of its twin" in twin
    assert "2 clusters compared, given the outcome" in twin
    record.subject_kind = ""
    assert "2 features and sets of them compared" in _twin(cast(Shortcut, record))
    assert "A set is named by its first feature and the number of others" in twin


def test_an_audit_without_a_twin_tells_of_none() -> None:
    """No line where there were no refits."""
    assert not any(told.startswith("Twin by") for told in sentences(audit()))


def test_zero_with_an_interval_of_rounding_is_zero() -> None:
    """No row of zeros to six decimals."""
    assert estimate(1e-17, -1e-16, 1e-16) == "0.000 [0.000, 0.000]"
    assert estimate(0.0, 0.0, 0.0) == "0.000 [0.000, 0.000]"
    assert estimate(2e-5, 1e-5, 3e-5) == "0.000020 [0.000010, 0.000030]"
