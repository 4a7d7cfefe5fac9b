"""Whether two records ask the same question, so that their answers may be put side by side."""

from __future__ import annotations

from evenlight.data.attributions import Attributions
from evenlight.errors import AttributionError, InputError
from evenlight.measures.comparison import Comparison

ASKED = ("grouping", "levels", "contrasts", "subjects", "subject_kind", "target", "margin", "alpha")


def same_question(first: Comparison, other: Comparison, *, what: str) -> None:
    """Raise InputError, naming the first field that differs, unless both ask the same.

    The views have to be the same in name, condition and scale; their unit, SD(f), is each one's.
    """
    for name in ASKED:
        a, b = getattr(first, name), getattr(other, name)
        if a != b:
            raise InputError(f"{what} has {name} {_short(b)}, wanted {_short(a)}")
    ours, theirs = ([view.key for view in c.views] for c in (first, other))
    if ours != theirs:
        raise InputError(f"{what} has the views {theirs}, wanted {ours}")


def same_background(first: Comparison, other: Comparison, *, other_background: bool) -> str:
    """What is known of the backgrounds of two comparisons: the same, declared to differ, not told.

    Raises AttributionError where they differ and nobody said so.
    """
    if other_background:
        return "declared to differ"
    if not (first.background and other.background):
        return "not told"
    if first.background != other.background:
        raise AttributionError(
            "the comparisons are of attributions against different backgrounds, which answer "
            "different questions; explain both against one (background=), or say "
            "other_background=True"
        )
    return "the same"


def same_explanation(first: Attributions, other: Attributions, *, other_background: bool) -> None:
    """Raise AttributionError unless two explanations may be compared number by number.

    They need the same target, scale, subjects and reference: a difference from another background
    is a difference of the question. `other_background=True` declares that this is meant.
    """
    for name in ("target", "scale"):
        a, b = getattr(first, name), getattr(other, name)
        if a != b:
            raise AttributionError(f"the explanations have {name} {a!r} and {b!r}")
    if first.features.names != other.features.names:
        raise AttributionError("the explanations are of different features; explain both alike")
    if other_background:
        return
    known = [made.background.digest if made.background else None for made in (first, other)]
    if known[0] != known[1]:
        raise AttributionError(
            "the explanations have different backgrounds, so their attributions answer different "
            "questions; explain both against one background, or say other_background=True"
        )
    starts = [made.settings.get("baseline") for made in (first, other)]
    if starts[0] != starts[1]:
        raise AttributionError(
            f"the explanations start from baselines {starts[0]!r} and {starts[1]!r}; use one, or "
            "say other_background=True"
        )


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
