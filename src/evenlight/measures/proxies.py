"""Candidate groups where no label was recorded: clusters, always called proxies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Text
from evenlight.data import roles
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Axes, Groups
from evenlight.data.representation import Representation
from evenlight.errors import GroupError, InputError
from evenlight.measures.check import shaped
from evenlight.measures.words import gravest
from evenlight.small_groups import least_shown
from evenlight.stats.disclosure import told_counts
from evenlight.stats.effects import unit_means
from evenlight.stats.kmeans import between_share, kmeans, one_cloud, stability

SOURCE = "proxy"
COMPONENTS = 10
"""Principal components of an embedding that are clustered."""

SUBSAMPLES = 10
CLOUDS = 5
KEYS = ("view", "given", "representation", "metric", "measure", "subject", "feature")
"""Columns of a table that say what a verdict is about."""


@dataclass(frozen=True, slots=True, eq=False)
class Proxies:
    """Clusterings of `name` into k clusters each, as candidate `groups` (m of them).

    A cluster is not an ancestry and not a site: it stands in for a label that is missing, and a
    verdict over it is about the cluster. `k`, `stability`, `expected`, `between`, `smallest` (m,):
    the agreement of clusterings of subsamples (adjusted Rand index), the same of one normal cloud
    of equal covariance, where nothing is clustered, the share of variance between clusters, and the
    units of the smallest one (0: fewer than 11). A clustering no more stable than a cloud cuts
    through a continuum: use the axes themselves.
    """

    name: str
    groups: tuple[Groups, ...]
    units: int
    components: int
    k: Int
    stability: Float
    expected: Float
    between: Float
    smallest: Int

    def __post_init__(self) -> None:
        shaped(self, (len(self.groups),), "k", "stability", "expected", "between", "smallest")
        wrong = [g.name for g in self.groups if g.source != SOURCE]
        if wrong:
            raise GroupError(f"{wrong[0]}: source must be {SOURCE!r}, a cluster is no label")

    def to_frame(self) -> pd.DataFrame:
        """One row a clustering."""
        names = ("k", "stability", "expected", "between", "smallest")
        columns: dict[str, object] = {"grouping": [g.name for g in self.groups]}
        return pd.DataFrame(columns | {name: getattr(self, name) for name in names})

    def __repr__(self) -> str:
        told = ", ".join(f"{k}: {s:.2f}" for k, s in zip(self.k, self.stability, strict=True))
        return f"Proxies from {self.name}: stability by number of clusters {told}"


def proxies(
    representation: Representation | Axes,
    cohort: Cohort,
    *,
    k: Sequence[int] = (2, 3, 4, 5, 6),
    rng: np.random.Generator | int = 0,
) -> Proxies:
    """Cluster units by an embedding (its first 10 principal components), or by axes as they are.

    The outcome and the model's errors play no part, so that a later test is not of what made the
    groups; do not cluster attributions and then compare attributions. Every unit has one cluster.

    Raises InputError for a number of clusters below 2 or with fewer than 11 units each on average,
    or where the values do not vary.

    >>> people = pd.DataFrame({"y": [0, 1] * 20}, index=[f"p{i}" for i in range(40)])
    >>> cohort = Cohort(np.zeros((40, 1)), people, unit="row")
    >>> axes = Axes("pcs", np.repeat([[0.0], [5.0]], 20, axis=0), cohort.rows)
    >>> found = proxies(axes, cohort, k=[2])
    >>> found.groups[0].levels, found.groups[0].source, found.stability.tolist()
    (('cluster 1', 'cluster 2'), 'proxy', [1.0])
    """
    name, rows = _values(representation, cohort)
    x = unit_means(rows, cohort.units, cohort.order)
    x = _components(x - x.mean(axis=0)) if isinstance(representation, Representation) else x
    if not (x.std(axis=0) > 0).any():
        raise InputError(f"{name}: the values do not vary between units; there is nothing to group")
    _enough(k, len(x))
    seed = int(np.random.default_rng(rng).integers(2**63))
    codes = [kmeans(x, count, rng=np.random.default_rng([seed, count])) for count in k]
    made = tuple(_groups(name, cohort, code, count) for code, count in zip(codes, k, strict=True))
    rest = [_how_stable(x, count, seed) for count in k]
    sizes = np.array(
        [np.bincount(code, minlength=c).min() for code, c in zip(codes, k, strict=True)]
    )
    return Proxies(
        name=name,
        groups=made,
        units=len(x),
        components=x.shape[1],
        k=np.array(list(k), dtype=np.int64),
        stability=np.array([s for s, _ in rest]),
        expected=np.array([e for _, e in rest]),
        between=np.array([between_share(x, code) for code in codes]),
        smallest=told_counts(
            sizes, rounded=bool((sizes < least_shown()).any()), smallest=least_shown()
        ),
    )


def _values(representation: Representation | Axes, cohort: Cohort) -> tuple[str, Float]:
    if isinstance(representation, Representation):
        return representation.name, representation.at(cohort).values.astype(np.float64)
    if isinstance(representation, Axes):
        every = np.arange(cohort.n)
        return representation.name, roles.axes_at(representation, cohort.rows, every).values
    raise InputError(
        f"a {type(representation).__name__} cannot be clustered; give ev.embed(...)[i] or Axes"
    )


def _components(x: Float) -> Float:
    """The first principal components of centred rows (u, d), signs fixed."""
    left, size, right = np.linalg.svd(x, full_matrices=False)
    keep = min(COMPONENTS, int((size > 1e-9 * size.max(initial=0.0)).sum()) or 1)
    most = np.abs(right[:keep]).argmax(axis=1)
    sign = np.sign(right[np.arange(keep), most])
    return np.asarray(left[:, :keep] * size[:keep] * np.where(sign == 0, 1.0, sign))


def _enough(k: Sequence[int], units: int) -> None:
    for count in k:
        if count < 2 or units < least_shown() * count:
            raise InputError(
                f"{count} clusters of {units} units; at least 2 clusters, with "
                f"{least_shown()} units each on average, are needed"
            )
    if not len(k):
        raise InputError("no number of clusters; say k=(2, 3, 4)")


def _groups(name: str, cohort: Cohort, code: Int, k: int) -> Groups:
    levels = tuple(f"cluster {i + 1}" for i in range(k))
    title = f"{name}, {k} clusters (proxy)"
    return Groups(title, levels, code[cohort.units], SOURCE, None, cohort.rows)


def _how_stable(x: Float, k: int, seed: int) -> tuple[float, float]:
    rng = np.random.default_rng([seed, k, 1])
    seen = stability(x, k, draws=SUBSAMPLES, rng=rng)
    clouds = [stability(one_cloud(x, rng=rng), k, draws=2, rng=rng) for _ in range(CLOUDS)]
    return seen, float(np.mean(clouds))


@dataclass(frozen=True, slots=True, eq=False)
class ProxyVerdicts:
    """What a measure says of s subjects under each of m clusterings: `words` (m, s).

    The gravest word over pairs of clusters, which depends on how many there are; `changes` (s,)
    where not all clusterings agree. A verdict that changes with the clustering is about the
    clustering.
    """

    name: str
    k: Int
    subjects: tuple[str, ...]
    words: Text
    changes: Bool

    def __post_init__(self) -> None:
        shaped(self, (len(self.k), len(self.subjects)), "words")
        shaped(self, (len(self.subjects),), "changes")

    def to_frame(self) -> pd.DataFrame:
        """One row a subject, one column a number of clusters."""
        columns: dict[str, object] = {"subject": list(self.subjects)}
        columns |= {f"k={k}": self.words[i] for i, k in enumerate(self.k)}
        return pd.DataFrame(columns | {"changes": self.changes})

    def __repr__(self) -> str:
        return (
            f"ProxyVerdicts over {len(self.k)} clusterings of {self.name}: "
            f"{int(self.changes.sum())} of {len(self.subjects)} verdicts depend on the clustering"
        )


def over_proxies(found: Proxies, ask: Callable[[Groups], pd.DataFrame]) -> ProxyVerdicts:
    """Ask a measure under every clustering, and see whether its verdicts hold.

    `ask` takes the groups and returns a table with a column *verdict*, as
    `lambda groups: ev.rely(attributions, cohort, by=groups).to_frame()`.

    Raises InputError where the table has no verdicts.
    """
    tables = [_verdicts(ask(groups)) for groups in found.groups]
    subjects = tuple(dict.fromkeys(name for table in tables for name in table))
    words = np.array([[table.get(name, "not_estimable") for name in subjects] for table in tables])
    changes = (words != words[:1]).any(axis=0)
    return ProxyVerdicts(found.name, found.k, subjects, words, changes)


def _verdicts(frame: object) -> dict[str, str]:
    """The gravest verdict of each subject of a table."""
    if not isinstance(frame, pd.DataFrame):
        raise InputError(
            f"ask gave a {type(frame).__name__}, wanted a table with a column verdict; end it with "
            ".to_frame(), as lambda groups: ev.rely(attributions, cohort, by=groups).to_frame()"
        )
    if "verdict" not in frame.columns:
        raise InputError(f"the table has no verdicts; its columns are {list(frame.columns)[:12]}")
    keys = [column for column in KEYS if column in frame.columns]
    if not keys:
        return {"all": gravest(frame["verdict"].astype(str))}
    parts: dict[str, Any] = {}
    for place, word in zip(
        frame[keys].astype(str).agg(" | ".join, axis=1), frame["verdict"].astype(str), strict=True
    ):
        parts.setdefault(place, []).append(word)
    return {name: gravest(words) for name, words in parts.items()}
