"""Every fixed word of section C8: how to read the page, and its terms."""

from __future__ import annotations

READING_GUIDE = (
    "Start with the gate and the primary questions. They were chosen by the plan; nothing else "
    "can block or reassure.",
    "For each question read the interval before the word. The word only says where the interval "
    "lies beside the margin.",
    "Look at what cannot be told, or cannot be asked, and in which groups. It is a result, and "
    "never a good sign by itself.",
    "See whether the explanations can be trusted before reading how features are used. Performance "
    "needs no explanation and stands without them.",
    "Where use differs, read why: other values of a feature, or other use of the same values.",
    "Take single exploratory results as hints for the next audit, not as answers of this one.",
    "Every number stands in a record beside the page. Where its script runs, a mouse that rests on "
    "a number, a tap, or Enter in a table and then the arrow keys tells where; Escape ends that.",
)

TERMS = (
    (
        "Attribution",
        "How far one feature moved the model's output for one person, compared with the "
        "people of the background. It tells of the model, not of the person's body.",
    ),
    (
        "Group and stratum",
        "A group is a recorded label by which people are compared, such as a recorded ancestry; a "
        "stratum is a circumstance, such as a site, inside which they are compared.",
    ),
    (
        "Interval",
        "The values with which these people are compatible. A simultaneous interval allows for "
        "all the comparisons of its table together, a pointwise one for itself alone.",
    ),
    (
        "Margin",
        "The largest difference that still counts as none, declared in the plan.",
    ),
    (
        "Different",
        "The interval leaves out zero and reaches beyond the margin. That is no judgement of harm.",
    ),
    (
        "Similar",
        "The whole interval lies inside the margin: any difference is smaller than the largest "
        "that counts as none.",
    ),
    (
        "Cannot tell",
        "The interval allows for no difference and for one beyond the margin, a group is small, or "
        "support is decided for too little. It does not mean that there is none.",
    ),
    (
        "Cannot be asked here",
        "There are too few people, no circumstance in which groups meet, or no explanation that "
        "can be relied on.",
    ),
    (
        "The same change for everyone",
        "A feature is moved equally in all people, all else held. It shows use apart from the "
        "values that people happen to have.",
    ),
    (
        "Reliance",
        "The share of the spread of the output that follows the group, and through which features.",
    ),
    (
        "Support",
        "Whether a feature foretells the outcome inside each group, so that it says more than "
        "which group a person belongs to.",
    ),
    (
        "Suppressed",
        "Not shown, because so few people stand behind a number that they could be recognised, or "
        "because another number could be worked out from it.",
    ),
)
"""Terms in the order in which a reader meets them; no digit, so that none needs a place in the
record."""
