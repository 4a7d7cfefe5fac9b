"""What an audit tells of proxy groups: counts and verdicts, and nobody's cluster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.errors import InputError
from evenlight.measures.check import shaped, worded
from evenlight.measures.proxies import Proxies, ProxyVerdicts
from evenlight.measures.words import VERDICTS

MADE_OF = ("axes", "layer", "values")
"""What is clustered: declared axes, what a layer holds, or the values of the model's inputs."""

CLUSTERING = ("k", "stability", "expected", "between", "smallest")


@dataclass(frozen=True, slots=True, eq=False)
class Proxied:
    """Clusterings of the `units` into k clusters each, and what was found of them; m clusterings.

    `made_of` says what `name` is. `k`, `stability`, `expected`, `between`, `smallest` (m,) are
    those of `evenlight.measures.proxies.Proxies`: `smallest` counts the units of the smallest
    cluster, 0 for fewer than 11. `words` (m, s) are verdicts over the clusters, the gravest over
    their pairs, of s `subjects`; a verdict that changes with the clustering is about the
    clustering. Who is in which cluster is not part of this record.
    """

    name: str
    made_of: str
    units: int
    components: int
    k: Int
    stability: Float
    expected: Float
    between: Float
    smallest: Int
    subjects: tuple[str, ...]
    words: Text

    def __post_init__(self) -> None:
        m = len(self.k)
        shaped(self, (m,), *CLUSTERING)
        shaped(self, (m, len(self.subjects)), "words")
        worded(self, "words", VERDICTS)
        if self.made_of not in MADE_OF:
            raise InputError(f"made_of is {self.made_of!r}; known: {', '.join(MADE_OF)}")

    @classmethod
    def of(cls, found: Proxies, said: ProxyVerdicts, *, made_of: str) -> Proxied:
        """What may be told of proxies and of the verdicts over them."""
        numbers = {name: getattr(found, name) for name in CLUSTERING}
        return cls(
            name=found.name,
            made_of=made_of,
            units=found.units,
            components=found.components,
            subjects=said.subjects,
            words=said.words,
            **numbers,
        )

    @property
    def changes(self) -> Bool:
        """Whether the verdict on each subject (s,) depends on the number of clusters."""
        made: Bool = (self.words != self.words[:1]).any(axis=0)
        return made

    @property
    def clustered(self) -> Bool:
        """Whether each clustering (m,) is more stable than one cloud of no clusters gives."""
        made: Bool = self.stability > self.expected
        return made

    def to_frame(self) -> pd.DataFrame:
        """One row a clustering."""
        columns: dict[str, object] = {"proxy": self.name, "made_of": self.made_of}
        columns |= {name: getattr(self, name) for name in CLUSTERING}
        return pd.DataFrame(columns, index=np.arange(len(self.k)))

    def verdicts_frame(self) -> pd.DataFrame:
        """One row a clustering and subject."""
        m, s = (a.ravel() for a in np.indices(self.words.shape))
        columns: dict[str, object] = {
            "proxy": self.name,
            "k": self.k[m],
            "subject": [self.subjects[i] for i in s],
            "verdict": self.words.ravel(),
            "changes": self.changes[s],
        }
        return pd.DataFrame(columns, index=np.arange(len(m)))

    def __repr__(self) -> str:
        return (
            f"Proxied over {len(self.k)} clusterings of {self.name} (proxies): "
            f"{int(self.changes.sum())} of {len(self.subjects)} verdicts depend on the clustering"
        )
