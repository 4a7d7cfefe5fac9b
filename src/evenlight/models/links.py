"""Between margin and response: the six links, both ways.

The margin is the scale on which a model is additive; the response is the scale on which people
decide (probability, mg a week, years).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, logsumexp

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.errors import ModelError

ADULT = 20.0
"""The age up to which the clock of Horvath (2013, Genome Biol 14:R115) runs with log (age + 1)."""


def response_of(margin: Float, link: Link) -> Float:
    """Response from margin, any shape.

    For softmax the margin of class c is log p_c / (1 - p_c), so the response is its logistic.

    >>> response_of(np.array([0.0, 3.0]), "square").tolist()
    [0.0, 9.0]
    """
    if link == "identity":
        return margin
    if link == "square":
        squared: Float = margin**2
        return squared
    if link == "log":
        return np.asarray(np.exp(margin))
    if link == "horvath":
        child = (ADULT + 1) * np.exp(np.minimum(margin, 0.0)) - 1
        return np.where(margin < 0, child, (ADULT + 1) * margin + ADULT)
    return np.asarray(expit(margin))


def margin_of(response: Float, link: Link) -> Float:
    """Margin from response, any shape; the inverse of `response_of`.

    Raises ModelError where the link cannot give such a response (a probability of 1.2, a dose
    below 0). Probabilities of exactly 0 or 1 give infinite margins, which the caller must refuse.

    >>> margin_of(np.array([9.0]), "square").tolist()
    [3.0]
    """
    if link == "identity":
        return response
    low, top = _range(link)
    outside = (response < low) | (response > top)
    if outside.any():
        raise ModelError(
            f"{int(outside.sum())} outputs lie outside {low:g} to {top:g}, first "
            f"{response[outside].ravel()[0]:.4g}, so they are no responses of link {link!r}; "
            'say gives="margin" if the model gives margins, or name another link'
            + _percents(response, top)
        )
    if link == "square":
        return np.asarray(np.sqrt(response))
    if link == "horvath":
        with np.errstate(divide="ignore"):
            child = np.log(np.minimum(response, ADULT) + 1) - np.log(ADULT + 1)
        return np.where(response < ADULT, child, (response - ADULT) / (ADULT + 1))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(response) if link == "log" else logit(response))


def _percents(response: Float, top: float) -> str:
    """The remedy where probabilities may have been given in percent, else ""."""
    if top > 1 or response.min() < 0 or response.max() > 100:
        return ""
    return "; of percents hand over lambda x: model(x) / 100"


def _range(link: Link) -> tuple[float, float]:
    """The least and the greatest response."""
    return -1.0 if link == "horvath" else 0.0, 1.0 if link in ("logit", "softmax") else np.inf


def rival_margins(logits: Float) -> Float:
    """The log odds log p_c / (1 - p_c) of each class from softmax logits, (n, t) -> (n, t).

    Equal to z_c - log sum of exp(z_k) over the other classes; accurate also where p_c nears 1.

    >>> rival_margins(np.array([[0.0, 100.0]])).tolist()
    [[-100.0, 100.0]]
    """
    top = logits.argmax(axis=1)[:, None]
    rest = logits.copy()
    np.put_along_axis(rest, top, -np.inf, axis=1)
    others = logsumexp(rest, axis=1, keepdims=True)
    best = np.take_along_axis(logits, top, axis=1)
    everyone = np.logaddexp(others, best)
    share = np.exp(rest - everyone)
    margins: Float = rest - everyone - np.log1p(-share)
    np.put_along_axis(margins, top, best - others, axis=1)
    return margins
