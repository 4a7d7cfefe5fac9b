"""Every fixed word of the ten questions by which a page is tried on its readers."""

from __future__ import annotations

HEAD = "Ten questions about one page"
USE = (
    "For whoever wants to know whether the page says what it should. Give somebody who has not "
    "seen it `report.html` and the questions, and nothing else: no record, no documentation, no "
    "help. Hold what they write against the answers below. Nine of ten should be right, and nobody "
    "should come away with the last one wrong."
)
ASKS = (
    "May this version be released, going by the gate of this audit? What decided that?",
    "How many people were audited, and into which groups were they sorted, one grouping by one?",
    "Which questions were asked in advance, and what is the answer to each, in the words of the "
    "page?",
    "What differs most between groups? In whom, by how much, and how precisely is that known?",
    "What could not be told or could not be asked? Name one, and what would settle it.",
    "Name a contrast that is *similar*. Does that mean that there is no difference?",
    "Name a contrast that *cannot be told*. Is that good news, bad news, or neither?",
    "Can the explanations be trusted that the answers about features rest on? How do you know?",
    "Does the output follow a group by more than the outcome does, and is that shown to be a "
    "shortcut?",
    "A colleague says: *so the model is fair, and safe for all groups.* Is that what the page "
    "says?",
)
WORDS = {
    "passed": "Nothing that was asked in advance stands against it",
    "waived": "Only because a person answers for what was found",
    "failed": "No",
    "no verdict": "That is not known",
    "not gated": "The plan lets nothing decide",
}
"""The gate as an answer to whether a version may be released."""
STILL = "The gate decides what was asked and no more; it is no approval."
NONE = "None on this page."
NO_DIFFERENCE = "No difference was shown, which does not say that there is none."
INSIDE = (
    "{contrast}, {subject}: {effect}, inside the margin of {margin}. It means that a difference "
    "larger than the margin is ruled out in people like these, not that there is none."
)
NEITHER = (
    "{contrast}, {subject}: {effect}. Neither: what lies in this interval is all compatible with "
    "these people{more}."
)
MORE = ", and about {more} more units in {group} would settle it"
UNASKED = "{contrast}: {reason}."
HIDDEN = "groups below {least} are not shown"
UNCHECKED = "That was not checked here, so it is not known."
UNFOLLOWED = "That was not measured here, so it is not known."
BESIDE = "It was no primary question, so the gate does not look at it. What was measured:"
NOT_JUDGED = "Whether it is a shortcut was not asked (no twin was given), so it stays unresolved."
LAST = (
    "No, and no result could make it say so. It says for each question whether a difference was "
    "shown, ruled out beyond a margin, or not known, for this version, in these people, by "
    "recorded groups. Equal use of features is not equal performance, and what was not shown is "
    "not equal."
)
