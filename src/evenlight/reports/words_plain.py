"""Every fixed word of the summary for patients and the public."""

from __future__ import annotations

HEAD = "In plain words"
ABOUT = "This is about a computer model named {model}. It gives, for each person, {target}."
TRIED = "It was tried on {units} {noun} ({name}), and groups of them were compared, by {grouping}."
LABELS = (
    "The groups are those that were recorded. A record can be wrong, and nobody is only one group."
)
ASKED = "What was asked, and what was found"
NOT_ASKED = "Nothing was asked that could be answered here."
QUESTIONS = {
    "performance": "Is it right equally often, or equally nearly, whatever the {grouping}?",
    "use": "Does it make the same use of what is known of a person, whatever the {grouping}?",
    "attribution": "Is what it says made up in the same way, whatever the {grouping}?",
    "reliance": "Does what it says follow the {grouping} by more than what foretells the outcome?",
}
OTHERWISE = "By {grouping}: {question}"
FOUND = {
    "different": "Between some groups a difference was found that is larger than what was declared "
    "to be small.",
    "similar": "If there is a difference, it is smaller than what was declared to be small.",
    "cannot_tell": "Of some groups this is not known: a difference is possible, and so is none.",
    "not_estimable": "Of some groups this could not be asked with these people.",
}
OTHERS = "And between other groups: {others}."
UNITS = {
    "SD(f)": "times the usual spread of what it says",
    "share of variance": "as a share of the spread of what it says",
}
"""Units of the record, as they are told here."""
LIMITS_HEAD = "What this page does not say"
LIMITS = (
    "It does not say whether the model is right for you. It is about groups, not about one person.",
    "It does not say why groups differ. Where people live, how they are treated and what is "
    "written down about them all play a part.",
    "Where nothing was found, something may still be there. Where it says that something is not "
    "known, it is not known.",
    "It speaks of the people who were looked at, of this version of the model, and of nobody else.",
)
ASK = "With questions about your own care, ask those who treat you."
MORE = "The whole report, with every number"
