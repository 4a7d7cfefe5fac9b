"""Which of two classes is the event that an outcome of 0 and 1 records."""

from __future__ import annotations

from collections.abc import Sequence

from evenlight.errors import ModelError

CODED = ({"0", "1"}, {"0.0", "1.0"}, {"False", "True"})
"""Names of two classes of which the second is the event, as an outcome of 0 and 1 has it."""


def coded(names: Sequence[str]) -> bool:
    """Whether two classes are 0 and 1, or False and True.

    >>> coded(("0", "1")), coded(("case", "control")), coded(("1", "2")), coded(("-1", "1"))
    (True, False, False, False)
    """
    return set(names) in CODED


def event_column(name: str, targets: tuple[str, str], *, outcome: str) -> int:
    """The column of the event among two classes of which nobody said which one it is.

    `outcome` names the column of 0 and 1, "" where there is none: then the second class is taken.

    Raises ModelError where an outcome of 0 and 1 is set against classes of other names.

    >>> event_column("Tree", ("case", "control"), outcome="")
    1
    """
    if not outcome:
        return 1
    first, second = targets
    raise ModelError(
        f"{name} tells the classes {first!r} and {second!r} apart, and outcome {outcome!r} is 1 "
        f'for one of them: name the class that is 1 as the event, target="{first}" or '
        f'target="{second}" (in a plan [model] target); a cohort whose outcome holds these names '
        f'says it itself, with event="{first}" or event="{second}"'
    )


def check_event(target: str, targets: Sequence[str], *, event: str) -> None:
    """Raise ModelError where the class without the event is asked about a 0/1 outcome."""
    if len(targets) != 2:
        return
    other = targets[0] if target == targets[1] else targets[1]
    if event in targets and target != event:
        raise ModelError(
            f"target {target!r} is the class without the event: the cohort says event={event!r}; "
            f"name target {event!r}, or say event={target!r} where the cohort is made"
        )
    if coded(targets) and target == targets[0]:
        raise ModelError(
            f"target {target!r} is the class without the event (the outcome is 1 for "
            f"the event); name target {other!r}, or turn the outcome round"
        )
