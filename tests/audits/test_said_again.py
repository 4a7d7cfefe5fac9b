"""What findings say of levels, margins and models that are sums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from evenlight.auditing import audit
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.findings import Findings
from evenlight.judge import judge
from evenlight.plan import Plan
from evenlight.policy import Policy
from evenlight.record import Audit
from evenlight.result import Result
from evenlight.results import Measures
from evenlight.sentences import sentence

USED = Result(
    kind="use", grouping="race", pair=("hispanic", "white"), subject="num.co",
    view="use|nothing|margin", verdict="different", effect=0.058, low=0.013, high=0.103, n=300.0,
    unit="SD(f)", margin=0.1, alpha=0.05 / 3, mechanism="unresolved",
)  # fmt: skip


@pytest.fixture(scope="module")
def made() -> Audit:
    """The audit of a score that is a sum, in which `a` has no weight."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(160, 3))
    group = np.arange(160) % 2
    x[:, 2] += 2.0 * group
    people = pd.DataFrame(
        {"race": np.array(["A", "B"])[group], "y": x[:, 1] + rng.normal(size=160)},
        index=[f"p{i}" for i in range(160)],
    )
    cohort = Cohort(x, people, list("abc"), outcome="y", unit="row", groups=["race"])
    model = CoefficientTable("score", 0.0, {"b": 0.5, "c": 1.0}, "identity")
    return audit(model, cohort, plan=Plan.from_data({"explain": {"repeats": 0}}))


def test_of_a_sum_no_feature_is_singled_out(made: Audit) -> None:
    """No change of one feature moves a sum further in one group: that is said of them all."""
    told = next(f for f in made.findings if f.kind == "use")
    assert told.subject == ""
    assert told.sentence.startswith(
        "The same change of any one feature moves the output equally far in B and A ("
    )
    part = next(a for a in made.answers if a.measure == "use").parts[0]
    assert (part.subject, part.verdict, part.high) == ("", "similar", 0.0)


def test_one_interval_has_one_level(made: Audit) -> None:
    """The gate tells the unsupported share with the level at which reliance was judged."""
    (gate,), lean = made.further.shortcuts, made.reliances[0]
    assert gate.alpha == lean.alpha[lean.given.index(gate.given)] == pytest.approx(0.05 / 3)
    called = replace(gate, word="consistent_with_a_shortcut", met=np.full(4, "met"))
    found = judge(Measures(shortcuts=(called,), reliances=(lean,)), [], Policy())[0]
    told = next(f.sentence for f in found if f.kind == "shortcut")
    assert "(98.3 % interval " in told
    assert "95 %" not in told


def test_a_size_that_is_uncertain_is_said_to_be_so() -> None:
    """An interval that leaves out 0 and holds the margin: detectable, and maybe beyond it."""
    assert sentence(USED).endswith(
        "(98.3 % interval 0.013 to 0.103): different, size uncertain (detectable; it may or may "
        "not exceed the margin of 0.1); why is not resolved."
    )
    share = replace(USED, kind="reliance", pair=None, subject="eta_squared", view="nothing")
    assert "may or may not exceed the margin of 10 %)" in sentence(share)
    beyond = replace(USED, low=0.12, high=0.2, effect=0.16)
    assert ": different, beyond the margin; " in sentence(beyond)


def test_the_null_of_each_p_stands_beside_it(made: Audit) -> None:
    """The p of use is that of a difference within the margin, all others that of none."""
    frame = made.comparisons[0].to_frame()
    nulls = frame.groupby("view")["null"].unique().map(list).to_dict()
    assert nulls.pop("use") == ["no more than the margin"]
    assert set(map(tuple, nulls.values())) == {("no difference",)}


def test_findings_are_taken_by_place_and_by_slice(made: Audit) -> None:
    """One finding by its place, several as findings again."""
    first = made.findings[:2]
    assert isinstance(first, Findings)
    assert list(first) == list(made.findings)[:2]
    *_, last = whole = list(made.findings)
    assert made.findings[0] is whole[0]
    assert made.findings[-1] is last
    with pytest.raises(IndexError):
        made.findings[len(made.findings)]


def test_a_question_of_one_feature_still_names_it() -> None:
    """Where one feature was asked about, it is the one that is told."""
    flat = replace(USED, effect=0.0, low=0.0, high=0.0, verdict="similar")
    assert "The same change of num.co moves the output equally far" in sentence(flat)
