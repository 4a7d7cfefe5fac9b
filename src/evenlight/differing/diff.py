"""Two audits of one question against each other, under a policy for however many looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import numpy as np

from evenlight import files
from evenlight.clock import date
from evenlight.differing.changes import Asked, changes
from evenlight.differing.comparable import comparable
from evenlight.differing.drawn import likeness
from evenlight.differing.levels import Held, judged_levels, levels
from evenlight.differing.read import read
from evenlight.differing.record import (
    STATUSES,
    STILL,
    Apart,
    Change,
    Difference,
)
from evenlight.differing.regression import Regression, judged, read_regression
from evenlight.differing.sketches import EVERYBODY, FOLDER, apart_by
from evenlight.differing.values import moved
from evenlight.errors import Refused
from evenlight.ledger import enter
from evenlight.plan import Plan
from evenlight.policy import error_rates
from evenlight.record import Audit
from evenlight.small_groups import PROFILES, least_shown, profile
from evenlight.stats.changing import spent

LOOKS = "looks.jsonl"
"""Beside the outputs, where looks are counted."""

FILE = "diff.json"

Place = Audit | str | Path


def diff(
    before: Place,
    after: Place,
    *,
    policy: Regression | str | Path | None = None,
    memory: str | Path | None = None,
    other_people: bool = False,
    other_background: bool = False,
) -> Difference:
    """What changed from the audit `before` to the audit `after`: versions, quarters, cohorts.

    Audits are records, their folders, or their audit.json. `policy` (or its TOML file) says what
    fails, and how the error rate is shared by repeated looks; `memory` is the folder that holds the
    looks before and the sketches of people, by default that in which the folder of `after` lies.
    Interval limits are of the change of |effect|: of the same people they hold under any
    dependence, and with `other_people`, which declares that nobody is in both, as of independent
    samples. Counts are rounded to 5. `other_background` declares that attributions against another
    background are meant to be compared; otherwise they are not.

    Raises InputError where the audits are not of one question, and Refused where their people
    differ by 1 to k - 1, or where that cannot be known: the difference of two tables is then that
    of a few people.
    """
    one, other = (_read(place) for place in (before, after))
    asked = policy if isinstance(policy, Regression) else _policy(policy)
    store = _memory(after) if memory is None else Path(memory)
    strict = max((one.profile, other.profile), key=PROFILES.__getitem__)
    with profile(strict):
        people, near = _people((one, other), store, other_people=other_people)
        apart = (*near, *comparable(one, other, other_background=other_background))
        look = 1 if store is None else _look(store / LOOKS, one, other)
        return _difference((one, other), apart, people, asked, (look, store))


def save_difference(made: Difference, folder: str | Path) -> Path:
    """Write diff.json into a folder; its path is returned."""
    return files.write(files.folder(folder) / FILE, made.to_json())


def _difference(
    pair: tuple[Audit, Audit],
    apart: tuple[Apart, ...],
    people: str,
    asked: Regression,
    memory: tuple[int, Path | None],
) -> Difference:
    one, other = pair
    look, store = memory
    share = spent(look, asked.looks)
    alphas = [Plan.from_data(a.plan).policy.alpha for a in pair]
    same = (one.model.digest, one.cohort.digest) == (other.model.digest, other.cohort.digest)
    alike = {} if people == "others" else likeness(store and store / FOLDER, *pair)
    some = levels(one, other, apart) if asked.performance else []
    rest = _rest(pair) if some else 1.0
    how = Asked(apart, rest * share * asked.alpha / max(alphas), people == "others", same)
    own = judged_levels(some, Held((1 - rest) * share * asked.alpha, people, same, alike))
    made = sorted(changes(read(one), read(other), how), key=_gravity)
    found = Counter(change.status for change in made)
    kept = tuple(c for c in made if c.primary or c.status not in (*STILL, "asked_anew"))
    return Difference(
        digests=_digests(one, other),
        people=people,
        look=look,
        alpha=asked.alpha,
        spent=asked.alpha * share,
        apart=apart,
        counts={status: found.get(status, 0) for status in STATUSES},
        changes=kept,
        values=tuple(moved(one, other, apart, own)),
        verdict=judged(kept, asked, tuple(own.values())),
    )


def _rest(pair: tuple[Audit, Audit]) -> float:
    """The part of alpha that questions have where groups are judged as one family beside theirs."""
    plans = [Plan.from_data(audit.plan) for audit in pair]
    rates = [(p.policy.alpha, error_rates(p.question, p.policy.alpha)) for p in plans]
    families = max(round(alpha / min(own.values(), default=np.inf)) for alpha, own in rates)
    return families / (families + 1)


def _gravity(change: Change) -> tuple[bool, int, float, str]:
    far = abs(change.size) / change.margin if change.size and change.margin else 0.0
    return not change.primary, STATUSES.index(change.status), -far, change.id


def _people(
    pair: tuple[Audit, Audit], store: Path | None, *, other_people: bool
) -> tuple[str, tuple[Apart, ...]]:
    """How the people of both belong together, and groupings of which too few changed."""
    one, other = (audit.cohort for audit in pair)
    if one.digest == other.digest:
        return "the same", ()
    found = None if store is None else apart_by(store / FOLDER, one.digest, other.digest)
    _near(found, one.units - other.units, other_people=other_people)
    if found is None or other_people:
        return "others", _few(found or {})
    return ("the same" if found[EVERYBODY] == 0 else "some the same"), _few(found)


def _near(found: Mapping[str, int | None] | None, more: int, *, other_people: bool) -> None:
    """Raise Refused where people differ by 1 to k - 1, or nobody knows by how many."""
    least = least_shown()
    whole = None if found is None else found[EVERYBODY]
    if whole is not None and 0 < whole < least:
        raise Refused(
            f"the people of the audits differ by fewer than {least}: the difference of their "
            "tables would tell of these alone; compare audits of the same people, or of more"
        )
    if whole == 0 and other_people:
        raise Refused("the audits are of the same people; leave out that they are others")
    if found is None and not other_people:
        few = " They differ by fewer in number alone." if 0 < abs(more) < least else ""
        raise Refused(
            "nothing is kept by which to tell whether the people of the audits differ by fewer "
            f"than {least}.{few} Run both into one folder, with ids of units, or declare that "
            "nobody is in both (other_people, --other-people)"
        )


def _few(found: Mapping[str, int | None]) -> tuple[Apart, ...]:
    """Groupings with a level of which 1 to k - 1 units are in one audit alone: not compared."""
    near = {
        name.partition("\x1f")[0]
        for name, many in found.items()
        if name != EVERYBODY and many is not None and 0 < many < least_shown()
    }
    told = f"a level differs by fewer than {least_shown()} people"
    return tuple(
        Apart(f"people of {name}", "told", told, f"grouping {name}") for name in sorted(near)
    )


def _digests(one: Audit, other: Audit) -> dict[str, tuple[str, str]]:
    return {
        "cohort": (one.cohort.digest, other.cohort.digest),
        "model": (one.model.digest, other.model.digest),
        "plan": (one.plan_digest, other.plan_digest),
    }


def _look(ledger: Path, one: Audit, other: Audit) -> int:
    """The number of this look: one more than other pairs that were compared on these questions."""
    questions = sorted(answer.question for answer in (*one.answers, *other.answers))
    series = sha256("\x1f".join([one.model.target, *dict.fromkeys(questions)]).encode()).hexdigest()
    pair = sha256("|".join(a + b for a, b in _digests(one, other).values()).encode()).hexdigest()
    files.folder(ledger.parent)
    earlier = enter(ledger, plan=pair, model=series, cohort="", date=date())
    return 1 + len(earlier)


def _read(place: Place) -> Audit:
    return place if isinstance(place, Audit) else Audit.load(place)


def _policy(given: str | Path | None) -> Regression:
    return Regression() if given is None else read_regression(given)


def _memory(after: Place) -> Path | None:
    """The folder beside which an audit was written; None for a record alone."""
    if isinstance(after, Audit):
        return None
    path = Path(after).resolve()
    return path.parent if path.is_dir() else path.parent.parent
