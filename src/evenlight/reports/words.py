"""Every fixed word of the page: heads, captions, warnings, methods."""

from __future__ import annotations

from evenlight.language import spoken
from evenlight.small_groups import least_shown

STANDING = "Research and decision support; not a certificate of any kind."

PLAN_GIVEN = "plan fixed in advance"
PLAN_HERE = "plan written before compute"
PLAN_CHANGED = "plan changed after an earlier run"

NOT_PRIMARY = (
    "{primary} primary questions, {contrasts} answers by contrast. {others} exploratory "
    "results can neither block nor reassure."
)
BEYOND = "Beyond the primary questions, {count} exploratory differences in performance stand out."
NO_QUESTIONS = "The record holds no primary question, so nothing here blocks or reassures."
FAILED = "This section could not be made; the record holds what it would have told."
NOTHING = {
    "answers": "No primary question was asked.",
    "performance": "Performance was not measured in this audit.",
    "composition": "Groups were not counted in this audit.",
    "comparison": "Use of features was not compared in this audit.",
    "reliance": "Reliance was not measured in this audit.",
    "intersection": "No groupings were crossed in this audit.",
    "quality": "The explanations were not checked in this audit.",
    "findings": "No finding was recorded.",
    "holds": "Whether the answers hold under other choices, and the outputs under small changes of "
    "the data, was not asked ([holds] in the plan).",
    "features": "Every feature that was compared stands in tables T4 above.",
    "warnings": "No further warning was recorded.",
}

FIXED_LIMITS = (
    "An attribution describes the model, not the patient. A difference in attribution is not "
    "by itself evidence of harm, and equal importance is not equal performance.",
    "Recorded groups are approximations of a continuum, and recorded outcomes carry errors of "
    "their own. Nothing here can see what was not recorded.",
    "A difference that was not shown is not equality: read the interval. The claim is about "
    "this model in these people.",
)
MORE_LIMITS = (
    "Correlated features share credit arbitrarily; read them together.",
    "Attributions depend on the background with which each person is compared.",
    "Reliance on features that tell the group can be real in every group, real in some, or "
    "shown in none; see the support column.",
)
CANNOT_ASK = "{question}: {contrast} cannot be asked here: {reason}."
CANNOT_TELL = "{question}: {contrast}: compatible with {interval}{unit}{reason}{more}."
MORE_UNITS = "; about {more} more units in {group} would settle it"

MEASURES = {
    "performance": ("Works equally well", "b2"),
    "use": ("Uses the same features", "b3"),
    "attribution": ("Same attributions", "b3"),
    "comparison": ("Same attributions", "b3"),
    "reliance": ("Follows the group", "b4"),
    "quality": ("Explanations equally good", "b8"),
    "shortcut": ("Consistent with a reliance", "b4"),
    "encoding": ("Encodes the group", "b4"),
    "slice": ("Where it is worst", "b4"),
    "hold": ("Answers that hold", "b9"),
    "fragility": ("Moved equally far", "b9"),
    "coverage": ("Promises kept", "b9"),
    "width": ("Equally sure", "b9"),
    "map": ("Positions add the same", "b7"),
    "region": ("Region tells the group", "b7"),
}
EVERYBODY = "all groups"


def fewer() -> str:
    """What stands in place of a count of a small group."""
    return spoken("fewer than {number}", number=least_shown())


MEANING = {
    "different": "The interval excludes zero and reaches beyond the margin.",
    "similar": "The interval lies inside the margin.",
    "cannot_tell": "The interval holds zero and reaches beyond the margin, a group is small, or "
    "support is decided for too little.",
    "not_estimable": "Too few people, no overlap, or no reliable explanation.",
}

MECHANISMS = {
    "value": "value: the groups have other values",
    "context": "context: other features differ and interact",
    "direct": "direct: the group is an input",
    "use": "use: same values, other use",
    "reference": "reference: compared with another background",
    "none": "none",
    "unresolved": "unresolved",
}

SUPPORTS = {
    "supported_within_groups": "within groups",
    "supported_unequally": "unequally",
    "not_supported_within_groups": "not within groups",
    "unresolved": "unresolved",
}

HEADS = {
    "a2": "What was found",
    "a3": "The answers, contrast by contrast",
    "a4": "Differences in performance",
    "a5": "Most important findings, and what this cannot tell you",
    "b1": "Who was studied",
    "b2": "Does it work equally well?",
    "b3": "Does it use the same features?",
    "b4": "Does it lean on features that tell the group?",
    "b5": "Can the group be read from it?",
    "b6": "Intersections",
    "b7": "What does each place of an image add?",
    "b8": "Can these explanations be trusted?",
    "b9": "Does it hold?",
    "c1": "Methods",
    "c2": "All features",
    "c3": "Under other margins, choices and groupings",
    "c4": "Limits and deviations",
    "c5": "What frameworks ask",
    "c6": "Beside an earlier audit",
    "c7": "Provenance",
    "c8": "How to read this page",
}
SHORT_HEADS = {
    "a2": "Answers",
    "a4": "Performance gap",
    "a5": "Limits",
    "b1": "People",
    "b2": "Performance",
    "b3": "Features",
    "b4": "Reliance",
    "b5": "Told apart",
    "b6": "Intersections",
    "b7": "Places",
    "b8": "Trust",
    "b9": "Holds",
    "c1": "Methods",
    "c2": "All features",
    "c3": "Otherwise",
    "c5": "Frameworks",
    "c6": "Earlier audit",
    "c7": "Provenance",
    "c8": "Reading guide",
}

CAPTIONS = {
    "F16": "{question} As audited (shaded) and under every other choice that enters it, the "
    "smallest effect first, in margins. A filled mark is an answer, a hollow one cannot tell.",
    "T14": "{question} One line a choice that was made otherwise. An answer holds where the word "
    "is the same and, where it is different, contrast, subject and direction. A choice that moves "
    "no effect is left out.",
    "F17": "How far the output of each group moves as a change of the data grows, in SD of the "
    "output within groups, with pointwise 95 % limits. A ring marks a strength at which two groups "
    "are moved differently far. Numbers: table T15.",
    "T15": "Mean size of change by {grouping}, in SD of the output within groups, with pointwise "
    "limits; the contrast that decides, with its simultaneous {level} interval; margin {margin}. "
    "Each change at the smallest strength at which groups differ, else at the largest; all stand "
    "in the record.{draws}",
    "T15m": "What becomes of decisions, explanations and performance (after less before) at the "
    "largest strength of the changes that are drawn, by {grouping}, with pointwise 95 % limits.",
    "T16": "The worst combination of changes found in {drawn} tries on one half of the people, by "
    "{grouping}; a strength of 0 leaves a change out.",
    "T17": "How often sets hold the outcome, by {grouping}, with simultaneous {level} limits; "
    "score {score}, calibrated {how}. Beside it how large sets of the group's own threshold must "
    "be, with pointwise 95 % limits.",
    "T1": "Primary questions by contrast. Effect: first group minus second, with its "
    "simultaneous interval; together all of them hold with the declared error rate, which the "
    "questions share. n: people in the smaller group; for reliance, everybody whose group is "
    "known.",
    "T2": "People by {grouping} (labels: {source}).{rounded}",
    "T3": "Performance by {grouping}, with pointwise 95 % intervals.",
    "T3d": "Differences in performance by {grouping}: first group minus second, with "
    "simultaneous intervals over {draws} draws. A metric without a margin is shown and "
    "not judged.",
    "T4i": "Importance by {grouping}: mean |attribution| with pointwise 95 % interval, on "
    "the {scale} scale. The {shown} most important of {all}.",
    "T4": "{contrast} ({n}). Differences in SD of the output, with simultaneous intervals "
    "({levels}); margin {margin}; p adjusted by max-T over {draws} draws. Attribution: given "
    "nothing. Use: the same change for everyone.{population}",
    "T4v": "Every view of {contrast}: difference in SD of the output [simultaneous interval].",
    "T4s": "The same change for everyone, by {grouping}: mean change of the output when a "
    "feature goes from one state to another, all else held.",
    "T4f": "Recorded {attribute} set to another state, all else held: change of the output in "
    "{unit}.",
    "T5": "Reliance on {grouping} given {given} (n = {n}). Share: part of the output's "
    "variance that follows the group through this subject, with its simultaneous {level} "
    "interval; margin {margin}. Slope: outcome on attribution within groups, 1 as claimed, 0 "
    "none.",
    "T5e": "Eta squared: the share of the output's variance that lies between the groups of "
    "{grouping}, and the signed part of it through features without demonstrated support. Parts "
    "that take from each other can each be larger than their sum.",
    "F1": "Each row is one metric and one pair of groups; the line is the simultaneous {level} "
    "interval. Shaded band: differences smaller than the declared margin. For errors, right "
    "means worse in the first group; for shares of hits and AUROC, right means better. "
    "Numbers: table T3.",
    "F2": "Units by {strata} and {grouping}. Groups can only be compared where they meet. An s "
    "marks a bar with a cell that is suppressed.",
    "F3": "Each mark is one group; the line is the pointwise 95 % interval, the dashed line "
    "the value over all. Numbers: table T3.",
    "F4": "Mean observed outcome over bins of the prediction, with 95 % limits; on the dashed "
    "line both agree.",
    "F5": "Each mark is one feature. Right: higher attribution in the first group. Shaded "
    "band: differences smaller than the declared margin; dashed line: adjusted p of {alpha}. "
    "Diamond: different; circle: similar; open square: cannot tell. A difference is not by "
    "itself evidence of harm.",
    "F6": "The most important features with the mean |attribution| of each group and pointwise "
    "95 % limits. Numbers: table T4.",
    "F8": "Upper right: the model uses features that also tell {grouping}. This can be real "
    "within every group, real in some, or not shown in any; see the support column. Dashed "
    "lines: an association of 0.05, and an equal share for every feature.",
    "F20": "Each mark is one feature: right, its values tell {grouping} (corrected for chance); "
    "up, the output follows {grouping} through it, down, it takes off what others carry. Both "
    "given the same. Diamond: different; circle: not shown to differ. Lines: simultaneous "
    "intervals of the features that are named. What tells the group is no evidence of use.",
    "F21": "Each mark is one feature at the middle of its window: how much its attribution changes "
    "for each copy of {ancestry} there, in SD of the output, among people of equal global "
    "proportions, with simultaneous {level} intervals. Shaded band: the margin. Diamond: "
    "different; circle: similar; open square: cannot tell. Numbers: table T4l.",
    "T10": "Checks of the explanations ({method}) by {grouping}, with pointwise 95 % intervals. "
    "The first four are of everybody, the others of {rows} rows balanced over groups: {players}, "
    "{evaluations} evaluations of the model and {explanations} rows explained again. A group "
    "with a check that fails is not compared by its attributions.",
    "T10g": "Checks of the explanations ({method}) by {grouping}, with pointwise 95 % intervals, "
    "of {rows} rows. They were made elsewhere: what takes the model was not checked. A group with "
    "a check that fails is not compared by its attributions.",
    "T10d": "Differences in the quality of explanations by {grouping}: first group minus second, "
    "with simultaneous 95 % intervals over {draws} draws. Beyond the margin, and leaving out 0: "
    "the groups are not compared by their attributions.",
    "F11": "Mean {what} of each group on one scale, and the difference, {given}: {shades}. Inside "
    "the line the difference is significant as a cluster; all else is faint. The means are of "
    "everybody, laid on {under}. A scale ends at the 99.5th percentile of the sizes that are not "
    "0; what lies beyond has its last colour.",
    "F12": "How much of what is allowed each check uses up in each group, with 95 % limits; right "
    "of the dashed line the check fails. Numbers: table T10.",
    "C2": "Importance (mean |attribution|), difference in SD of the output with simultaneous "
    "interval, and use of each feature by {grouping}; the most important first.",
    "F15": "Own value on the horizontal axis, mean attribution on the vertical, with 95 % "
    "limits; above, where the people of each group are. Curves that coincide over different "
    "values say that the values differ and their use does not.",
}

MAPS = {
    "signed": ("attribution", "blue lowers the output, orange raises it"),
    "magnitude": ("size of attribution", "orange is more, blue is less"),
    "sensitivity": (
        "slope of the output",
        "where a position is orange the output rises as it gets brighter, where blue it falls",
    ),
}
"""What a map is of, and what its shades say, by the name of its view."""

READING = (
    "{among}, {eta} follows {grouping} (n = {n}). Features with no demonstrated predictive value "
    "within groups contribute {unsupported} to it{split}."
)
READING_SPLIT = "; {unresolved} of these are merely unresolved"
READING_SIGNED = (
    ": the sum of {unresolved} through those whose support is merely unresolved and {shown} "
    "through those shown to be without, which take from each other"
)
READING_ALONE = "{among}, {eta} follows {grouping} (n = {n})."
READING_NONE = "How far the output follows {grouping}: {reason}."
READING_AFTER = (
    "Legitimate differences may make the first number large with the second near zero. The "
    "claim is about the model in these people; it depends on the recorded group and on the "
    "recorded outcome, and cannot exclude what was not measured."
)
ROUNDED = " Counts are rounded to 5, because a cell is suppressed."
STEPPED = (
    " Numbers are told to steps where a group is too small to be shown, another grouping would "
    "give few people away, or one person is more than half of a sum; verdicts are of the numbers "
    "before."
)
BETWEEN = (
    " Curves are told to steps where a group is too small to be shown, or two thresholds would "
    "tell of few people between them."
)
RELIANCE_HEADS = (
    "Share [interval]",
    "Adjusted p",
    "Verdict",
    "Association",
    "Importance",
    "Slope within groups",
    "Support",
)

NAMED_SETS = (
    " A set is named by its first feature and the number of others; sets that nobody declared are "
    "clusters of features whose values go together."
)
