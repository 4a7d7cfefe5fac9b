"""The one place where a day is asked for: today in UTC, settable so that files stay the same.

What ends on a day ends by the machine's own clock as well (`latest`): nobody sets an end aside.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime


def date() -> str:
    """Today in UTC, or the day of SOURCE_DATE_EPOCH where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    return _day(datetime.fromtimestamp(int(epoch), UTC)) if epoch else _today()


def latest() -> str:
    """The later of `date` and today by the machine's clock: by which a waiver has ended.

    >>> latest() >= date()
    True
    """
    return max(date(), _today())


def _today() -> str:
    return _day(datetime.now(UTC))


def _day(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d")
