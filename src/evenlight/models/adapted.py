"""The contract: what the rest of evenlight knows of a model."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models.links import response_of

Kind = Literal["torch", "sklearn", "table", "callable"]
Scale = Literal["margin", "probability"]
Gives = Literal["margin", "response"]
Inputs = Mapping[str, Sequence[str] | tuple[Sequence[str], tuple[int, ...]]]
"""Name of an input of a network to its features, or to (features, shape of one row)."""


class Settle(Protocol):
    """Decides what only data can tell: link, scale, number of targets, weights."""

    def __call__(self, x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        """Decide it on some rows x (m, *s), their feature names and the kind of outcome."""
        ...


@dataclass(frozen=True, slots=True)
class Declared:
    """What the user said about a model; None where nothing was said."""

    link: Link | None = None
    gives: Gives | None = None
    targets: tuple[str, ...] | None = None
    features: tuple[str, ...] | None = None
    unit: str = ""
    inputs: Inputs | None = None
    codes: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Adapted:
    """A model of t targets behind one contract: x (n, *s) float64 to margin and response (n, t).

    `link` maps margin to response; `scale` is *probability* where the model has no margin, and
    margin and response are then the same. `weights` (t, p) and `intercept` (t,) are known for
    linear models, `module` for torch. `settle` is None once everything is decided; until then
    `link` may be None, `targets` empty, and each call decides on the rows that it gets.
    `notes` are sentences about how the model was read. `estimator` is the object that was fitted,
    for explainers that look inside. `score_only` says that the response is a score that ranks
    people, and no probability.
    """

    name: str
    kind: Kind
    score: Callable[[Float], Float] | None = None
    link: Link | None = None
    scale: Scale = "margin"
    targets: tuple[str, ...] = ()
    features: tuple[str, ...] | None = None
    unit: str = ""
    gives: Gives = "margin"
    module: Any = None
    estimator: Any = None
    codes: bool = False
    weights: Float | None = None
    intercept: Float | None = None
    notes: tuple[str, ...] = ()
    score_only: bool = False
    settle: Settle | None = None

    def __post_init__(self) -> None:
        if self.settle is None and (self.score is None or self.link is None):
            raise ModelError(f"{self.name}: a settled model needs a score and a link")
        if len(set(self.targets)) != len(self.targets):
            raise ModelError(f"{self.name}: a target occurs twice in {self.targets}")

    def margin(self, x: Float) -> Float:
        """Margin (n, t) of rows x (n, *s), float64."""
        settled = self._settled(x)
        assert settled.score is not None
        return settled.score(x)

    def response(self, x: Float) -> Float:
        """Response (n, t) of rows x (n, *s): probability, or the outcome's own unit."""
        settled = self._settled(x)
        return settled.respond(settled.margin(x))

    def respond(self, margin: Float) -> Float:
        """Response from margins that are already known, any shape."""
        if self.link is None:
            raise ModelError(f"{self.name}: its link is not decided yet; say link=")
        return response_of(margin, self.link)

    def _settled(self, x: Float) -> Adapted:
        return self if self.settle is None else self.settle(x, None, None)
