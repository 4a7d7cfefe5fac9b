"""What is said of an audit beside an earlier one, and of several sites together."""

FIGURE = (
    "The features that are most important in either audit, by group of {grouping}: mean "
    "|attribution| before and after, with pointwise 95 % limits at either end. A line that rises "
    "or falls is no evidence of a change: that is tested in table T20."
)
GATE = (
    "The comparison has a gate of its own, and neither changes the other. What is no longer shown "
    "is not thereby mended: read the intervals."
)
AGAINST = {
    "passed": "Against the earlier audit: passed.",
    "failed": "Against the earlier audit: failed.",
    "no verdict": "Against the earlier audit: no verdict.",
}
STOOD = (
    "People: {people}. Look {look} at these questions; of the error rate of {alpha} that all looks "
    "share this one has {spent}."
)
PEOPLE = {
    "the same": "the same in both audits",
    "some the same": "some are in both audits",
    "others": "nobody is in both audits",
    "not known": "not known whether anybody is in both audits",
}
CHANGES = (
    "What answers a primary question of both audits, and whatever else became worse, better, new "
    "or untold, gravest first. Change: how far the size of the difference moved, with its "
    "simultaneous interval; its unit is that of the measure."
)
CHANGE_HEADS = ("What", "Before", "After", "Change of its size", "Became")
COUNTED = "Of {all} judged numbers: {told}."
MOVED = (
    "Performance of each group before and after, with pointwise 95 % intervals, and features as "
    "they are drawn. Worse by: how much worse a metric that has a margin became within the group "
    "(below 0: better; of a calibration slope how much further from 1), with its simultaneous "
    "interval; a model that is worse in all groups alike shows here and in no difference."
)
MOVED_HEADS = ("Group", "What", "Before", "After", "Worse by", "Verdict")
UNJUDGED = "not judged"
APART = "What the audits do not have alike"
APART_HEADS = ("What", "Before", "After", "Not compared for it")
APART_WORDS = "As recorded in both audits; what is not compared for it has no number above."
NOTHING = "Nothing changed that is told, and no primary question was asked in both audits."
QUIET = "nothing"

POOL_LEAD = (
    "{sites}: {target}. Put together from what each site published; no row was moved, and what a "
    "site hides stays hidden. Whether a person is at two sites cannot be known."
)
POOL_ANSWERS = "Primary questions over all sites; evidence with each sentence."
POOL_HEADS = ("Question", "Answer", "Evidence")
POOL_ITEMS = (
    "Numbers of two or more sites that answer a primary question, differ, or differ between sites: "
    "combined effect with its simultaneous interval, what each site tells, how far sites differ "
    "beyond chance, and where another site is to be expected (95 %)."
)
POOL_ITEMS_HEADS = (
    "What", "Verdict", "Effect [interval]", "n", "At each site", "Between sites", "Elsewhere",
)  # fmt: skip
POOL_PEOPLE = "People over the sites that show them, to 5, and at how many sites they are hidden."
POOL_PEOPLE_HEADS = ("Group", "People", "Sites", "Hidden at")
POOL_APART = "What the sites do not have alike with the first."
POOL_APART_HEADS = ("What", "First", "Another", "Not put together for it")
