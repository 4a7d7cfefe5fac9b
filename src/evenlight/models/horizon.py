"""Networks of survival in intervals of time, with one number to ask about.

Such a network gives k numbers a person, one an interval. Either they are log odds of the event in
an interval among those who reached it (hazards; Gensheimer and Narasimhan 2019, PeerJ 7:e6257), or
scores whose softmax is the chance of each interval (masses; Lee and others 2018, AAAI, DeepHit).
What people ask is one number: the chance of the event by some time, or the time that is lost.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import logsigmoid

from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted

Form = Literal["hazards", "masses"]
FORMS: tuple[Form, ...] = ("hazards", "masses")


@dataclass(frozen=True, slots=True)
class _Asked:
    """How the k outputs are read, and the last interval (from 0) that counts."""

    form: Form
    last: int

    def __post_init__(self) -> None:
        if self.form not in FORMS:
            raise ModelError(f"gives={self.form!r}; wanted hazards or masses")
        if self.last < 0 or isinstance(self.last, bool):
            raise ModelError(f"interval {self.last!r}; wanted a whole number of at least 0")


class Horizon(nn.Module):
    """The log odds (m, 1) of the event by the end of an interval, from a network (m, k)."""

    def __init__(self, network: nn.Module, asked: _Asked) -> None:
        super().__init__()
        self.network = network
        self.asked = asked
        self.training = network.training

    def forward(self, x: Tensor) -> Tensor:
        """The log odds (m, 1) of x (m, *s)."""
        early, late = _split(_intervals(self.network(x), self.asked), self.asked)
        return (early - late)[:, None]


class Lost(nn.Module):
    """The mean time (m, 1) that the event takes of the time up to a horizon."""

    widths: Tensor

    def __init__(self, network: nn.Module, widths: Sequence[float], form: Form) -> None:
        super().__init__()
        self.network = network
        self.form = form
        self.training = network.training
        self.register_buffer("widths", torch.tensor(widths, dtype=torch.float64), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """The time lost (m, 1) of x (m, *s), in the unit of the widths."""
        raw = self.network(x)
        widths = self.widths.to(raw.dtype)
        ends = []
        for last in range(len(widths)):
            asked = _Asked(self.form, last)
            ends.append(_split(_intervals(raw, asked), asked)[0].exp())
        by = torch.stack([torch.zeros_like(ends[0]), *ends], dim=1)
        return (((by[:, :-1] + by[:, 1:]) / 2) @ widths)[:, None]


def event_by(network: nn.Module, interval: int, *, gives: Form = "hazards") -> Adapted:
    """The chance of the event by the end of `interval` (from 0) as a model of one target.

    `network` gives (m, k): log odds of the event in each interval among those who reached it
    (`gives="hazards"`), or scores whose softmax is the chance of each interval
    (`gives="masses"`; the last interval, or what is beyond all, is one of the k). The margin is the
    log odds log F / (1 - F), where 1 - F is the product of 1 - hazard over the intervals, or the
    sum of the masses of the later ones; the response is F. Higher means an earlier event. Gradients
    pass through, in log space, so that nothing is cut off.

    Raises ModelError for an interval that the network does not have, and for one by whose end the
    masses add up to 1 for everyone.

    >>> import numpy as np
    >>> network = nn.Linear(1, 3)
    >>> with torch.no_grad():
    ...     _ = network.weight.zero_(), network.bias.zero_()  # each hazard is 1/2
    >>> event_by(network, 1).response(np.array([[1.0]])).round(6).tolist()
    [[0.75]]
    """
    _network(network)
    asked = _Asked(gives, interval)
    return adapt(
        Horizon(network, asked), link="logit", gives="margin", targets=(f"by interval {interval}",)
    )


def time_lost(
    network: nn.Module, widths: Sequence[float], *, gives: Form = "hazards", unit: str = ""
) -> Adapted:
    """The mean time that the event takes of the time up to a horizon, as a model of one target.

    `widths` are those of the first intervals, in `unit`; their sum is the horizon. The event falls
    evenly within its interval, so the mean is the sum over intervals of the width times the mean of
    F at both ends. It is the horizon less the restricted mean survival time (Royston and Parmar
    2013, BMC Med Res Methodol 13:152), on its own scale (link identity); higher means an earlier
    event.

    Raises ModelError for widths that are not positive, or more of them than intervals.

    >>> import numpy as np
    >>> network = nn.Linear(1, 2)
    >>> with torch.no_grad():
    ...     _ = network.weight.zero_(), network.bias.zero_()
    >>> time_lost(network, [1.0, 1.0], unit="years").response(np.array([[1.0]])).tolist()
    [[0.875]]
    """
    _network(network)
    if not len(widths) or any(not w > 0 for w in widths):
        raise ModelError(f"widths {list(widths)[:5]}; wanted the positive length of each interval")
    made = Lost(network, widths, _Asked(gives, len(widths) - 1).form)
    return adapt(made, link="identity", targets=("time lost",), unit=unit)


def _network(network: object) -> None:
    if not isinstance(network, nn.Module):
        raise ModelError(
            f"a {type(network).__name__} is no torch module; for another model hand a function to "
            'ev.adapt, such as lambda x: 1 - survival(x)[:, k], with link="logit", gives="response"'
        )


def _intervals(raw: Tensor, asked: _Asked) -> Tensor:
    """What the network gives, checked: (m, k) with the interval asked about among the k."""
    if raw.ndim != 2:
        raise ModelError(f"the network gives shape {tuple(raw.shape)}; wanted (m, k intervals)")
    top = raw.shape[1] - (asked.form == "masses")
    if asked.last >= top:
        more = ""
        if asked.last < raw.shape[1]:
            more = "; by the end of the last one all masses add up to 1 for everyone"
        raise ModelError(
            f"interval {asked.last}: the network gives {raw.shape[1]}, so name 0 to {top - 1}{more}"
        )
    return raw


def _split(raw: Tensor, asked: _Asked) -> tuple[Tensor, Tensor]:
    """Log F and log (1 - F) by the end of the interval asked about, (m,) each."""
    if asked.form == "masses":
        logs = torch.log_softmax(raw, dim=1)
        upto = asked.last + 1
        return torch.logsumexp(logs[:, :upto], dim=1), torch.logsumexp(logs[:, upto:], dim=1)
    hazards = raw[:, : asked.last + 1]
    stays = torch.cumsum(logsigmoid(-hazards), dim=1)
    before = torch.cat([torch.zeros_like(stays[:, :1]), stays[:, :-1]], dim=1)
    return torch.logsumexp(logsigmoid(hazards) + before, dim=1), stays[:, -1]
