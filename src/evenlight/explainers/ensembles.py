"""Tree ensembles as one table of nodes, whatever library grew them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from evenlight.arrays import Bool, Float, Int, Values

NODE = np.dtype(
    [(name, "i8") for name in ("feature", "left", "right", "start", "size", "missing")]
    + [(name, "f8") for name in ("threshold", "value")]
)
"""A node. `feature` is -1 at a leaf, which gives `value`. A row goes left where its feature is at
most `threshold`; or, where `size` is above 0, where its category is marked in
`members[start : start + size]`; or, where `missing` is 1, where its feature is NaN."""


@dataclass(frozen=True, slots=True, eq=False)
class Ensemble:
    """A sum of trees: `nodes` (k,) of all trees, `roots` (t,), `members` (c,) of all categories.

    `single` says that the library rounds rows to float32 before it compares them.
    """

    nodes: Values
    roots: Int
    members: Bool
    single: bool

    @property
    def depth(self) -> int:
        """Splits on the longest path."""
        level, depth = self.roots, -1
        while len(level):
            inner = self.nodes[level]
            inner = inner[inner["feature"] >= 0]
            level, depth = np.concatenate([inner["left"], inner["right"]]), depth + 1
        return depth

    def rounded(self, x: Float) -> Float:
        """Rows x (n, c) as the trees see them, features first (c, n)."""
        seen = x.astype(np.float32) if self.single else x
        return np.ascontiguousarray(seen.T, dtype=np.float64)

    def turned(self) -> Ensemble:
        """The same trees for the other one of two classes, up to a constant."""
        nodes = self.nodes.copy()
        nodes["value"] *= -1
        return replace(self, nodes=nodes)

    @property
    def leaves(self) -> int:
        """Number of leaves."""
        return int((self.nodes["feature"] < 0).sum())


@dataclass(frozen=True, slots=True, eq=False)
class Share:
    """Some trees, and of the features and players only those that they ask about.

    `columns` (c,) are the features' positions in x, and feature k of `ensemble` is `columns[k]`;
    `players` (q,) are positions among all players, and feature k belongs to `players[owner[k]]`.
    """

    ensemble: Ensemble
    columns: Int
    players: Int
    owner: Int


def shares(ensemble: Ensemble, owner: Int, most: int) -> list[Share]:
    """The ensemble in at most so many parts, each of trees that follow each other.

    `owner` (p,) is the player of each feature.
    """
    parts = np.array_split(ensemble.roots, min(most, len(ensemble.roots)))
    ends = [part[0] for part in parts[1:]] + [len(ensemble.nodes)]
    made = []
    for roots, end in zip(parts, ends, strict=True):
        nodes = ensemble.nodes[roots[0] : end].copy()
        nodes["left"] -= roots[0]
        nodes["right"] -= roots[0]
        inner = nodes["feature"] >= 0
        columns, at = np.unique(nodes["feature"][inner], return_inverse=True)
        nodes["feature"][inner] = at
        players, own = np.unique(owner[columns], return_inverse=True)
        part = replace(ensemble, nodes=nodes, roots=roots - roots[0])
        made.append(Share(part, columns, players, own.astype(np.int64)))
    return made


def leaves(values: Values) -> Values:
    """Nodes (k,) that are all leaves with `values` (k,), to be given their splits."""
    nodes = np.zeros(len(values), dtype=NODE)
    nodes["feature"], nodes["value"] = -1, values
    return nodes


def stacked(
    trees: Sequence[Values], *, single: bool, members: Sequence[Values] | None = None
) -> Ensemble:
    """One ensemble from the nodes of each tree, whose children count from the tree's own root.

    `members` holds each tree's table of categories, counted from its own start as well.
    """
    sizes = [len(nodes) for nodes in trees]
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)
    nodes = np.concatenate(trees)
    for side in ("left", "right"):
        nodes[side] += np.repeat(roots, sizes)
    if members is None:
        return Ensemble(nodes, roots, np.zeros(0, dtype=bool), single)
    counts = [len(table) for table in members]
    nodes["start"] += np.repeat(np.concatenate([[0], np.cumsum(counts)[:-1]]), sizes)
    return Ensemble(nodes, roots, np.concatenate(members).astype(bool), single)
