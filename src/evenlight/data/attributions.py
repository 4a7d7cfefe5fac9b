"""Attributions: what each feature adds to each row's output, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Int, Single, Text
from evenlight.data import align, cards, explanations
from evenlight.data.coefficients import LINKS
from evenlight.data.cohort import Cohort
from evenlight.data.completeness import beyond_single, residual, row_sums
from evenlight.data.digits import percent
from evenlight.data.features import Features, FeatureSets
from evenlight.data.given_values import given_values
from evenlight.data.misfit import misfit
from evenlight.data.region_maps import by_maps
from evenlight.data.rows import Rows, blocks
from evenlight.data.sources import lazy
from evenlight.errors import AttributionError, FeatureError


@dataclass(frozen=True, slots=True)
class Background:
    """The reference population: `digest`, number of rows, and their composition in words."""

    digest: str
    size: int
    composition: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """One model, one cohort, one target: output = sum over features of `values` + `base`.

    `rows` (n,) ids; `values` (n, *s) float32; `output` (n,) and `base` (n,) on `scale` (margin, or
    probability); `error` (n,) = output - base - sum; `converged` (n,); `spread` (n, *s) Monte Carlo
    standard error or None; `sensitivity` (n, *s) path-averaged gradient or None.

    `values` may lie on disk (zarr, HDF5, a memory map): they are then read block by block, and
    known to be finite where `error`, which is made of them, is.
    """

    rows: Text
    features: Features
    values: Single
    output: Float
    base: Float
    error: Float
    converged: Bool
    target: str
    scale: str
    method: str
    spread: Single | None = None
    sensitivity: Single | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    background: Background | None = None
    cohort_digest: str = ""

    def __post_init__(self) -> None:
        n = len(self.rows)
        for name in ("values", "output", "base", "error", "converged"):
            count = int(getattr(self, name).shape[0])
            if count != n:
                raise AttributionError(f"{name} has {count} rows, wanted {n}")
        if self.values.dtype != np.float32:
            raise AttributionError(f"values are {self.values.dtype}; the record is float32")
        if self.values.ndim == 2 and self.values.shape[1] != len(self.features):
            raise AttributionError(
                f"values have {self.values.shape[1]} columns for {len(self.features)} features"
            )
        made: Any = self.error if lazy(self.values) else self.values
        bad = ~np.isfinite(made).reshape(n, -1).all(axis=1)
        if bad.any():
            raise AttributionError(
                f"{int(bad.sum())} rows hold attributions that are not finite, first at positions "
                f"{np.flatnonzero(bad)[:3].tolist()}"
            )
        if self.scale not in ("margin", "probability"):
            raise AttributionError(f"scale {self.scale!r}; wanted margin or probability")

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.rows)

    def total(self) -> Float:
        """F (n,): the sum of the attributions plus the base, in float64."""
        return row_sums(self.values)[0] + self.base

    def by(self, sets: FeatureSets) -> Attributions:
        """The same with sets as features, summed in float64; every feature belongs to one set.

        Attributions of these sets already are returned as they are.

        Raises AttributionError where a feature belongs to none or to several sets, since the
        sums would no longer add up to the output.
        """
        if self.values.ndim == 2 and tuple(self.features.names) == sets.names:
            return self
        if not sets.fits(self.features.names, tuple(self.values.shape[1:])):
            raise AttributionError(misfit(sets, self.features.names, tuple(self.values.shape[1:])))
        try:
            sets.owners()
        except FeatureError as error:
            raise AttributionError(str(error)) from error
        summed = np.empty((self.n, len(sets.names)), dtype=np.float32)
        for part, values in blocks(self.values):
            flat = values.reshape(len(values), -1).astype(np.float64)
            summed[part] = (sets.membership @ flat.T).T
        return replace(
            self, features=Features(sets.names), values=summed, spread=None, sensitivity=None
        )

    by_maps = by_maps

    def at(self, cohort: Cohort) -> Attributions:
        """The same rows in the cohort's order, matched by id; itself where they stand so."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise AttributionError(
                "these attributions were made on another cohort (other rows, features or values)"
            )
        if np.array_equal(self.rows, cohort.rows):
            return self
        index = align.match(self.rows, cohort.rows, what="attributions")
        names = ("rows", "values", "output", "base", "error", "converged", "spread", "sensitivity")
        return replace(self, **{name: _taken(getattr(self, name), index) for name in names})

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, feature, attribution. Individual data: keep with the patients' data.

        Raises AttributionError for maps, which have no column a feature.
        """
        if self.values.ndim != 2:
            raise AttributionError(
                f"attributions are maps of shape {tuple(self.values.shape[1:])}; sum them over "
                "regions first, with .by(sets)"
            )
        return pd.concat([self._long(part, x) for part, x in blocks(self.values)])

    def _long(self, part: slice, values: Single) -> pd.DataFrame:
        p = len(self.features)
        return pd.DataFrame(
            {
                "row": np.repeat(self.rows[part], p),
                "feature": np.tile(np.array(self.features.names, dtype=object), len(values)),
                "attribution": values.reshape(-1),
            },
            index=pd.RangeIndex(part.start * p, part.stop * p),
        )

    def __repr__(self) -> str:
        return cards.told("Attributions", cards.attributions_facts(self))

    def _repr_html_(self) -> str:
        return cards.attributions_card(self)

    @classmethod
    def from_arrays(
        cls,
        values: object,
        *,
        rows: Sequence[object],
        features: Features | Sequence[str],
        output: object,
        base: object,
        target: str = "output",
        scale: str = "margin",
        method: str = "given",
        background: Background | None = None,
        link: str = "",
    ) -> Attributions:
        """Attributions computed elsewhere, with completeness checked row by row.

        `values` (n, *s), an array or tensor, or one on disk (npy, zarr, HDF5), where it stays if it
        is larger than 4 GiB; `output` (n,) the model's output on `scale`; `base` a number or (n,).
        `link` says what outputs on the margin are: logit (log odds), log (a log hazard), identity.
        Rows whose residual exceeds 1 % are kept and marked as not converged; more than 5 % of
        them is an error, as is a probability scale that holds no probabilities.

        >>> import numpy as np
        >>> made = Attributions.from_arrays(
        ...     np.eye(2), rows=["a", "b"], features=["g1", "g2"], output=[1.5, 1.5], base=0.5
        ... )
        >>> made.error.tolist(), bool(made.converged.all())
        ([0.0, 0.0], True)
        """
        out = np.asarray(output, dtype=np.float64).reshape(-1)
        if beyond := beyond_single(out):
            raise AttributionError(beyond)
        array = given_values(values)
        names = features if isinstance(features, Features) else Features(tuple(features))
        start = np.broadcast_to(np.asarray(base, dtype=np.float64), out.shape).copy()
        ids = align.ids(list(rows))
        if not array.shape[0] == len(out) == len(ids):
            raise AttributionError(
                f"{array.shape[0]} rows of values, {len(out)} outputs and {len(ids)} ids do not "
                "match"
            )
        error, converged = residual(array, out, start)
        made = cls(
            ids,
            names,
            array,
            out,
            start,
            error,
            converged,
            target,
            scale,
            method,
            background=background,
            settings={"link": _link(link)} if link else {},
        )
        _plausible(made)
        return made

    from_shap = classmethod(explanations.from_shap)

    @classmethod
    def from_captum(
        cls,
        tensor: Any,
        *,
        rows: Sequence[object],
        features: Features | Sequence[str],
        output: object,
        base: object,
        **own: Any,
    ) -> Attributions:
        """From the tensor that a captum method returned, (n, *s)."""
        values = tensor.detach().cpu().numpy() if hasattr(tensor, "detach") else np.asarray(tensor)
        return cls.from_arrays(
            values,
            rows=rows,
            features=features,
            output=output,
            base=base,
            method=own.pop("method", "captum"),
            **own,
        )


def _link(link: str) -> str:
    if link not in LINKS:
        raise AttributionError(f"link is {link!r}; wanted one of {', '.join(LINKS)}")
    return link


def _taken(values: Any, index: Int) -> Any:
    """Some rows of an array, on disk not read yet; None of None."""
    if values is None:
        return None
    return Rows(values).take(index) if lazy(values) else values[index]


def _plausible(made: Attributions) -> None:
    share = float((~made.converged).mean())
    if share > 0.05:
        raise AttributionError(
            f"attributions plus base miss the output in {percent(share)} of rows (median residual "
            f"{np.median(np.abs(made.error)):.3g}); check that output, base and values are of one "
            "target and on one scale"
        )
    if made.scale == "probability" and not ((made.output >= 0) & (made.output <= 1)).all():
        raise AttributionError("scale is probability, but outputs lie outside 0 to 1")
