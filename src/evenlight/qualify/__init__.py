"""The auditor is audited: how often it is wrong where the truth is known."""

from __future__ import annotations

from evenlight.qualify.run import Qualified as Qualified
from evenlight.qualify.run import qualify as qualify
