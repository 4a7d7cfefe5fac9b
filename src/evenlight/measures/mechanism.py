"""Why a difference is there: other values, other use, or the group itself.

One model with one background is one function of the values, so a difference in attribution comes
from the subject's own values (*value*), from other features that interact with it (*context*), or
from the group as an input (*direct*; *use* where the group is an input that interacts).
"""

from __future__ import annotations

import numpy as np

from evenlight.arrays import Bool, Text


def mechanisms(signed: Text, use: Text | None, direct: Bool, *, group_is_input: bool) -> Text:
    """The mechanism of each difference (c, p), from the verdicts of its view and of its use.

    `direct` (p,) marks subjects that are the group or a function of it. Without contrasts (`use`
    None) a difference stays *unresolved*; a verdict other than *different* has no mechanism to
    name, unless the use itself differs.

    >>> seen, use = np.array([["different", "similar"]]), np.array([["similar", "similar"]])
    >>> mechanisms(seen, use, np.array([False, False]), group_is_input=False).tolist()
    [['value', 'none']]
    """
    out = np.full(signed.shape, "unresolved", dtype="<U10")
    out[signed == "similar"] = "none"
    if use is not None:
        out[(signed == "different") & (use == "similar")] = "value"
        out[use == "different"] = "use" if group_is_input else "context"
        out[(signed == "similar") & (use == "cannot_tell")] = "unresolved"
    out[:, direct] = "direct"
    return out
