"""The fewest people of whom anything is tested or shown: one number, by a named profile.

A count of 1 to one less is never told, nor what could be solved for it (`stats.disclosure`). Units
(people, donors) are counted, never rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from threading import Lock
from types import MappingProxyType
from typing import Literal, ParamSpec, TypeVar, get_args

from evenlight.errors import UnknownName

P = ParamSpec("P")
R = TypeVar("R")

Profile = Literal["cms", "allofus", "ons"]
PROFILES: Mapping[str, int] = MappingProxyType(
    dict(zip(get_args(Profile), (11, 21, 10), strict=True))
)
"""Profile -> the smallest group that is shown.

`cms`: no value of 1 to 10 (Centers for Medicare and Medicaid Services, cell size suppression
policy); `allofus`: none of 1 to 20 (All of Us Research Program, data and statistics dissemination
policy); `ons`: a threshold of 10 (Office for National Statistics, Longitudinal Study), where it is
one part of a case-by-case decision.
"""

USUAL: Profile = "cms"

_IN_FORCE: ContextVar[str | None] = ContextVar("profile", default=None)

_ACTIVE: list[str] = []
"""Every profile that is in force anywhere in this process."""

_CHANGING = Lock()


def least_shown() -> int:
    """The fewest people of a group that is tested or shown, by the profile in force.

    Where none was named, as in a thread that was started inside `profile`, it is the strictest that
    is in force anywhere in the process.

    >>> least_shown()
    11
    """
    own = _IN_FORCE.get()
    if own is not None:
        return PROFILES[own]
    with _CHANGING:  # a thread begins without the context of the one that started it
        return max((PROFILES[name] for name in _ACTIVE), default=PROFILES[USUAL])


def hidden_text() -> str:
    """What stands in place of a number about fewer.

    >>> hidden_text()
    'suppressed (<11)'
    """
    return f"suppressed (<{least_shown()})"


@contextmanager
def profile(name: str) -> Iterator[int]:
    """Whatever is measured, told or drawn inside follows the profile `name`.

    Raises UnknownName for a name that `PROFILES` does not hold. A record made inside is read and
    drawn inside, too; an audit does so by its own plan.

    >>> with profile("allofus") as least:
    ...     least, hidden_text()
    (21, 'suppressed (<21)')
    """
    if name not in PROFILES:
        raise UnknownName(f"no profile {name!r}; known: {', '.join(PROFILES)}")
    before = _IN_FORCE.set(name)
    with _CHANGING:
        _ACTIVE.append(name)
    try:
        yield least_shown()
    finally:
        _IN_FORCE.reset(before)
        with _CHANGING:
            _ACTIVE.remove(name)


def in_profile(named: Callable[..., str]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A function that follows, from its call to its end, the profile that its arguments name.

    >>> @in_profile(lambda name: name)
    ... def least(name: str) -> int:
    ...     return least_shown()
    >>> least("ons"), least_shown()
    (10, 11)
    """

    def following(made: Callable[P, R]) -> Callable[P, R]:
        @wraps(made)
        def followed(*args: P.args, **kwargs: P.kwargs) -> R:
            with profile(named(*args, **kwargs)):
                return made(*args, **kwargs)

        return followed

    return following
