"""The verb: every fork of an audit run, brought together, and put on its page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.errors import EvenlightError, InputError
from evenlight.findings import Answer
from evenlight.forks.again import Asked, answers_again
from evenlight.forks.fork import Fork, sound
from evenlight.forks.gathered import gathered
from evenlight.forks.unheld import unheld
from evenlight.forks.usual import usual
from evenlight.journal.keep import Keep
from evenlight.judge import with_fragile
from evenlight.measures.specification import Specification, Unrun
from evenlight.models.probe import prepare
from evenlight.plan import Plan
from evenlight.probes.embedded import Embeddings
from evenlight.record import Audit


def hold(
    audit: Audit,
    model: object,
    cohort: Cohort,
    *,
    forks: Sequence[Fork] | None = None,
    sets: FeatureSets | None = None,
    progress: Callable[[str], None] | None = None,
) -> Specification:
    """Every primary answer of an audit asked again under each fork.

    `model` and `cohort` are those of the audit, and so are `sets` where images were audited by
    region. `forks` (None: `usual`) each change one choice; they are made by hand as `Fork`, or by
    `alternatives`, `preparations`, `retrained` and `layerings`. A fork that cannot be run is told
    with its reason and does not count. The share under which an answer holds counts every kind of
    choice once (`Specification.share`).

    Raises InputError for another cohort than the audited one, images without their regions, a fork
    whose cohort has other rows, or forks that share name and setting.
    """
    return held(audit, model, cohort, forks, sets=sets, keep=Keep(), say=progress or _quiet)


def held(
    audit: Audit,
    model: object,
    cohort: Cohort,
    forks: Sequence[Fork] | None,
    *,
    sets: FeatureSets | None,
    keep: Keep,
    say: Callable[[str], None],
) -> Specification:
    """The same, each fork kept as soon as it is done."""
    asked = replace(_asked(audit, model, cohort), sets=sets)
    if asked.cohort.x.ndim > 2 and sets is None:
        raise InputError("images were audited by region; pass sets= the regions of the audit")
    chosen = forks
    if chosen is None:
        chosen = usual(asked.prepared, asked.cohort, asked.plan, audit.model.method)
    found, unrun, every = [], [], list(sound(chosen, cohort))
    keep.ahead((f"fork-{i}", partial(_again, fork, asked)) for i, fork in enumerate(every))
    for i, fork in enumerate(every):
        say(f"does it hold: {fork.name}, {fork.setting}")
        again = keep(f"fork-{i}", Again, partial(_again, fork, asked))
        if again.unrun:
            unrun.append(Unrun(fork.name, fork.setting, again.unrun))
        else:
            found.append((fork, again.answers))
    return gathered(audit.answers, found, tuple(unrun))


@dataclass(frozen=True, slots=True)
class Again:
    """The answers of one fork, or why it could not be run."""

    answers: tuple[Answer, ...] = ()
    unrun: str = ""


def _again(fork: Fork, asked: Asked) -> Again:
    try:
        return Again(tuple(answers_again(fork, asked)))
    except EvenlightError as error:
        return Again(unrun=str(error))


def _quiet(stage: str) -> None:
    pass


def _asked(audit: Audit, model: object, cohort: Cohort) -> Asked:
    """What was audited, ready to be asked again."""
    plan, given = Plan.from_data(audit.plan), cohort
    if isinstance(model, Embeddings):
        turned = model.audited(cohort, target=plan.model.target)
        model, cohort = turned.model, turned.cohort
    if audit.cohort.digest != cohort.digest:
        raise InputError("the cohort is not the one that was audited; hand over that one")
    prepared = prepare(model, cohort, target=plan.model.target)
    return Asked(prepared, cohort, given, plan, tuple(audit.answers))


def with_holds(audit: Audit, made: Specification) -> Audit:
    """The audit with a specification: on its page (B9), in its tables, and in its findings.

    An answer that depends on the choice (`Specification.fragile`) is a finding to watch.
    """
    found = unheld(made, audit.answers, audit.model.target)
    return replace(
        audit,
        further=replace(audit.further, holds=(*audit.further.holds, made)),
        findings=with_fragile(audit.findings, found),
    )
