"""Who lacks support, and where too little of it is decided to judge the unsupported share.

The unsupported share counts whatever has no demonstrated support: what is shown to be without it,
and what is merely unresolved. Single features of a clean model are mostly unresolved, so the share
is then far too large, and its interval holds the truth in few runs. The rule:

- *different* is said of the share only where support is decided for at least `LEAST_RESOLVED` of
  the reliance, rho = sum of |B_j| over decided subjects / sum of |B_j| (statistics, 3.4);
- *similar* only where the sizes |B_j| of what lacks support add up to no more than the margin,
  however much is decided: a share is small as well where parts of opposite sign cancel, and more
  people, who decide some of them, would change it;
- otherwise *cannot tell*, for one of `REASONS`.
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Float, Text
from evenlight.data.digits import percent

SUPPORTED = ("supported_within_groups", "supported_unequally")
"""The words of demonstrated support."""

LEAST_RESOLVED = 0.5
"""Support must be decided for this share of a reliance before its unsupported part is judged."""

REASONS = {
    "unresolved": (
        "support within groups is decided for {share} of the reliance, below {least}; "
        "judge by sets of features (coarser ones, if these are sets), or with more people"
    ),
    "not asked": "support within groups could not be judged: {why}",
    "made up for": (
        "the parts of what lacks support make up for one another: by size they add up to {size} of "
        "the variance, beyond the margin of {margin}"
    ),
}
"""Why the unsupported share is not judged: too little is decided, nothing could be, or parts of
opposite sign leave a small sum."""


def lacking(support: Text) -> Bool:
    """Mask (p,) of what has no demonstrated support: shown to be without it, or unresolved.

    >>> lacking(np.array(["supported_unequally", "not_supported_within_groups", "unresolved"]))
    array([False,  True,  True])
    """
    out: Bool = ~np.isin(support, SUPPORTED)
    return out


def resolved(share: Float, support: Text) -> Float:
    """Rho (g,): the share of sum_j |B_j| from subjects whose support is decided; NaN of nothing.

    `share` (g, p) is B, `support` (p,) the word of each subject.

    >>> words = np.array(["supported_within_groups", "unresolved"])
    >>> resolved(np.array([[0.3, -0.1], [0.0, 0.0]]), words)
    array([0.75,  nan])
    """
    size = np.abs(share)
    whole, told = size.sum(axis=1), size[:, support != "unresolved"].sum(axis=1)
    out: Float = np.divide(told, whole, out=np.full(len(whole), np.nan), where=whole > 0)
    return out


def unjudged(verdict: Text, share: Float, support: Text, *, margin: float) -> Bool:
    """Where a verdict (g,) on the unsupported share cannot stand, for want of decided support.

    Nor does *similar* stand where the parts of the share (g, p) are large and cancel.

    >>> share, words = np.array([[0.3, 0.2]] * 3), np.array(["unresolved", "unresolved"])
    >>> said = np.array(["different", "similar", "not_estimable"])
    >>> unjudged(said, share, words, margin=0.1).tolist()
    [True, True, False]
    >>> unjudged(said, share / 10, words, margin=0.1).tolist()  # little, whatever it is
    [True, False, False]
    >>> words = np.array(["not_supported_within_groups", "not_supported_within_groups"])
    >>> unjudged(said, share * [1, -1], words, margin=0.1).tolist()  # decided, and they cancel
    [False, True, False]
    """
    with np.errstate(invalid="ignore"):
        few = resolved(share, support) < LEAST_RESOLVED
        much = lacking_size(share, support) > margin
    out: Bool = (few & (verdict == "different")) | (much & (verdict == "similar"))
    return out


def lacking_size(share: Float, support: Text) -> Float:
    """The sum (g,) of |B_j| over subjects without demonstrated support; `share` (g, p) is B.

    >>> words = np.array(["unresolved", "not_supported_within_groups", "supported_unequally"])
    >>> lacking_size(np.array([[0.25, -0.25, 0.5]]), words).tolist()
    [0.5]
    """
    out: Float = np.abs(share[:, lacking(support)]).sum(axis=1)
    return out


def why_undecided(verdict: Text, rho: Float, support: Text, reason: Text) -> Text:
    """Why a share that cannot be told is not judged (g,), one of `REASONS` filled in, else "".

    `reason` (p,) says why the support of a subject could not be asked.
    """
    asked = reason[0] if len(reason) and (support == "unresolved").all() else ""
    same = bool(asked) and bool((reason == asked).all())
    told = [
        REASONS["not asked"].format(why=asked)
        if same
        else REASONS["unresolved"].format(
            share=percent(0.0 if np.isnan(r) else r), least=percent(LEAST_RESOLVED)
        )
        for r in rho.tolist()
    ]
    with np.errstate(invalid="ignore"):
        few = (verdict == "cannot_tell") & (rho < LEAST_RESOLVED)
    return np.where(few, told, "")


def why_made_up(verdict: Text, limits: tuple[Float, Float], size: Float, *, margin: float) -> Text:
    """Why a share (g,) that lies within the margin is not called similar, "" where that is not so.

    `limits` (g,) are its interval's, `size` (g,) what `lacking_size` finds.

    >>> said, none = np.array(["cannot_tell", "similar"]), np.zeros(2)
    >>> told = why_made_up(said, (none, none), np.array([0.3, 0.01]), margin=0.05)
    >>> told[0].partition(": ")[2]
    'by size they add up to 30.0 % of the variance, beyond the margin of 5.0 %'
    >>> (told == "").tolist()
    [False, True]
    """
    told = [
        REASONS["made up for"].format(
            size=percent(float(s), places=1), margin=percent(margin, places=1)
        )
        for s in size
    ]
    low, high = limits
    with np.errstate(invalid="ignore"):
        inside = (low >= -margin) & (high <= margin)
        hidden = (verdict == "cannot_tell") & inside & (size > margin)
    return np.where(hidden, told, "")
