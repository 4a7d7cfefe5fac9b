"""How numbers are shown to people: as many digits as the interval bears, a true minus sign."""

from __future__ import annotations

from math import floor, isfinite, log10

from evenlight.language import spoken

MINUS = "\N{MINUS SIGN}"
UNSEEN = 5e-7
"""What rounds to 0 at the most decimals that are shown is 0.000, however narrow its interval."""

MOST = 6
"""Decimals at most, however narrow an interval is."""

ABSENT = "not given"
"""What stands where a number is missing and nobody said why."""


def decimals(width: float, most: int = MOST) -> int:
    """Decimals that show an interval of this width with two digits.

    >>> decimals(0.18), decimals(3.4), decimals(250.0)
    (2, 1, 0)
    """
    if not isfinite(width) or width <= 0:
        return 3
    return min(max(1 - floor(log10(width)), 0), most)


def fixed(value: float, places: int, *, sign: bool = False) -> str:
    """The number with `places` decimals; zero has no sign.

    >>> fixed(1234.5, 0), fixed(0.034, 2, sign=True), fixed(-0.001, 2)
    ('1,234', '+0.03', '0.00')
    """
    text = f"{abs(value):,.{places}f}"
    if not any(c in "123456789" for c in text):
        return text
    return (MINUS if value < 0 else "+" if sign else "") + text


def number(value: float | None, reason: str = "", *, digits: int = 3) -> str:
    """The number with about `digits` significant digits, or the reason why it is missing.

    >>> number(0.04567), number(6256.0), number(float("nan"), "suppressed (<11)")
    ('0.0457', '6,256', 'suppressed (<11)')
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    if value == 0 or float(value).is_integer():
        return fixed(value, 0)
    return fixed(value, min(max(digits - 1 - floor(log10(abs(value))), 0), 8))


def confidence(alpha: float) -> str:
    """The coverage of an interval in words.

    >>> confidence(0.05), confidence(0.05 / 3)
    ('95 %', '98.3 %')
    """
    return f"{100 * (1 - alpha):.3g} %"


def interval(low: float | None, high: float | None, places: int | None = None) -> str:
    """The two limits in brackets, to the digits that their width bears.

    >>> interval(0.121, 0.306)
    '[0.12, 0.31]'
    """
    if low is None or high is None or not (isfinite(low) and isfinite(high)):
        return spoken("[no interval]")
    at = decimals(high - low) if places is None else places
    return f"[{fixed(low, at)}, {fixed(high, at)}]"


def estimate(
    value: float | None,
    low: float | None,
    high: float | None,
    *,
    reason: str = "",
    sign: bool = False,
) -> str:
    """The estimate with its interval, or the reason why there is none.

    A difference (`sign`) whose interval leaves out 0 is shown with a limit that is not 0.

    >>> estimate(0.2134, 0.121, 0.306, sign=True), estimate(3.5712, 3.531, 3.611)
    ('+0.21 [0.12, 0.31]', '3.57 [3.53, 3.61]')
    >>> estimate(0.15, 0.003, 0.297, sign=True), estimate(0.15, -0.003, 0.297, sign=True)
    ('+0.150 [0.003, 0.297]', '+0.15 [0.00, 0.30]')
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    if low is None or high is None or not isfinite(high - low):
        return f"{fixed(value, 3, sign=sign)} {interval(low, high)}"
    places = _bearable(max(abs(low), abs(high)), high - low)
    if sign:
        places = apart_from_0(low, high, places)
    return f"{fixed(value, places, sign=sign)} {interval(low, high, places)}"


def roughly(share: float) -> str:
    """A share to 5 per cent, which tells of no small group, in English.

    >>> roughly(0.023), roughly(0.54), roughly(0.98)
    ('under 5 %', 'about 55 %', 'about 100 %')
    """
    near = 5 * round(20 * share)
    return f"about {near} %" if share >= 0.05 else "under 5 %"


def _bearable(largest: float, width: float) -> int:
    """Decimals for an estimate: two digits of the width, but no more than three of the number."""
    wide = decimals(width)
    if largest < UNSEEN:
        return 3
    three = max(2 - floor(log10(largest)), 0)
    return three if width < largest / 1000 else max(min(wide, three), wide - 1)


def apart_from_0(low: float, high: float, places: int) -> int:
    """These decimals, or up to two more, six at most, with which limits that leave out 0 do so.

    >>> apart_from_0(0.003, 0.297, 2), apart_from_0(-0.003, 0.297, 2), apart_from_0(0.1, 0.3, 2)
    (3, 2, 2)
    """
    limit = min(abs(low), abs(high)) if low * high > 0 else 0.0
    more = range(places, min(places + 2, MOST) + 1)
    return next((at for at in more if round(limit, at)), places)


def plain(value: float | None, reason: str = "") -> str:
    """A number that somebody chose, as it was written.

    >>> plain(0.05), plain(0.887), plain(2.0)
    ('0.05', '0.887', '2')
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    return f"{value:.4g}".replace("-", MINUS)


def percent(value: float | None, reason: str = "", *, places: int = 0) -> str:
    """A share as a percentage.

    >>> percent(0.123)
    '12 %'
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    return f"{fixed(100 * value, places)} %"


def probability(value: float | None, reason: str = "") -> str:
    """A p-value; never zero.

    >>> probability(0.0312), probability(0.7), probability(0.00004).replace(chr(0xA0), " ")
    ('0.031', '0.70', '< 0.001')
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    if value < 0.001:
        return "<\N{NO-BREAK SPACE}0.001"
    return fixed(value, 3 if value < 0.1 else 2)


def count(value: float | None, reason: str = "") -> str:
    """A number of units.

    >>> count(6256), count(None, "suppressed (<11)")
    ('6,256', 'suppressed (<11)')
    """
    if value is None or not isfinite(value):
        return reason or spoken(ABSENT)
    return fixed(value, 0)
