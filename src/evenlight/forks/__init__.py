"""Does the answer hold? The primary questions asked again where one choice is made otherwise."""

from evenlight.forks.alternatives import alternatives, preparations
from evenlight.forks.baselines import baselines
from evenlight.forks.fork import Fork
from evenlight.forks.holding import held, hold, with_holds
from evenlight.forks.retrained import retrained
from evenlight.forks.usual import KINDS, usual

__all__ = [
    "KINDS",
    "Fork",
    "alternatives",
    "baselines",
    "held",
    "hold",
    "preparations",
    "retrained",
    "usual",
    "with_holds",
]
