"""The table *encoded / used* over the layers of a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Float, Int, Text
from evenlight.measures.check import explained, shaped, worded
from evenlight.measures.words import VERDICTS

READINGS = (
    *("encoded_and_used", "encoded_not_used", "not_encoded"),
    *("cannot_tell", "not_estimable"),
)
"""What a line of the table says of a layer and a pair of groups."""

ENCODED = ("auc", "auc_low", "auc_high", "auc_p")
USED = ("gap", "used", "used_low", "used_high")
READ = ("readout", "readout_gap")


@dataclass(frozen=True, slots=True, eq=False)
class EncodedUsed:
    """One line a question, layer and pair of groups; every array is (m,) unless said.

    A question is a grouping, asked within the cohort's strata, the outcome if `given` says so, and
    the levels of `beside` where one is named: the group given the site, and the site given the
    group, tell which of the two a layer holds. `n` (m, 2) are units of both groups.

    `auc` with 95 % limits and `auc_p` (adjusted over pairs; permutation with refits): how far the
    layer tells the groups (`evenlight.measures.leak`). `gap`: the groups' difference of output, and
    `used` the part of it that goes when the layer's means no longer differ between the groups
    (`evenlight.probes.erase`), with 95 % limits (delete-a-group jackknife over units), both in
    SD(f), `unit`. `readout`: the share of the output's variance that a cross-fitted linear read-out
    of the layer explains; `readout_gap` the difference of that read-out in SD(f): what is used
    linearly, without running the model again.

    `encoded` and `uses` are verdicts against `margins` (of AUC above a half; of SD(f));
    `reading` joins the two. The lines are many and not adjusted for that: they say where to look.
    `rounded` is 1 where the numbers of a line are told to steps, since its groupings hide somebody
    or would give few people away, else 0.
    """

    groupings: tuple[str, ...]
    besides: tuple[str, ...]
    layers: tuple[str, ...]
    contrasts: tuple[tuple[str, str], ...]
    given: str
    target: str
    margins: tuple[float, float]
    alpha: float
    draws: int
    unit: float
    n: Float
    auc: Float
    auc_low: Float
    auc_high: Float
    auc_p: Float
    gap: Float
    used: Float
    used_low: Float
    used_high: Float
    readout: Float
    readout_gap: Float
    encoded: Text
    uses: Text
    reading: Text
    reason: Text
    used_reason: Text
    rounded: Int

    def __post_init__(self) -> None:
        m = (len(self.layers),)
        shaped(self, (*m, 2), "n")
        texts = ("encoded", "uses", "reading", "reason", "used_reason")
        shaped(self, m, *ENCODED, *USED, *READ, *texts, "rounded")
        worded(self, "reading", READINGS)
        worded(self, "encoded", VERDICTS)
        worded(self, "uses", VERDICTS)
        explained(self, self.reason, *ENCODED, *READ)
        explained(self, np.stack([self.reason] * 2, axis=-1), "n")
        explained(self, self.used_reason, *USED)

    def to_frame(self) -> pd.DataFrame:
        """One row a question, layer and contrast."""
        columns: dict[str, object] = {
            "grouping": list(self.groupings),
            "beside": list(self.besides),
            "layer": list(self.layers),
            "level": [level for level, _ in self.contrasts],
            "reference": [reference for _, reference in self.contrasts],
            "n_level": self.n[:, 0],
            "n_reference": self.n[:, 1],
        }
        texts = ("encoded", "uses", "reading", "reason", "used_reason")
        names = (*ENCODED, *USED, *READ, *texts)
        columns |= {name: getattr(self, name) for name in names} | {"rounded": self.rounded == 1}
        return pd.DataFrame(columns)

    def __repr__(self) -> str:
        words, counts = np.unique(self.reading, return_counts=True)
        told = ", ".join(f"{n} {word}" for word, n in zip(words, counts, strict=True))
        return f"EncodedUsed of {len(set(self.layers))} layers: {told}; see .to_frame()"


def reading_of(encoded: Text, uses: Text) -> Text:
    """What two verdicts say together.

    Used is only what is told: a moved output beside a layer that tells nothing is left open.

    >>> reading_of(np.array(["different", "similar"]), np.array(["similar", "cannot_tell"]))
    array(['encoded_not_used', 'not_encoded'], dtype='<U16')
    """
    out = np.full(encoded.shape, "cannot_tell", dtype="<U16")
    out[(encoded == "similar") & (uses != "different")] = "not_encoded"
    out[(encoded == "different") & (uses == "similar")] = "encoded_not_used"
    out[(encoded == "different") & (uses == "different")] = "encoded_and_used"
    out[encoded == "not_estimable"] = "not_estimable"
    return out
