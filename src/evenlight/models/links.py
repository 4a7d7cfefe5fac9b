"""Between margin and response: the five links, both ways.

The margin is the scale on which a model is additive; the response is the scale on which people
decide (probability, mg a week).
"""

from __future__ import annotations

import numpy as np
from scipy.special import expit, logit, logsumexp

from evenlight.arrays import Float
from evenlight.data.coefficients import Link
from evenlight.errors import ModelError


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
    top = 1.0 if link in ("logit", "softmax") else np.inf
    outside = (response < 0) | (response > top)
    if outside.any():
        raise ModelError(
            f"{int(outside.sum())} outputs lie outside 0 to {top:g}, first "
            f"{response[outside].ravel()[0]:.4g}, so they are no responses of link {link!r}; "
            'say gives="margin" if the model gives margins, or name another link'
        )
    if link == "square":
        return np.asarray(np.sqrt(response))
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(response) if link == "log" else logit(response))


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
