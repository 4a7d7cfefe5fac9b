"""How often each profile repeats what: by case, and in cells of reliance by what one costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from evenlight.errors import InputError
from evenlight.qualify.cases import CASES, FRAGILITY
from evenlight.qualify.cases.phantoms import PHANTOMS
from evenlight.qualify.harness import EVERY, IDENTITIES
from evenlight.qualify.reliance.cells import CELLS, parts
from evenlight.qualify.whole import WORLDS

Profile = Literal["short", "full"]

COMPARISONS, AUDITS, PERTURBED, IMAGES = "comparisons", "audits", "fragility", "images"


@dataclass(frozen=True, slots=True)
class Runs:
    """Repetitions of a case and of a whole audit; permutations (0: as many as a family needs).

    `cells` holds those of each cell of reliance by name, `images` those of cases of images, for
    which networks are trained; what is not in them is not run.
    """

    cases: int
    audits: int
    draws: int
    cells: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for what, known in (("cells", CELLS), ("images", PHANTOMS)):
            strange = sorted(set(getattr(self, what)) - set(known))
            if strange:
                raise InputError(f"{len(strange)} of the {what} do not exist, first {strange[0]!r}")

    def of(self, case: str) -> int:
        """Repetitions of one case, 0 where the profile leaves it out."""
        if case in CELLS:
            return self.cells.get(case, 0)
        if case in PHANTOMS:
            return self.images.get(case, 0)
        return self.audits if case in WORLDS else self.cases

    def permutations(self, case: str) -> int:
        """Permutations of one case: cells of reliance choose for themselves."""
        return 0 if case in CELLS else self.draws


SECONDS: Mapping[tuple[str, int], float] = {
    ("linear", 400): 1.4, ("penalised", 400): 1.1, ("trees", 400): 7.9, ("network", 400): 5.3,
    ("linear", 1500): 3.5, ("penalised", 1500): 3.2, ("trees", 1500): 7.6, ("network", 1500): 9.2,
    ("linear", 4000): 9.3, ("penalised", 4000): 8.4, ("trees", 4000): 16.8, ("network", 4000): 29.5,
    ("linear", 20_000): 83.0, ("trees", 20_000): 128.0,
}  # fmt: skip
"""CPU seconds of one repetition by model and size, on one core, measured once (2026-11).

Of "oligogenic shortcut", with 20,000 people of "nested substructure"; adjusting for structure adds
up to a half.
"""

FULL: Mapping[tuple[str, int], int] = {
    ("linear", 400): 60, ("penalised", 400): 60, ("trees", 400): 20, ("network", 400): 20,
    ("linear", 1500): 50, ("penalised", 1500): 50, ("trees", 1500): 30, ("network", 1500): 20,
    ("linear", 4000): 30, ("penalised", 4000): 30, ("trees", 4000): 30, ("network", 4000): 20,
    ("linear", 20_000): 20, ("trees", 20_000): 20,
}  # fmt: skip
"""Repetitions of each cell of a model and size in a full run: about two hours on four cores."""

SHORT: Mapping[str, int] = {
    "oligogenic shortcut, linear, n = 400": 10,
    "oligogenic clean, linear, n = 400": 10,
    "LD tags, penalised, n = 400": 10,
    "severity shift, trees, n = 400": 1,
    "three ancestries, shortcut, network, n = 400": 1,
}
"""Repetitions of cells in a short run: about a minute."""

IMAGES_FULL: Mapping[str, int] = {name: 40 if name.startswith("head") else 100 for name in PHANTOMS}
"""Repetitions of images in a full run: about 6 CPU seconds each in 2-D, 20 in 3-D."""

IMAGES_SHORT: Mapping[str, int] = {"chest, shortcut": 10, "head, shortcut": 1}
"""Repetitions of images in a short run: about a minute."""

PROFILES: dict[str, Runs] = {
    "short": Runs(20, 10, 999, SHORT, IMAGES_SHORT),
    "full": Runs(
        1000, 1000, 0, {name: FULL[c.kind, c.n] for name, c in CELLS.items()}, IMAGES_FULL
    ),
}


def seconds(runs: Runs) -> float:
    """CPU seconds that the cells of reliance of a profile cost, as far as `SECONDS` tells."""
    return sum(n * SECONDS[CELLS[name].kind, CELLS[name].n] for name, n in runs.cells.items())


def groups() -> dict[str, list[str]]:
    """Cases by the name of a group of them.

    >>> list(groups())[:4]
    ['comparisons', 'fragility', 'audits', 'reliance']
    """
    own = {COMPARISONS: [*CASES, IDENTITIES], PERTURBED: list(FRAGILITY), AUDITS: list(WORLDS)}
    return own | parts() | {IMAGES: list(PHANTOMS)}


def chosen(profile: str, cases: list[str] | None) -> list[str]:
    """The cases of a profile, or those asked by their own name or by that of a group.

    Raises InputError for a profile that does not exist, and where it leaves out all that is asked.
    """
    if profile not in PROFILES:
        raise InputError(f"profile {profile!r}; known: {', '.join(PROFILES)}")
    runs, every = PROFILES[profile], groups()
    asked = [c for name in (cases or EVERY) for c in every.get(name, [name])]
    ran = [case for case in dict.fromkeys(asked) if runs.of(case)]
    for name in cases or ():
        if not any(runs.of(case) for case in every.get(name, [name])):
            own = ", ".join(map(repr, (*runs.cells, *runs.images)))
            raise InputError(f"a {profile} run leaves {name!r} out; its cells: {own}; use full")
    return ran
