"""Pictures of what follows the group: F9 reliance over association, F10 what tells it apart."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from evenlight.figures.agreement import rank_curve, rank_text
from evenlight.figures.ink import WIDE, grid
from evenlight.figures.leakage import leakage_bars, leakage_text
from evenlight.figures.reliance_curve import reliance_curve, reliance_curve_text
from evenlight.language import spoken
from evenlight.measures.agreement import RankAgreement
from evenlight.measures.leakage import Leakage
from evenlight.measures.reliance import Reliance
from evenlight.record import Audit
from evenlight.reports.drawing import drawn
from evenlight.reports.parts import Drawing, say

PANELS = 9
"""Pairs of groups beyond which the table alone tells."""

BARS = (
    "How well the groups are told apart by what stands on the left (AUC of unseen people, 0.5 by "
    "guessing; line: 95 % limits). Ring: the outcome alone; short line: by chance; band: the "
    "margin. Filled: different or similar; hollow: cannot tell. Encoded is no evidence of use. "
    "Numbers: table T5k."
)


RANKS = (
    "How much of the most important k both groups have in common, by {grouping}, over k; dashed: "
    "what noise alone leaves where nothing differs, on average and (grey) down to what one draw in "
    "twenty leaves. Depth by depth: somewhere a curve dips below the grey by chance."
)
CURVE = (
    "How much of mean |attribution| rests on features that tell {grouping} so far or further "
    "(steps), and where the steps lie if the same shares are dealt to the features at random "
    "(grey, pointwise 95 % limits). Dashed: an association of 0.05. A picture on which nothing is "
    "decided: it does not tell a real reliance from any other."
)
MANY = 9
"""Contrasts of a page beyond which it has no elements to spare."""


def many_pairs(audit: Audit) -> bool:
    """Whether the page has so many contrasts that what stands beside is left out."""
    return sum(len(made.contrasts) for made in audit.comparisons) > MANY


def leant(record: Reliance, i: int) -> Drawing:
    """F9 of one grouping."""
    figure = reliance_curve(record).figure
    caption = spoken(CURVE, grouping=say(record.grouping))
    return drawn("F9", i, figure, reliance_curve_text(record), caption)


def ranked(record: RankAgreement, i: int) -> Iterator[Drawing]:
    """F7 of one grouping, a panel a pair of groups that could be asked."""
    asked = np.flatnonzero(np.isfinite(record.top).any(axis=1)).tolist()
    if not asked or len(record.contrasts) > PANELS:
        return
    figure, panels = grid(len(asked), 3, (WIDE / 3, 250))
    for c, ax in zip(asked, panels, strict=True):
        rank_curve(record, c, ax=ax)
    text = " ".join(rank_text(record, c) for c in asked)
    caption = spoken(RANKS, grouping=say(record.grouping))
    yield drawn("F7", i, figure, text, caption)


def told_apart(record: Leakage, i: int) -> Iterator[Drawing]:
    """F10 of one grouping, a panel a pair of groups that could be asked."""
    asked = np.flatnonzero(np.isfinite(record.auc).any(axis=0)).tolist()
    if not asked or len(record.contrasts) > PANELS:
        return
    figure, panels = grid(len(asked), 2, (WIDE / 2, 90 + 34 * len(record.names)))
    for c, ax in zip(asked, panels, strict=True):
        leakage_bars(record, c, ax=ax)
    yield drawn("F10", i, figure, leakage_text(record), spoken(BARS))
