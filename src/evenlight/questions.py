"""A primary question: which results answer it, and how it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evenlight.data.shown import metric_name
from evenlight.errors import PlanError
from evenlight.language import spoken
from evenlight.measures.family import NO_CONTRAST
from evenlight.policy import Question
from evenlight.results import Result

NOT_MADE = {
    "use": "the model has no margin on which the same change could be made for everyone; ask in "
    'its place a question of measure = "attribution" with given = "outcome" (as a plan without '
    "questions does by itself), or hand over a model that gives log odds",
    "performance": "there is no binary, continuous or survival outcome",
    "map": "maps were not compared position by position",
}
"""Why a measure was not made, where nothing else is known."""


ASKED = {
    "performance": "Is the {what} similar by {by}{pair}?",
    "use": "Does the same change of {what} move the output alike by {by}{pair}?",
    "map": "Does each place of the image add the same by {by}{pair}{among}?",
    "attribution": "Does {what} contribute alike by {by}{pair}{among}?",
}
FOLLOWS = "As far as {what} goes, is the output similar by {by}{among}?"
SUPPORTED = "Features with support within groups aside, is the output similar by {by}{among}?"
AMONG = " among people with the same {given}"


def answering(
    question: Question, found: Sequence[Result], unasked: Mapping[str, str]
) -> list[Result]:
    """The results that answer a question; PlanError where it asks for what was not computed.

    `unasked` says why a measure was not made, by its name, where that is known.
    """
    wanted = _subjects(question, found)
    own = [
        r
        for r in found
        if r.kind == question.measure
        and r.grouping == question.grouping
        and r.view in wanted[1]
        and question.contrast in (None, r.contrast)
        and (r.subject == wanted[0] or (wanted[0] is None and _all_subjects(r)))
    ]
    if not own and not any(_about(r, question) for r in found):
        why = {**NOT_MADE, **unasked}.get(question.measure, "it was not measured")
        return [_absent(question, why)]
    if not own and wanted[0] is None:
        return [_absent(question, "every feature is the group itself or has no common contrast")]
    if not own:
        known = sorted({r.subject for r in found if r.kind == question.measure})
        raise PlanError(
            f"nothing answers the question {text(question)!r}; subjects of {question.measure}: "
            f"{known[:12]}"
        )
    return own


def _about(result: Result, question: Question) -> bool:
    return (result.kind, result.grouping) == (question.measure, question.grouping)


def _absent(question: Question, reason: str) -> Result:
    """The answer where nothing could be measured, as use for a model without a margin."""
    nan = float("nan")
    return Result(
        kind=question.measure,
        grouping=question.grouping,
        pair=None,
        subject=question.subject or "",
        view="",
        verdict="not_estimable",
        effect=nan,
        low=nan,
        high=nan,
        n=nan,
        unit="",
        margin=nan,
        reason=reason,
    )


def _subjects(question: Question, found: Sequence[Result]) -> tuple[str | None, tuple[str, ...]]:
    """The subject (None for all) and the views that a question means.

    Use is answered by common contrasts, and where there are none by location and slope together.
    """
    if question.measure == "performance":
        metrics = [r.subject for r in found if r.kind == "performance"]
        own = [name for name in ("mae", "concordance_uno") if name in metrics]
        return question.subject or (own[0] if own else "auroc"), ("",)
    if question.measure == "reliance":
        return question.subject or "unsupported_share", (question.given or "nothing",)
    views = dict.fromkeys(r.view for r in found if _about(r, question))
    given = f"|{question.given or 'nothing'}|"
    keys = [f"use{given}"] if question.measure == "use" else [f"signed{given}"]
    first = next((v for v in views if v.startswith(keys[0])), None)
    if first is None and question.measure == "use":
        return question.subject, tuple(v for v in views if v.split("|")[1] == "value")
    return question.subject, (first or keys[0],)


def _all_subjects(result: Result) -> bool:
    """Whether a result belongs to a question about all subjects.

    Not those that are the group itself, nor those of which there is no common contrast.
    """
    return result.mechanism != "direct" and result.reason != NO_CONTRAST


def left_out(question: Question, found: Sequence[Result]) -> int:
    """How many subjects a question about all of them leaves out for want of a common contrast."""
    if question.subject is not None:
        return 0
    here = [r for r in found if _about(r, question) and r.reason == NO_CONTRAST]
    return len({r.subject for r in here})


def key(question: Question) -> tuple[str, ...]:
    """What a question is about, as words: the same for the same question in any plan."""
    values = (
        question.measure,
        question.grouping,
        question.contrast,
        question.subject,
        question.given,
    )
    return tuple(v or "" for v in values)


def text(question: Question) -> str:
    """The question in words, such that each verdict answers it."""
    by, subject = question.grouping, question.subject
    given = question.given or "nothing"
    pair = (question.contrast or "").replace(" / ", spoken(" against "))
    own = {
        "by": by,
        "among": "" if given == "nothing" else spoken(AMONG, given=given),
        "pair": f" ({pair})" if pair else "",
        "what": subject or spoken("each feature"),
    }
    if question.measure == "performance":
        return spoken(ASKED["performance"], **{**own, "what": metric_name(subject or "error")})
    if question.measure in ASKED:
        return spoken(ASKED[question.measure], **own)
    return spoken(FOLLOWS if subject else SUPPORTED, **own)
