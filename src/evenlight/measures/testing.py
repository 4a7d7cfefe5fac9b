"""How differences are tested: margin, error rate, method, and the arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import ClassVar, Literal

from evenlight.errors import InputError
from evenlight.measures.prepare import ALPHA

LEAST = 0.001
"""The smallest alpha that the least number of draws, 1,000 resamples, can hold."""

Method = Literal["permutation", "regression"]


ANSWERING = ("signed", "magnitude", "use", "location", "slope", "performance", "reliance")
"""What may have an error rate of its own: views, and the other measures that answer questions."""


@dataclass(frozen=True, slots=True)
class Testing:
    """How attributions are compared.

    `margin` is in SD(f), the pooled within-group SD of the output (of a reliance: a share of
    variance); `alpha` is one minus the coverage of the simultaneous interval, and `alphas` that of
    single views by name and condition ("use|nothing"), where these answer primary questions that
    share an error rate; `draws` permutations (None: as many as the family needs,
    2,000 to 20,000); `method` says how use is tested where only attributions exist: by permutation
    inside strata of the own value, or by the regression that a competent analyst would fit. It is
    the dearest view: `own_value=False` leaves it out, and left at None it is not estimable where it
    would take more than a few minutes, with that reason; `own_value=True` asks for it all the same.
    `lists` are those of Benjamini and Hochberg, or of Benjamini and Yekutieli, which hold under any
    dependence.
    `bits` rounds attributions to fixed point: no sum depends on block size, order or device.

    >>> Testing(margin=0.2).alpha
    0.05
    """

    __test__: ClassVar[bool] = False  # pytest would take the name for a class of tests

    margin: float = 0.1
    alpha: float = ALPHA
    draws: int | None = None
    method: Method = "permutation"
    own_value: bool | None = None
    lists: Literal["bh", "by"] = "bh"
    bits: int | None = None
    alphas: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("margin", "alpha", "draws", "bits"):
            value = getattr(self, name)
            kinds = (int, float) if name in ("margin", "alpha") else (int, type(None))
            if not isinstance(value, kinds) or isinstance(value, bool):
                raise InputError(f"{name} is {value!r}; it is a number, as in Testing(draws=2000)")
        if not isinstance(self.own_value, bool | None):
            raise InputError(f"own_value is {self.own_value!r}; it is True, False or None")
        for key in self.alphas:
            if key.split("|")[0] not in ANSWERING or key.count("|") != 1:
                raise InputError(
                    f"alphas names {key!r}; wanted a view and a condition, as 'use|nothing'; "
                    f"views: {', '.join(ANSWERING)}"
                )
        if not self.margin > 0:
            raise InputError(f"margin is {self.margin}; it is a positive number of SD(f)")
        for alpha in (self.alpha, *self.alphas.values()):
            if not LEAST <= alpha < 0.5:
                raise InputError(f"alpha is {alpha}; it lies between {LEAST} and 0.5, as 0.05")
        least = max(100, ceil(1 / min(self.alpha, *self.alphas.values(), 1.0)) - 1)
        if self.draws is not None and self.draws < least:
            raise InputError(f"draws is {self.draws}; at least {least} permutations are needed")
        if self.method not in ("permutation", "regression"):
            raise InputError(f"method {self.method!r}; known: permutation, regression")
        if self.lists not in ("bh", "by"):
            raise InputError(f"lists {self.lists!r}; known: bh, by")
        if self.bits is not None and not 4 <= self.bits <= 24:
            raise InputError(f"bits is {self.bits}; 4 to 24 are possible, 20 for 2,000 people")

    def alpha_of(self, view: str, given: str) -> float:
        """One minus the coverage of the intervals of one view.

        >>> Testing(alphas={"use|nothing": 0.01}).alpha_of("use", "nothing")
        0.01
        """
        return self.alphas.get(f"{view}|{given}", self.alpha)


def asked_for(testing: Testing | None) -> Testing:
    """What was asked for, the defaults for None; InputError for anything else.

    >>> asked_for(None).margin
    0.1
    """
    if testing is None:
        return Testing()
    if not isinstance(testing, Testing):
        raise InputError(
            f"testing is a {type(testing).__name__}; pass ev.Testing(margin=..., alpha=..., ...)"
        )
    return testing
