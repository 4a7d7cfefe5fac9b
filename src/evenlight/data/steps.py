"""A perturbation at a strength, in words: the same on every record and in every message."""

from __future__ import annotations

from collections.abc import Iterable


def in_words(
    names: Iterable[str], strengths: Iterable[float], units: Iterable[str], *, digits: str = "g"
) -> tuple[str, ...]:
    """Each of s perturbations with its strength and unit; `digits` is how numbers are written.

    >>> in_words(["blur", "crop"], [1.0, 0.123456], ["pixels", "share"], digits=".3g")
    ('blur, 1 pixels', 'crop, 0.123 share')
    """
    told = zip(names, strengths, units, strict=True)
    return tuple(f"{name}, {float(strength):{digits}} {unit}" for name, strength, unit in told)
