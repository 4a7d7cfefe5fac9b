"""Attributions: what each feature adds to each row's output, and how far that can be trusted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pandas as pd

from evenlight.arrays import Bool, Float, Single, Text
from evenlight.data import align, cards
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, FeatureSets
from evenlight.errors import AttributionError

TOLERANCE = 1e-2
"""Largest |completeness residual| of a converged row, relative to |output - base| with a floor."""


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
            if len(getattr(self, name)) != n:
                raise AttributionError(f"{name} has {len(getattr(self, name))} rows, wanted {n}")
        if self.values.dtype != np.float32:
            raise AttributionError(f"values are {self.values.dtype}; the record is float32")
        if self.values.ndim == 2 and self.values.shape[1] != len(self.features):
            raise AttributionError(
                f"values have {self.values.shape[1]} columns for {len(self.features)} features"
            )
        bad = ~np.isfinite(self.values).reshape(n, -1).all(axis=1)
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
        flat = self.values.reshape(self.n, -1)
        total: Float = flat.sum(axis=1, dtype=np.float64) + self.base
        return total

    def by(self, sets: FeatureSets) -> Attributions:
        """The same with sets as features, summed in float64; every feature belongs to one set.

        Raises AttributionError where a feature belongs to none or to several sets, since the
        sums would no longer add up to the output.
        """
        if sets.features != self.features.names:
            raise AttributionError("the sets speak of other features than the attributions")
        owners = np.asarray(sets.membership.sum(axis=0)).ravel()
        if (owners != 1).any():
            j = int((owners != 1).argmax())
            raise AttributionError(
                f"feature {self.features.names[j]!r} belongs to {int(owners[j])} sets; "
                "each must belong to exactly one"
            )
        flat = self.values.reshape(self.n, -1).astype(np.float64)
        summed = np.asarray((sets.membership @ flat.T).T, dtype=np.float32)
        return replace(
            self, features=Features(sets.names), values=summed, spread=None, sensitivity=None
        )

    def at(self, cohort: Cohort) -> Attributions:
        """The same rows in the cohort's order, matched by id."""
        if self.cohort_digest and self.cohort_digest != cohort.digest:
            raise AttributionError(
                "these attributions were made on another cohort (other rows, features or values)"
            )
        index = align.match(self.rows, cohort.rows, what="attributions")
        taken: dict[str, Any] = {
            name: getattr(self, name)[index]
            for name in ("rows", "values", "output", "base", "error", "converged")
        }
        extra: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name)[index]
            for name in ("spread", "sensitivity")
        }
        return replace(self, **taken, **extra)

    def to_frame(self) -> pd.DataFrame:
        """Long table: row, feature, attribution. Individual data: keep with the patients' data."""
        wide = pd.DataFrame(
            self.values.reshape(self.n, -1), index=self.rows, columns=list(self.features.names)
        )
        long = cast(pd.Series, wide.rename_axis("row").rename_axis("feature", axis=1).stack())
        return long.rename("attribution").reset_index()

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
    ) -> Attributions:
        """Attributions computed elsewhere, with completeness checked row by row.

        `values` (n, *s); `output` (n,) the model's output on `scale`; `base` a number or (n,).
        Rows whose residual exceeds 1 % are kept and marked as not converged; more than 5 % of
        them is an error, as is a probability scale that holds no probabilities.

        >>> import numpy as np
        >>> made = Attributions.from_arrays(
        ...     np.eye(2), rows=["a", "b"], features=["g1", "g2"], output=[1.5, 1.5], base=0.5
        ... )
        >>> made.error.tolist(), bool(made.converged.all())
        ([0.0, 0.0], True)
        """
        array = np.asarray(values, dtype=np.float32)
        names = features if isinstance(features, Features) else Features(tuple(features))
        out = np.asarray(output, dtype=np.float64).reshape(-1)
        start = np.broadcast_to(np.asarray(base, dtype=np.float64), out.shape).copy()
        ids = align.ids(list(rows))
        if not len(array) == len(out) == len(ids):
            raise AttributionError(
                f"{len(array)} rows of values, {len(out)} outputs and {len(ids)} ids do not match"
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
        )
        _plausible(made)
        return made

    @classmethod
    def from_shap(
        cls, explanation: Any, *, rows: Sequence[object], output: object, **own: Any
    ) -> Attributions:
        """From a `shap.Explanation` of one output (n, p): slice several outputs first."""
        values = np.asarray(explanation.values)
        if values.ndim == 3:
            raise AttributionError(
                f"the explanation has {values.shape[2]} outputs; pass explanation[..., k] for one"
            )
        names = explanation.feature_names
        features = own.pop("features", None) or names or [f"x{j}" for j in range(values.shape[1])]
        return cls.from_arrays(
            values,
            rows=rows,
            features=features,
            output=output,
            base=explanation.base_values,
            method=own.pop("method", "shap"),
            **own,
        )

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


def residual(values: Single, output: Float, base: Float) -> tuple[Float, Bool]:
    """Completeness residual (n,) in float64, and whether each row is within tolerance.

    A row is judged by |residual| / max(|output - base|, floor), floor the median |output - base|.
    """
    total = values.reshape(len(values), -1).sum(axis=1, dtype=np.float64)
    error: Float = output - base - total
    move = np.abs(output - base)
    scale = np.maximum(move, np.median(move) if len(move) else 0.0)
    tiny = 1e-6 * np.maximum(np.abs(values.reshape(len(values), -1)).sum(axis=1), 1e-12)
    converged: Bool = np.abs(error) <= np.maximum(TOLERANCE * scale, tiny)
    return error, converged


def _plausible(made: Attributions) -> None:
    share = float((~made.converged).mean())
    if share > 0.05:
        raise AttributionError(
            f"attributions plus base miss the output in {share:.0%} of rows (median residual "
            f"{np.median(np.abs(made.error)):.3g}); check that output, base and values are of one "
            "target and on one scale"
        )
    if made.scale == "probability" and not ((made.output >= 0) & (made.output <= 1)).all():
        raise AttributionError("scale is probability, but outputs lie outside 0 to 1")
