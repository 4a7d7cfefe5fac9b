"""Primary questions in the language of the page."""

from __future__ import annotations

from evenlight.findings import Answer
from evenlight.judge import finding_id
from evenlight.language import ENGLISH, tongue
from evenlight.policy import Question
from evenlight.questions import key, text
from evenlight.record import Audit
from evenlight.reports.parts import say


def question(audit: Audit, answer: Answer) -> str:
    """The question of an answer: as recorded, and in another language as the plan asks it."""
    if tongue() == ENGLISH:
        return say(answer.question)
    asked = (Question.model_validate(told) for told in audit.plan.get("question", ()))
    own = (one for one in asked if finding_id("question", *key(one)) == answer.id)
    found = next(own, None)
    return say(answer.question if found is None else text(found))
