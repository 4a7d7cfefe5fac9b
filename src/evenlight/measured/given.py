"""What goes into the measures of an audit: an explanation, and what was given aside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.faithful import Faithfulness
from evenlight.data.features import FeatureSets
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.data.probed import Contrasts, Predictions
from evenlight.data.twins import Twin
from evenlight.journal.keep import Keep

Progress = Callable[[str], None]


def unsaid(stage: str) -> None:
    """Tell nobody of a stage."""


@dataclass(frozen=True, slots=True)
class Explained:
    """Attributions, the same on other backgrounds, and how far they can be trusted.

    `maps` are attributions of images before they were summed by region.
    """

    made: Attributions
    repeats: tuple[Attributions, ...]
    checked: Faithfulness
    maps: Attributions | None = None


@dataclass(frozen=True, slots=True)
class Aside:
    """What an audit was given beside model and cohort: sets, and a twin or people to train one.

    `local` is local ancestry, `rarity` the features by how common they are; `keep` is where
    each finished part is kept.
    """

    sets: FeatureSets | None = None
    twin: Twin | Cohort | None = None
    local: LocalAncestry | None = None
    rarity: FeatureSets | None = None
    keep: Keep = field(default_factory=Keep)


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the model gave: predictions, and common contrasts, None where there are none.

    `unmoved` says why, where that is not for want of a margin.
    """

    predicted: Predictions
    moved: Contrasts | None
    unmoved: str = ""
