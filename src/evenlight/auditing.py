"""The verb that wires it all: a model and a cohort in, an audit out."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.handed import BUILD, a_kind, need_cohort
from evenlight.data.local_ancestry import LocalAncestry
from evenlight.data.mistaken import mistaken
from evenlight.data.training import TrainingSummary
from evenlight.data.twins import Twin
from evenlight.doubts import cohort_notes, doubts, other_backgrounds, unasked, unused_roles
from evenlight.encoding import check_layers
from evenlight.energy import Began
from evenlight.errors import EvenlightWarning, InputError
from evenlight.explainers.device import moved_to, standing
from evenlight.findings import Waiver
from evenlight.forks import KINDS, held, usual, with_holds
from evenlight.gates import strictly
from evenlight.journal import Keep, Work, manifest
from evenlight.judge import judge
from evenlight.leaning import check_evidence
from evenlight.measured import Aside, Progress, measured
from evenlight.measured.attributed import Given, audit_attributions, without_model
from evenlight.measured.before import check_regions, comparable, entered, fixed, suspected
from evenlight.measured.certain import strange_values, uncertain
from evenlight.measured.completing import completed_for
from evenlight.measured.doubting import Doubting, doubting
from evenlight.measured.explaining import by_region, explained_for
from evenlight.measured.perturbing import Perturbing, check_suite, perturbing
from evenlight.measured.regions import settled_regions
from evenlight.measures.own_outcome import own_outcome
from evenlight.measures.people import compose
from evenlight.models.probe import Prepared, prepare
from evenlight.plan import Plan
from evenlight.plan_genotypes import settled_local, settled_maf
from evenlight.plan_people import described
from evenlight.probes.embedded import Embeddings
from evenlight.probes.redraws import REPEATS
from evenlight.provenance import cohort_card, model_card, model_digest, provenance
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
    say = progress or _quiet
    if isinstance(model, Attributions):
        without_model(twin, work, device)
        own = Given(Aside(sets, None, local), plan_digest, ledger, training, waivers)
        return audit_attributions(model, cohort, plan or Plan(), own, say)
    began = Began()
    if isinstance(model, Embeddings):
        turned = model.audited(cohort, target=(plan or Plan()).model.target)
        model, cohort, sets = turned.model, turned.cohort, sets or turned.sets
    cohort = stood_in(model, cohort, plan or Plan())
    chosen = completed_for(plan or Plan(), model, cohort)
    sets = settled_regions(chosen, cohort, sets)
    fixed(chosen, plan_digest)
    known = training or twin
    people = described(chosen.demographics, cohort, known)
    comparable(cohort)
    check_regions(cohort, sets)
    settled_local(chosen.local, cohort, local)
    rarity = settled_maf(chosen.maf, cohort, chosen.measure.genotypes)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", EvenlightWarning)
        check_evidence(twin, sets, cohort=cohort)
        say("checking the model")
        prepared = moved_to(device, prepare(model, cohort, target=chosen.model.target))
        own_outcome(prepared.target, cohort)
        check_layers(prepared, cohort, chosen.reliance)
        suite = check_suite(cohort, chosen.holds)
        digest = model_digest(prepared)
        given: dict[str, object] = {"sets": sets, "twin": twin, "local": local}
        given |= {"training": training, "device": standing(prepared.adapted)}
        keep = _kept(work, chosen, digest, cohort, given)
        changed = entered(ledger, chosen, digest, cohort)
        explained = by_region(explained_for(prepared, cohort, chosen, keep, say), sets)
        made = explained.made
        suspect = tuple(suspected(made, cohort, chosen.explain.seed))
        aside = Aside(sets, twin, local, rarity, keep)
        found = measured(prepared, explained, cohort, chosen, say, aside)
        ask = partial(perturbing, prepared, cohort, chosen, suite, made.method, say)
        unsure = partial(doubting, prepared, cohort, chosen, say)
        found = found.holding(keep("perturbed", Perturbing, ask), keep("doubted", Doubting, unsure))
    say("judging")
    findings, answers, gate = judge(found.measures, chosen.question, chosen.policy, waivers)
    told = [str(w.message) for w in caught if issubclass(w.category, EvenlightWarning)]
    done = Audit(
        plan=chosen.data(),
        plan_digest=chosen.digest,
        plan_fixed=plan_digest is not None,
        model=model_card(
            prepared,
            made,
            digest,
            source=getattr(model, "source", ""),
            checked=other_backgrounds(made, explained.repeats, explained.checked, cohort),
        ),
        cohort=replace(cohort_card(cohort, chosen), notes=cohort_notes(cohort, twin)),
        compositions=tuple(compose(cohort, by=g) for g in cohort.groups),
        performances=found.measures.performances,
        comparisons=found.measures.comparisons,
        reliances=found.measures.reliances,
        dependences=found.dependences,
        sensitivities=found.sensitivities,
        flips=found.flips,
        qualities=found.measures.qualities,
        further=replace(found.further, demographics=people),
        answers=answers,
        findings=findings,
        verdict=strictly(gate, chosen.policy, uncertain(prepared, cohort, known)),
        warnings=tuple(dict.fromkeys([
            *cohort_notes(cohort, twin), *mistaken(cohort), *strange_values(cohort, known),
            *changed, *_unused(cohort, made, chosen), *suspect,
            *unasked([g.name for g in cohort.groups], [q.grouping for q in chosen.question]),
            *doubts(made, found.measures, chosen.policy), *found.notes, *told,
        ])),
        provenance=provenance(prepared, chosen, made, took=began.until_now(keep.seconds)),
    )  # fmt: skip
    return _held(done, prepared, cohort, sets, keep, say)


def _kept(
    work: Work | None, plan: Plan, model: str, cohort: Cohort, given: Mapping[str, object]
) -> Keep:
    """Where the parts of this audit are kept, once it is known that what is there is of it."""
    if work is None:
        return Keep()
    again = REPEATS if plan.explain.repeats is None else plan.explain.repeats
    made = manifest(plan=plan.digest, model=model, cohort=cohort, given=given)
    return work.begin(made, wanted=4 * prod(cohort.x.shape) * (3 + again))


def _held(
    done: Audit,
    prepared: Prepared,
    cohort: Cohort,
    sets: FeatureSets | None,
    keep: Keep,
    say: Progress,
) -> Audit:
    """The audit with the forks that its plan asks for."""
    plan = Plan.from_data(done.plan)
    kinds = KINDS if plan.holds.forks is True else plan.holds.forks or ()
    if not kinds:
        return done
    forks = usual(prepared, cohort, plan, done.model.method, kinds)
    return with_holds(done, held(done, prepared, cohort, forks, sets=sets, keep=keep, say=say))


def _unused(cohort: Cohort, made: Attributions, plan: Plan) -> Iterator[str]:
    """What the roles of the cohort do not enter; maps have no further measures."""
    return unused_roles(cohort, further=plan.measure.further and made.values.ndim == 2)


def _quiet(stage: str) -> None:
    pass
