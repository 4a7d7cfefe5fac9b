"""The rules of mechanisms: from verdicts of the difference and of its use to one word each.

| the view's difference | use | word |
|---|---|---|
| any | the subject is the group, or a function of it | direct |
| any | different | use where the group is an input that is used, else context |
| different | similar, every group against its own background | reference |
| different | similar | value |
| different | not known, every group against its own background | reference |
| different | else | unresolved |
| similar | similar, not estimable or not asked | none |
| else | | unresolved |

Use is the verdict of the common contrasts where there are any, else that of location and slope
given the own value. On the probability scale a link that bends makes every subject interact, so a
difference given the value names no mechanism there; common contrasts on the margin do.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from evenlight.arrays import Bool, Text


def use_of(location: Text, slope: Text) -> Text:
    """The verdict of use from those of location and slope, of one shape.

    *different* where either is, *similar* only where both are, *not_estimable* where nothing is
    different and one cannot be asked, else *cannot_tell*: the location alone never reassures.

    >>> use_of(np.array(["similar", "similar"]), np.array(["similar", "cannot_tell"])).tolist()
    ['similar', 'cannot_tell']
    """
    out = np.full(location.shape, "cannot_tell", dtype="<U13")
    out[(location == "similar") & (slope == "similar")] = "similar"
    out[(location == "not_estimable") | (slope == "not_estimable")] = "not_estimable"
    out[(location == "different") | (slope == "different")] = "different"
    return out


def use_among(verdicts: Mapping[tuple[str, str], Text]) -> Text | None:
    """The verdict of use (c, p) among those of views by name and scale, None without any.

    That of common contrasts on the margin; else of location and slope, on whatever scale.
    """
    if ("use", "margin") in verdicts:
        return verdicts["use", "margin"]
    own = [verdict for (name, _), verdict in verdicts.items() if name in ("location", "slope")]
    return use_of(own[0], own[1]) if own else None


def why(
    seen: Text,
    use: Text | None,
    direct: Bool,
    *,
    group_is_input: bool,
    own_backgrounds: bool = False,
    bent: bool = False,
) -> Text:
    """The mechanism of each difference (c, p) by the table above; `use` (c, p) or None.

    `direct` (p,); `own_backgrounds` says that each group was explained against a background of its
    own; `bent` that use was judged from attributions on the probability scale.

    >>> seen = np.array([["different", "different", "similar"]])
    >>> use = np.array([["similar", "different", "similar"]])
    >>> why(seen, use, np.array([False] * 3), group_is_input=False).tolist()
    [['value', 'context', 'none']]
    """
    use = np.full(seen.shape, "not_asked") if use is None else use
    out = np.full(seen.shape, "unresolved", dtype="<U10")
    out[(seen == "similar") & np.isin(use, ("similar", "not_estimable", "not_asked"))] = "none"
    out[(seen == "different") & (use == "similar")] = "value"
    if own_backgrounds:
        unknown = np.isin(use, ("similar", "not_estimable", "not_asked"))
        out[(seen == "different") & unknown] = "reference"
    word = "use" if group_is_input else "context"
    out[use == "different"] = "unresolved" if bent else word
    out[:, direct] = "direct"
    return out
