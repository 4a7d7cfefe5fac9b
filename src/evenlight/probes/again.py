"""The same rows explained again: moved by small noise, on another background, without weights."""

from __future__ import annotations

import warnings
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import EvenlightError, EvenlightWarning
from evenlight.explainers import EXPLAINERS
from evenlight.explainers.explain import explain
from evenlight.explainers.image_baselines import OWN, black
from evenlight.explainers.own_starts import own_rows
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.probe import Prepared
from evenlight.probes.pieces import Pieces
from evenlight.probes.sample import row_generator

NOISE = 0.05
"""Standard deviation of small noise, in standard deviations of each column."""

REDRAWS = 3
"""Networks with re-drawn weights."""

FEWEST = 4
"""Pieces without which two attributions look alike by chance."""


@dataclass(frozen=True, slots=True, eq=False)
class Again:
    """How the attributions of a `sample` of rows (m, *s) were made, so that they can be again."""

    made: Attributions
    prepared: Prepared
    sample: Cohort
    background: Float
    pieces: Pieces
    seed: int
    reasons: dict[str, str] = field(default_factory=dict)

    @property
    def at_token(self) -> bool:
        """Whether paths start at a token of the network, and at no background."""
        return str(self.made.settings.get("baseline")).startswith("token")

    @property
    def unknown(self) -> str:
        """Why they cannot be made again, "" if they can."""
        settings = self.made.settings
        left = settings.get("options_left_out", [])
        if left:
            return f"the option {', '.join(left)} is not recorded: nothing can be explained again"
        if settings.get("baseline") == "given" and "baseline" not in settings.get("options", {}):
            return "the baseline that was given is not recorded, so nothing can be explained again"
        if self.made.method in EXPLAINERS:
            return ""
        return f"attributions by {self.made.method!r} cannot be made again here"

    def own_starts(self) -> Float | None:
        """Where attributions of images start by name (m, b, *s): black, a blur of each; or None."""
        word = self.made.settings.get("options", {}).get("baseline")
        if self.made.method not in ("ig", "shapley"):
            return None
        if word == "black":
            there = black(self.background, self.sample)
            return np.broadcast_to(there[None], (self.sample.n, *there.shape))
        if isinstance(word, str) and word in OWN:
            return own_rows(OWN[word], self.sample.dense(), self.sample.rows)
        return None

    def explained(
        self, model: Prepared | Adapted, cohort: Cohort, check: str, other: Float | None = None
    ) -> Float | None:
        """Attributions of pieces (m, q), on an `other` background if given; None says why not."""
        settings = self.made.settings
        own = {"device": str(settings.get("device", "cpu")), **_options(self.made)}
        background = self.background if other is None else other
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", EvenlightWarning)  # they were told when it was made
                found = explain(
                    model, cohort, method=self.made.method, target=self.prepared.column,
                    background=background, seed=int(settings.get("seed", 0)), **own,
                )  # fmt: skip
        except EvenlightError as error:
            self.reasons[check] = f"the rows could not be explained again: {error}"
            return None
        return self.pieces.of(found, np.arange(found.n))


def _options(made: Attributions) -> dict[str, Any]:
    """The options with which attributions were made, as far as their settings hold them.

    What "auto" took of a table is said, since some of its rows may look otherwise; of images it
    takes the same rows of the same background again.
    """
    options = dict(made.settings.get("options", {}))
    images = made.settings.get("baseline_seen") == "images"
    if made.method == "ig" and not images and made.settings.get("baseline") in ("mean", "rows"):
        options.setdefault("baseline", made.settings["baseline"])
    return options


def moved(again: Again) -> Float | None:
    """Attributions (m, q) with small noise on every continuous number of x; None where is none.

    A missing value (NaN) stays missing.
    """
    x = again.sample.dense().copy()
    spread = _spread(np.concatenate([x, again.background]))
    if again.prepared.adapted.codes or not (spread > 0).any():
        again.reasons["stability"] = "no column is continuous, so no small noise can be added"
        return None
    for i, row in enumerate(again.sample.rows.tolist()):
        noise = row_generator(again.seed, row, "noise").normal(size=spread.shape)
        x[i] = x[i] + NOISE * spread * noise
    return again.explained(again.prepared, _with_values(again.sample, x), "stability")


def _spread(seen: Float) -> Float:
    """Standard deviation of the known values of each column (*s), 0 for counts up to 2."""
    known = np.isfinite(seen)
    count = np.maximum(known.sum(axis=0), 1)
    held = np.where(known, seen, 0.0)
    apart = np.where(known, seen - held.sum(axis=0) / count, 0.0)
    spread = seen.std(axis=0) if known.all() else np.sqrt((apart**2).sum(axis=0) / count)
    counted = np.isin(held, (0.0, 1.0, 2.0)).all(axis=0)
    out: Float = np.where(counted, 0.0, spread)
    return out


def _with_values(sample: Cohort, x: Float) -> Cohort:
    """The same people with other values."""
    return Cohort(
        x, sample.people, sample.features, outcome=sample.outcome,
        outcome_kind=sample.outcome_kind, unit="row", missing="keep" if sample.gaps else "error",
    )  # fmt: skip


def unlearned(again: Again) -> list[Float] | None:
    """Attributions (m, q) of networks with re-drawn weights (Adebayo et al. 2018), or None."""
    adapted = again.prepared.adapted
    if adapted.module is None:
        again.reasons["sanity"] = "only a network has weights that can be drawn again"
    elif again.pieces.count < FEWEST:
        again.reasons["sanity"] = f"{again.pieces.words} are too few to tell likeness from chance"
    else:
        drawn = [_redrawn(adapted, again.seed + i) for i in range(REDRAWS)]
        found = [again.explained(model, again.sample, "sanity") for model in drawn]
        return None if any(f is None for f in found) else [f for f in found if f is not None]
    return None


def _redrawn(adapted: Adapted, seed: int) -> Adapted:
    """The same architecture with re-drawn weights, in a copy, and read in the same way.

    Each part draws its weights as it did when it was made; a parameter of a part that cannot is
    drawn from a normal distribution with its own mean and spread.
    """
    module: nn.Module = deepcopy(adapted.module)
    devices = sorted({p.device.index for p in module.parameters() if p.device.type == "cuda"})
    with torch.random.fork_rng(devices=devices), torch.no_grad():
        torch.manual_seed(seed)
        for part in module.modules():
            reset = getattr(part, "reset_parameters", None)
            if callable(reset):
                reset()
                continue
            for parameter in part.parameters(recurse=False):
                spread = float(parameter.std(correction=0)) or 1.0
                parameter.normal_(float(parameter.mean()), spread)
    return adapt(
        module, link=adapted.link, gives=adapted.gives, targets=adapted.targets or None,
        features=adapted.features, codes=adapted.codes,
    )  # fmt: skip
