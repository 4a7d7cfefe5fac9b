"""Every error of evenlight, one tree; `exit_code` is what the command line returns for it.

EvenlightError
|-- InputError        2  usage, plan or input data are wrong          (also a ValueError)
|   |-- CohortError         people, rows, outcome, strata
|   |-- GroupError          a grouping does not fit its people
|   |-- FeatureError        names, sets, indicator columns
|   |-- AttributionError    values, completeness, scale, background
|   |-- ModelError          outputs, mode, target, features of a model
|   |-- PlanError           the audit plan
|   `-- UnknownName         a name that no table holds             (also a LookupError)
|-- GateFailed        1  a question that blocks was answered *different*
|-- NoVerdict         3  inconclusive, or incomplete
`-- Refused           4  untrusted file, privacy rule
"""

from __future__ import annotations

from typing import ClassVar


class EvenlightError(Exception):
    """Anything evenlight raises on purpose."""

    exit_code: ClassVar[int] = 5


class InputError(EvenlightError, ValueError):
    """Usage, plan or input data are wrong."""

    exit_code = 2


class CohortError(InputError):
    """People, rows, outcome or strata do not fit together."""


class GroupError(InputError):
    """A grouping does not fit its people."""


class FeatureError(InputError):
    """Feature names, sets or indicator columns are wrong."""


class AttributionError(InputError):
    """Attributions are incomplete, misshapen or not comparable."""


class ModelError(InputError):
    """A model cannot be audited as it was handed over."""


class UnknownName(InputError, LookupError):
    """A name that no table of names holds."""


class PlanError(InputError):
    """The audit plan is wrong."""


class GateFailed(EvenlightError):
    """A question that blocks was answered *different*."""

    exit_code = 1


class NoVerdict(EvenlightError):
    """Inconclusive where the policy says so, or incomplete."""

    exit_code = 3


class Refused(EvenlightError):
    """Refused as unsafe: an untrusted file, or a privacy rule."""

    exit_code = 4


class EvenlightWarning(UserWarning):
    """Something a reader of the audit should know; it also reaches the report."""
