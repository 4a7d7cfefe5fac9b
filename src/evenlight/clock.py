"""The one place where a day is asked for: today in UTC, settable so that files stay the same."""

from __future__ import annotations

import os
from datetime import UTC, datetime


def date() -> str:
    """Today in UTC, or the day of SOURCE_DATE_EPOCH where that is set."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC)
    return now.strftime("%Y-%m-%d")
