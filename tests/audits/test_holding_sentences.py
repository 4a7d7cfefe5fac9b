"""What is said of perturbations and promises: n, effect, interval, margin, and the doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evenlight.result import Result
from evenlight.sentences import sentence

MOVED = Result(
    kind="fragility", grouping="race", pair=("B", "A"), subject="rounding", view="size|nothing",
    verdict="different", effect=0.25, low=0.15, high=0.35, n=120.0, unit="SD(f)", margin=0.1,
    reason="rounding, 0.5 SD of the column",
)  # fmt: skip
KEPT = Result(
    kind="coverage", grouping="race", pair=None, subject="B", view="0.9|everyone",
    verdict="different", effect=-0.1, low=-0.15, high=-0.06, n=120.0, unit="share", margin=0.05,
)  # fmt: skip


def test_a_step_is_told_with_all_its_numbers() -> None:
    """The step, how far, in whom, interval, margin, people, verdict."""
    assert sentence(MOVED) == (
        "After rounding, 0.5 SD of the column, the output moves 0.25 SD(f) further in B than in A "
        "(95 % interval 0.15 to 0.35, margin 0.1, 120 people in the smaller group): different, "
        "beyond the margin."
    )
    less = sentence(replace(MOVED, effect=-0.25, low=-0.45, high=-0.05))
    assert "0.25 SD(f) less far in B than in A" in less
    assert less.endswith(
        "different, size uncertain (detectable; it may or may not exceed the margin)."
    )


def test_decisions_are_told_in_points() -> None:
    """A share of decisions is a difference of hundredths, and so is its margin."""
    turned = replace(
        MOVED, view="flips|nothing", unit="share of decisions", effect=0.08, low=0.06, high=0.1,
        margin=0.05,
    )  # fmt: skip
    told = sentence(turned)
    assert "the share of decisions that turn is 8.0 points higher in B than in A" in told
    assert "interval 6.0 to 10.0, margin 5 points" in told


@pytest.mark.parametrize("made", [MOVED, replace(KEPT, kind="width", pair=("B", "A"))])
def test_what_cannot_be_told_says_so_and_what_would_settle_it(made: Result) -> None:
    """Cannot tell, with the number of people that would do."""
    open_ = replace(made, verdict="cannot_tell", low=-0.3, high=0.35, more=80.0, more_in="B")
    assert sentence(open_).endswith("cannot tell; about 80 more people in B would settle it.")
    assert sentence(replace(open_, more=float("nan"))).endswith("cannot tell.")
    assert "similar, inside the margin" in sentence(replace(open_, verdict="similar"))


def test_a_promise_is_told_as_a_share() -> None:
    """Coverage itself, not what it lacks; above the promise is no fault."""
    told = sentence(KEPT)
    assert "meant to hold the outcome of 90 %, holds it for 80.0 % in B" in told
    assert "(95 % interval 75.0 % to 84.0 %, margin 5 %, 120 people): below what" in told
    assert told.endswith("Coverage is promised for people whom the model was not trained on.")
    kept = replace(KEPT, verdict="similar", effect=0.02, low=-0.01, high=0.05)
    assert "not below what is promised" in sentence(kept)
    assert ": cannot tell. Coverage" in sentence(replace(kept, verdict="cannot_tell"))


def test_what_cannot_be_asked_says_why() -> None:
    """No number, and the reason."""
    nan = float("nan")
    gone = replace(
        MOVED, verdict="not_estimable", effect=nan, low=nan, high=nan, reason="too few people"
    )
    assert sentence(gone) == (
        "Fragility of rounding, B against A: cannot be asked here. Why: too few people."
    )
