"""One audit against the next: statuses, refusals, what cannot be compared, and the verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from evenlight.auditing import audit
from evenlight.differing import Difference, Regression, diff, read_regression, save_difference
from evenlight.differing.changes import Asked, changes
from evenlight.differing.read import Read
from evenlight.differing.record import Told
from evenlight.differing.regression import judged
from evenlight.differing.sketches import FOLDER, keep
from evenlight.errors import GateFailed, InputError, PlanError, Refused
from evenlight.measures.words import Verdict
from evenlight.plan import Plan
from evenlight.result import Result
from tests.between_world import PLAN, QUESTIONS, audited, model, people

apart = partial(diff, other_people=True, other_background=True)
"""Against an audit of other people."""


def one(verdict: Verdict, effect: float, half: float, **more: object) -> Result:
    """A result of one feature with its interval."""
    own: dict[str, object] = {
        "kind": "performance",
        "grouping": "g",
        "pair": ("b", "a"),
        "subject": "mae",
        "view": "",
    }
    own |= {"verdict": verdict, "effect": effect, "low": effect - half, "high": effect + half}
    return Result(**{**own, "n": 203.0, "unit": "", "margin": 0.1, **more})  # type: ignore[arg-type]


def status(before: Result, after: Result, *, part: float = 1.0) -> str:
    """What becomes of one primary number."""
    asked = Asked((), part, others=True, same=False)
    first, second = (Read({"E-1": r}, {"Is it similar?": ("E-1",)}) for r in (before, after))
    (made,) = changes(first, second, asked)
    return made.status


@pytest.mark.parametrize(
    ("before", "after", "wanted"),
    [
        (one("different", 0.5, 0.1), one("different", 1.5, 0.1), "worse"),
        (one("similar", 0.0, 0.05), one("different", 1.5, 0.1), "worse"),
        (one("cannot_tell", 0.2, 0.3), one("different", 0.3, 0.2), "new"),
        (one("different", 1.5, 0.1), one("different", 0.5, 0.1), "better"),
        (one("different", 0.5, 0.1), one("similar", 0.0, 0.05), "resolved"),
        (one("different", 0.06, 0.05), one("similar", 0.02, 0.07), "no_longer_shown"),
        (one("different", 0.5, 0.1), one("cannot_tell", 0.4, 0.6), "no_longer_shown"),
        (one("similar", 0.0, 0.05), one("cannot_tell", 0.0, 0.2), "newly_untold"),
        (one("similar", 0.0, 0.05), one("not_estimable", np.nan, np.nan), "newly_untold"),
        (one("different", 0.5, 0.1), one("different", -0.5, 0.1), "moved"),
        (one("similar", 0.0, 0.03), one("similar", 0.01, 0.03), "unchanged"),
        (one("different", 0.5, 0.2), one("different", 0.6, 0.2), "no_change_shown"),
    ],
)
def test_each_status_from_two_intervals(before: Result, after: Result, wanted: str) -> None:
    """A change is named by what its interval shows, never by two verdicts alone."""
    assert status(before, after) == wanted


def test_later_looks_need_more() -> None:
    """What is worse at one look is no longer shown as such where less of alpha is left."""
    pair = one("different", 0.5, 0.1), one("different", 0.66, 0.1)
    assert status(*pair) == "worse"
    assert status(*pair, part=1 / 110) == "no_change_shown"


def test_an_audit_against_itself_has_nothing_to_list(tmp_path: Path) -> None:
    """Nothing changed, and the file reads back alike."""
    made = diff(audited(), audited())
    assert not list(made.listed())
    assert made.verdict.word == "passed"
    assert made.people == "the same"
    again = Difference.from_json(save_difference(made, tmp_path).read_text())
    assert again.to_json() == made.to_json()


def test_features_in_another_order_are_no_change(tmp_path: Path) -> None:
    """The same people with columns turned round: the same people, and nothing to list."""
    turned = people(names=("spare", "dose", "age"))
    for cohort in (people(), turned):
        keep(cohort, tmp_path / FOLDER)
    other = audit(model(), turned, plan=Plan.from_data(PLAN))
    made = diff(audited(), other, memory=tmp_path, other_background=True)
    assert other.cohort.digest != audited().cohort.digest
    assert made.people == "the same"
    assert not list(made.listed())


def test_a_planted_loss_is_found_and_fails() -> None:
    """Where errors of one site double in the next quarter the gate of the difference fails."""
    made = apart(audited(), audited(800, seed=1, worse=1.5))
    assert made.verdict.exit_code == 1
    assert made.changes[0].status == "worse"
    assert made.changes[0].primary
    with pytest.raises(GateFailed, match="shown to have grown"):
        made.gate().raise_for_status()
    assert {v.part for v in made.values if v.subject == "mae"} >= {"a", "b"}


def test_counts_are_to_five() -> None:
    """No count in a difference is exact."""
    told = [t for c in apart(audited(), audited(800, seed=1)).changes for t in (c.before, c.after)]
    counts = [t.n for t in told if isinstance(t, Told) and t.n is not None]
    assert counts
    assert all(n % 5 == 0 for n in counts)


def test_other_margins_and_backgrounds_are_not_comparable() -> None:
    """A number held to another margin, or explained against another background, is not compared."""
    plan = Plan.from_data({**PLAN, "policy": {"margins": {"mae_share": 0.2}}})
    other = audit(model(), people(), plan=plan)
    made = diff(audited(), other)
    mae = [c for c in made.changes if c.subject == "mae"]
    assert {c.status for c in mae} == {"not_comparable"}
    assert "margin mae_share: 0.1 before, 0.2 after" in mae[0].reason
    assert made.verdict.word == "no verdict"
    quarter = diff(audited(), audited(800, seed=1), other_people=True)
    age = [c for c in quarter.changes if c.subject == "age" and c.primary]
    assert {c.status for c in age} == {"not_comparable"}


def test_a_question_that_is_asked_no_more_is_no_pass() -> None:
    """Leaving out the question that failed leaves the difference without a verdict."""
    plan = Plan.from_data({**PLAN, "question": list(QUESTIONS[1:])})
    made = diff(audited(), audit(model(), people(), plan=plan))
    assert made.verdict.word == "no verdict"
    assert "asked no more" in made.verdict.reason


def test_a_question_has_no_empty_grouping() -> None:
    """A question that the plan asks no more is named by its text, and by no grouping."""
    before = audited(400, 0)
    after = audit(
        model(), people(400, seed=0), plan=Plan.from_data({**PLAN, "question": QUESTIONS[:1]})
    )
    told = [c.sentence for c in diff(before, after).changes if c.kind == "question"]
    assert told
    assert not any(" by :" in text or " by," in text for text in told)
    assert all(text.startswith("Question: ") and "asked no more" in text for text in told)


def test_another_target_is_refused() -> None:
    """Audits of other questions are not compared at all."""
    other = replace(audited(), model=replace(audited().model, target="height"))
    with pytest.raises(InputError, match="the target is 'y' before and 'height' after"):
        diff(audited(), other)


def saved(folder: Path, *keeping: int) -> list[Path]:
    """Audits of the first so many people each, with their sketches beside."""
    made = []
    for n in keeping:
        whole = people(400).take(np.arange(400) < n)
        keep(whole, folder / FOLDER)
        one = replace(audited(), cohort=replace(audited().cohort, digest=whole.digest, units=n))
        made.append(one.save(folder / f"q{n}"))
    return made


def test_cohorts_that_differ_by_few_people_are_refused(tmp_path: Path) -> None:
    """1 to 10 people more or fewer: the difference of the tables would be theirs."""
    first, few, many = saved(tmp_path, 400, 394, 300)
    with pytest.raises(Refused, match="differ by fewer than 11"):
        diff(first, few)
    assert diff(first, many).people == "some the same"
    with pytest.raises(Refused, match="differ by fewer than 11"):
        diff(first, few, other_people=True)


def test_a_level_that_differs_by_few_people_is_not_compared(tmp_path: Path) -> None:
    """Where a level of a grouping loses 1 to 10 of its people, none of it is compared."""
    first, second = saved(tmp_path, 400, 384)
    made = diff(first, second)
    assert {c.status for c in made.changes if c.grouping == "site"} == {"not_comparable"}
    assert "a level differs by fewer than 11 people" in made.changes[0].reason
    assert not made.values


def test_unknown_overlap_is_refused_unless_declared() -> None:
    """Without sketches nobody knows by how many people two cohorts differ."""
    with pytest.raises(Refused, match="nothing is kept by which to tell"):
        diff(audited(), audited(800, seed=1))
    assert diff(audited(), audited(800, seed=1), other_people=True).people == "others"


def test_looks_are_counted_beside_the_audits(tmp_path: Path) -> None:
    """Each further pair on the same questions has a smaller part of alpha, a repeated one not."""
    a, b, c = (
        audited(400, 0, 0.0, w).save(tmp_path / name)
        for name, w in (("a", 1.0), ("b", 0.9), ("c", 0.8))
    )
    assert [diff(a, b).look, diff(a, b).look, diff(a, c).look] == [1, 1, 2]
    made = diff(b, c, policy=Regression(looks=4))
    assert (made.look, made.spent) == (3, 0.0125)


def test_the_policy_is_a_closed_file(tmp_path: Path) -> None:
    """An unknown key names the nearest; what fails is what the file says."""
    path = tmp_path / "regression.toml"
    path.write_text('fials = ["worse"]\n')
    with pytest.raises(PlanError, match="did you mean 'fails'"):
        read_regression(path)
    path.write_text("fails = []\nperformance = false\n")
    made = apart(audited(), audited(800, seed=1, worse=1.5), policy=path)
    assert made.verdict.exit_code == 0


def test_a_difference_that_nobody_asked_about_has_no_verdict() -> None:
    """Without a primary question there is nothing to pass."""
    assert judged([], Regression()).exit_code == 3


def test_diff_json_holds_no_id_and_no_missing_number(tmp_path: Path) -> None:
    """The file is JSON with null for what is missing."""
    text = save_difference(diff(audited(), audited()), tmp_path).read_text()
    assert "NaN" not in text
    assert json.loads(text)["schema"] == "urn:evenlight:diff:1.1"
    assert '"P1"' not in text
