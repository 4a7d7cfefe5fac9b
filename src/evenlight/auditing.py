"""The verb that wires it all: a model and a cohort in, an audit out."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.handed import BUILD, a_kind, need_cohort
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.data.training import TrainingSummary
from evenlight.data.twins import Twin
from evenlight.doubts import other_backgrounds
from evenlight.encoding import check_layers
from evenlight.energy import Began
from evenlight.errors import EvenlightWarning, InputError
from evenlight.explainers.device import moved_to, standing
from evenlight.findings import Waiver
from evenlight.forks import KINDS, held, usual, with_holds
from evenlight.journal import Keep, Work, manifest
from evenlight.leaning import check_evidence
from evenlight.measured import Aside, Explained, Found, Progress, measured
from evenlight.measured.assembled import Asked, Given, Noted, Source, asked, assembled, warned
from evenlight.measured.attributed import audit_attributions, without_model
from evenlight.measured.before import entered, suspected
from evenlight.measured.completing import completed_for
from evenlight.measured.doubting import Doubting, doubting
from evenlight.measured.explaining import by_region, explained_for
from evenlight.measured.perturbing import Perturbing, check_suite, perturbing
from evenlight.measures.own_outcome import own_outcome
from evenlight.models.probe import Prepared, prepare
from evenlight.plan import Plan
from evenlight.probes.embedded import Embeddings
from evenlight.probes.perturbations.perturbation import Suite
from evenlight.probes.redraws import REPEATS
from evenlight.provenance import model_card, model_digest, provenance
from evenlight.proxying import stood_in
from evenlight.record import Audit
from evenlight.small_groups import USUAL, in_profile


def _profile(*given: object, plan: object = None, **more: object) -> str:
    """That of the plan; what is wrong with it is said by the audit.

    Raises InputError where more than a model and a cohort stand by position.
    """
    if len(given) > 2:
        what = ", ".join(type(one).__name__ for one in given)
        raise InputError(
            f"audit takes a model and a cohort, and all else by name; found ({what}): call "
            f"audit(model, {BUILD}, plan=...)"
        )
    return plan.policy.profile if isinstance(plan, Plan) else USUAL


@in_profile(_profile)
def audit(
    model: object,
    cohort: Cohort,
    *,
    plan: Plan | None = None,
    plan_digest: str | None = None,
    ledger: Path | None = None,
    sets: FeatureSets | None = None,
    twin: Twin | Cohort | None = None,
    local: LocalAncestry | None = None,
    training: TrainingSummary | None = None,
    waivers: Sequence[Waiver] = (),
    progress: Progress | None = None,
    work: str | Path | Work | None = None,
    device: str = "cpu",
) -> Audit:
    """Audit a model on a cohort by a plan (None: the defaults, with three primary questions).

    The plan is completed and hashed before attributions are read; `plan_digest` is the digest that
    was fixed in advance, `ledger` the file that remembers every plan used. `sets` of features (of
    one-hot variables, by name) are tested before features, and may overlap; images are audited by
    region, of which each position must be in one. `twin` is one from
    `evenlight.twin`, or the people that the model was trained on, to make it of (ten refits of the
    model and of its twin); without it no reliance is more than unresolved. `local` ancestry is
    compared by copies of the ancestry that the plan names. `training` sums up the values that the
    model was trained on, where its people are not at hand. A cohort without groups gets candidate
    groups where the plan asks for proxies. `waivers` keep single differences from failing the gate
    (`evenlight.waivers`). `progress` is told the name of each stage.

    `work` is a folder, data of people, in which each finished part is kept: the same call goes on
    there after it was stopped or killed, and gives the same answers to the last bit. It is left
    there; delete it when the audit is saved.

    Attributions in place of a model (`Attributions.from_shap`, `from_arrays`) are audited as far as
    they go: compared, with the performance of their outputs, and reliance. Nothing that calls a
    model is asked then, and the page says so.

    `device` is where a network of torch computes: "cuda" or "cuda:1" asks for a GPU; a network that
    lies on one already stays there.

    Raises InputError before any compute where model, cohort or plan do not fit together, or where
    `work` holds that of another model, cohort or plan; NoVerdict where a part cannot be kept.
    """
    if isinstance(work, str | Path):
        with Work(Path(work)) as held:
            return audit(
                model, cohort, plan=plan, plan_digest=plan_digest, ledger=ledger, sets=sets,
                twin=twin, local=local, training=training, waivers=waivers,
                progress=progress, work=held, device=device,
            )  # fmt: skip
    need_cohort(cohort, "audit(model, cohort)")
    if not isinstance(plan, Plan | None):
        raise InputError(f"plan is {a_kind(plan)}; pass Plan.from_data({{...}})")
    plan, say = plan or Plan(), progress or _quiet
    given = Given(Aside(sets, twin, local), plan_digest, ledger, training, waivers)
    if isinstance(model, Attributions):
        without_model(twin, work, device)
        return audit_attributions(model, cohort, plan, given, say)
    return _audit(model, cohort, plan, given, work, device, say)


def _audit(
    model: object,
    cohort: Cohort,
    plan: Plan,
    given: Given,
    work: Work | None,
    device: str,
    say: Progress,
) -> Audit:
    """The audit of a model, once it is known that the arguments are what they should be."""
    began = Began()
    if isinstance(model, Embeddings):
        turned = model.audited(cohort, target=plan.model.target)
        model, cohort = turned.model, turned.cohort
        given = replace(given, aside=replace(given.aside, sets=given.aside.sets or turned.sets))
    cohort = stood_in(model, cohort, plan)
    here = asked(completed_for(plan, model, cohort), cohort, given)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvenlightWarning)
        check_evidence(here.given.aside.twin, here.given.aside.sets, cohort=cohort)
        say("checking the model")
        prepared = moved_to(device, prepare(model, cohort, target=here.plan.model.target))
        own_outcome(prepared.target, cohort)
        check_layers(prepared, cohort, here.plan.reliance)
        suite = check_suite(cohort, here.plan.holds)
        digest = model_digest(prepared)
        keep = _kept(work, here, digest, standing(prepared.adapted))
        changed = entered(given.ledger, here.plan, digest, cohort)
        explained = explained_for(prepared, cohort, here.plan, keep, say)
        explained = by_region(explained, here.given.aside.sets)
        suspect = tuple(suspected(explained.made, cohort, here.plan.explain.seed))
        found = _found(here, prepared, explained, suite, keep, say)
    say("judging")
    card = model_card(
        prepared, explained.made, digest, source=getattr(model, "source", ""),
        checked=other_backgrounds(explained.made, explained.repeats, explained.checked, cohort),
    )  # fmt: skip
    how = provenance(prepared, here.plan, explained.made, took=began.until_now(keep.seconds))
    source = Source(explained.made, prepared, card, how)
    done = assembled(here, found, source, Noted((), changed, suspect, warned(caught)))
    return _held(done, prepared, here, keep, say)


def _found(
    here: Asked,
    prepared: Prepared,
    explained: Explained,
    suite: Suite | None,
    keep: Keep,
    say: Progress,
) -> Found:
    """Every measure that the plan asks for, with what perturbations do, and how sure it is."""
    plan, cohort = here.plan, here.cohort
    aside = replace(here.given.aside, keep=keep)
    found = measured(prepared, explained, cohort, plan, say, aside)
    method = explained.made.method
    shake = partial(perturbing, prepared, cohort, plan, suite, method, say)
    unsure = partial(doubting, prepared, cohort, plan, say)
    return found.holding(keep("perturbed", Perturbing, shake), keep("doubted", Doubting, unsure))


def _kept(work: Work | None, here: Asked, model: str, device: str) -> Keep:
    """Where the parts of this audit are kept, once it is known that what is there is of it."""
    if work is None:
        return Keep()
    plan, cohort, aside = here.plan, here.cohort, here.given.aside
    given = {"sets": aside.sets, "twin": aside.twin, "local": aside.local}
    made = manifest(
        plan=plan.digest, model=model, cohort=cohort,
        given={**given, "training": here.given.training, "device": device},
    )  # fmt: skip
    again = REPEATS if plan.explain.repeats is None else plan.explain.repeats
    return work.begin(made, wanted=4 * prod(cohort.x.shape) * (3 + again))


def _held(done: Audit, prepared: Prepared, here: Asked, keep: Keep, say: Progress) -> Audit:
    """The audit with the forks that its plan asks for."""
    plan, sets = Plan.from_data(done.plan), here.given.aside.sets
    kinds = KINDS if plan.holds.forks is True else plan.holds.forks or ()
    if not kinds:
        return done
    forks = usual(prepared, here.cohort, plan, done.model.method, kinds)
    return with_holds(done, held(done, prepared, here.cohort, forks, sets=sets, keep=keep, say=say))


def _quiet(stage: str) -> None:
    pass
