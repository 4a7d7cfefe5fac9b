"""Raw outputs of networks and functions: their shape, and whether they are margins or responses."""

from __future__ import annotations

import warnings

import numpy as np

from evenlight.arrays import Float
from evenlight.data.coefficients import LINKS, Link
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import EvenlightWarning, ModelError
from evenlight.models.adapted import Declared, Gives
from evenlight.models.links import margin_of, rival_margins

WRAP = (
    "wrap the model so that it returns one array (n,), (n, 1) or (n, t): a network with "
    "ev.wire(model, output='logits'), which keeps gradients, or any model with a function such as "
    "lambda x: model(x)['logits']"
)


CLASSES = (
    "pass the fitted estimator itself, or a function that gives its probability, such as "
    "lambda x: model.predict_proba(x)[:, 1]"
)

AS_CHANCES = 'ev.adapt(model, link="softmax", gives="response")'

FEW, ROWS = 10, 20
"""So many whole numbers at most, in so many rows at least, are classes (0 and 1: in any two)."""

SURE = 37.0
"""Log odds above which the probability is 1 to the last digit, and beyond all that is known."""


def as_columns(raw: object, rows: int, *, name: str) -> Float:
    """`raw` as (n, t) float64.

    Raises ModelError for a dict, a tuple, a wrong rank or a wrong number of rows.
    """
    if isinstance(raw, dict | tuple | list) or not hasattr(raw, "shape"):
        raise ModelError(f"{name} returned a {type(raw).__name__}, wanted one array; {WRAP}")
    array = np.asarray(raw)
    if array.dtype.kind in "OSU":
        raise ModelError(
            f"{name} returned {array.dtype}, wanted numbers: of predicted classes {CLASSES}; or "
            f"{WRAP}"
        )
    if array.dtype.kind not in "fiub":
        raise ModelError(f"{name} returned {array.dtype}, wanted numbers; {WRAP}")
    if array.ndim not in (1, 2) or array.shape[0] != rows or array.size == 0:
        raise ModelError(
            f"{name} returned shape {array.shape} for {rows} rows, "
            f"wanted ({rows},), ({rows}, 1) or ({rows}, t); {WRAP}"
        )
    return array.reshape(rows, -1).astype(np.float64)


def decide_link(raw: Float, declared: Declared, outcome: Outcome | None) -> Link:
    """The declared link, else the one that suits the kind of outcome."""
    t = raw.shape[1]
    if declared.link == "softmax" and t == 1:
        raise ModelError('link "softmax" needs two or more outputs, found 1; say link="logit"')
    if declared.link is not None:
        return declared.link
    if outcome in ("binary", "categorical"):
        return "logit" if t == 1 else "softmax"
    return "identity"


def check_outputs(raw: Float, link: Link, gives: Gives | None) -> None:
    """Raise ModelError where probabilities or percents stand for logits, or the other way round.

    Warns of probabilities of several classes that were declared as margins; of one output the
    outcome tells (`misread`).
    """
    if not np.isfinite(raw).all():
        return
    inside = bool(((raw >= 0) & (raw <= 1)).all())
    chances = link in ("logit", "softmax")
    if chances and gives != "margin" and (seen := _as_classes(raw)):
        raise ModelError(
            f"the outputs are only {seen}, as predicted classes are, where log odds or "
            f"probabilities are wanted; {CLASSES} (to audit the decision itself say "
            'ev.adapt(model, link="identity"); if they are logits, gives="margin")'
        )
    if chances and gives is None and inside:
        raise ModelError(
            "the outputs all lie between 0 and 1, as probabilities do, where logits are wanted; "
            f'declare ev.adapt(model, link="{link}", gives="response") if they are probabilities, '
            f'or ev.adapt(model, link="{link}", gives="margin") if they are logits (in a plan link '
            "and gives of [model])"
        )
    if chances and gives is None and _as_percents(raw, link):
        raise ModelError(
            "the outputs all lie between 0 and 100, as percents do, where logits are wanted; if "
            f'they are percents declare ev.adapt(lambda x: model(x) / 100, link="{link}", '
            f'gives="response"), or ev.adapt(model, link="{link}", gives="margin") if they are '
            "logits"
        )
    if gives == "margin" and link == "softmax" and _add_up(raw, 1) and np.ptp(raw, axis=0).any():
        warnings.warn(
            "the outputs are read as logits, and those of each row lie between 0 and 1 and add up "
            f"to 1: if they are probabilities, declare {AS_CHANCES}",
            EvenlightWarning,
            stacklevel=2,
        )
    if gives == "response":
        margin_of(raw, link)
        total = raw.sum(axis=1)
        if link == "softmax" and not np.allclose(total, 1, atol=1e-3):
            raise ModelError(
                f"the outputs are declared as probabilities, but rows add up to {total.min():.3g} "
                f'to {total.max():.3g}; say gives="margin" if they are logits'
            )


def _as_classes(raw: Float) -> str:
    """The few whole numbers that outputs (n, t) are, "" where they are others.

    >>> _as_classes(np.array([[0.0], [1.0], [1.0]])), _as_classes(np.array([[0.5], [1.0]]))
    ('0 and 1', '')
    """
    found = np.unique(raw)
    whole = bool((found == np.round(found)).all()) and found[0] >= 0 and len(raw) > 1
    if not whole or len(found) > FEW or (found[-1] > 1 and len(raw) < ROWS):
        return ""
    told = [f"{one:g}" for one in found]
    return " and ".join([", ".join(told[:-1]), told[-1]]) if len(told) > 1 else told[0]


def _as_percents(raw: Float, link: Link) -> bool:
    """Whether outputs (n, t) are percents, which logits hardly are.

    None is below 0, and of one output some probability would be 1 to the last digit; of several
    those of each row add up to 100.

    >>> _as_percents(np.array([[3.0], [80.0]]), "logit"), _as_percents(np.array([[9.0]]), "logit")
    (True, False)
    """
    if link == "softmax":
        return _add_up(raw, 100)
    return bool(raw.min() >= 0 and SURE < raw.max() <= 100)


def _add_up(raw: Float, total: float) -> bool:
    """Whether no output (n, t) is below 0, and those of each row add up to a total."""
    return bool(raw.min() >= 0 and np.allclose(raw.sum(axis=1), total, rtol=1e-3, atol=0))


def check_link(link: str | None, gives: str | None) -> None:
    """Raise ModelError for a link or scale that does not exist."""
    if link is not None and link not in LINKS:
        raise ModelError(f"no link {link!r}; known: {', '.join(LINKS)}")
    if gives not in (None, "margin", "response"):
        raise ModelError(f'gives={gives!r}; wanted "margin" or "response"')


def margin_from(raw: Float, link: Link, gives: Gives) -> Float:
    """Margin (n, t) from raw outputs (n, t)."""
    if gives == "response":
        return margin_of(raw, link)
    return rival_margins(raw) if link == "softmax" else raw


def target_names(t: int, declared: tuple[str, ...] | None) -> tuple[str, ...]:
    """The declared names, else "output", or "0", "1", ... for several."""
    if declared is None:
        return ("output",) if t == 1 else tuple(str(c) for c in range(t))
    if len(declared) != t:
        raise ModelError(f"targets names {len(declared)}, but the model has {t} outputs")
    return declared
