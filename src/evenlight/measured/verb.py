"""The verb: every measure by every grouping."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from evenlight.beside import Beside, Given, beside
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.doubts import coverage
from evenlight.further import Further
from evenlight.leaning import Audited, Leaning, leaning, structure
from evenlight.measured.beyond import Beyond, beyond
from evenlight.measured.doubting import Doubting
from evenlight.measured.given import Aside, Explained, Outputs, Progress
from evenlight.measured.grouped import Own, grouped, unreliable
from evenlight.measured.looked import Looked, looked
from evenlight.measured.moved import Moved, common_contrasts, moved, unmoved
from evenlight.measured.perturbing import Perturbing
from evenlight.measured.placed import Placed, placed
from evenlight.measured.rules import judging_by, share_testing
from evenlight.measures.dependence import Dependence
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.models.probe import Prepared
from evenlight.plan import Plan
from evenlight.probes.predict import predict
from evenlight.results import Measures


@dataclass(frozen=True, slots=True)
class Found:
    """What was measured, before anything is judged; `notes` say what could not be."""

    measures: Measures
    dependences: tuple[Dependence, ...]
    sensitivities: tuple[Sensitivity, ...]
    flips: tuple[Flip, ...]
    further: Further
    notes: tuple[str, ...]

    def holding(self, shaken: Perturbing, unsure: Doubting) -> Found:
        """With what perturbations do and how sure the model is: judged, and beside the answers."""
        own: dict[str, Any] = {"fragilities": shaken.fragilities, "worsts": shaken.worsts}
        own |= {"uncertainties": unsure.uncertainties}
        return replace(
            self, measures=replace(self.measures, **own), further=replace(self.further, **own),
            notes=self.notes + shaken.notes + unsure.notes,
        )  # fmt: skip


def measured(
    prepared: Prepared,
    explained: Explained,
    cohort: Cohort,
    plan: Plan,
    say: Progress,
    aside: Aside,
) -> Found:
    """Every measure by every grouping; each draw has its own stream of the plan's seed."""
    say("moving every feature")
    made, keep = explained.made, aside.keep
    outputs = keep("outputs", Outputs, partial(_outputs, prepared, made, cohort, aside.sets))
    predicted = outputs.predicted
    by = grouped(explained, outputs, cohort, plan, keep, say)
    compared = [own.compared for own in by]
    again = keep("moved", Moved, partial(
        moved, prepared, explained, outputs, cohort, plan, compared
    ))  # fmt: skip
    ask = partial(beyond, made, predicted, cohort, plan, (by, aside), say)
    further = keep("beyond", Beyond, ask)
    evidence = Audited(
        prepared, made, predicted, aside.twin, aside.sets, plan.reliance.refits, structure(plan),
        unreliable(by), {groups.name: share_testing(plan, groups.name) for groups in cohort.groups},
    )  # fmt: skip
    place = keep("placed", Placed, partial(placed, made, cohort, plan, aside, say))
    seen = keep("looked", Looked, partial(looked, explained, cohort, plan, aside, say))
    judging = judging_by(plan.policy, None)
    lean = keep("leaning", Leaning, partial(leaning, evidence, cohort, plan, judging, say))
    given = Given(prepared, predicted, made, judging)
    asked = keep("beside", Beside, partial(beside, given, cohort, plan, say))
    return Found(
        _judged(by, lean, (asked, seen, place), cohort, prepared.target, outputs.unmoved),
        again.dependences, again.sensitivities, again.flips,
        replace(
            _beside_answers(further.further, lean, asked, place), maps=seen.maps,
            region_shares=seen.shares, region_telling=seen.telling, images=seen.images,
            region_within=seen.within, artefacts=seen.artefacts,
        ),
        unmoved(cohort) + further.notes + place.notes + seen.notes + lean.notes + asked.notes,
    )  # fmt: skip


def _outputs(
    prepared: Prepared, made: Attributions, cohort: Cohort, sets: FeatureSets | None
) -> Outputs:
    predicted = predict(prepared, cohort, target=prepared.column)
    return Outputs(predicted, *common_contrasts(prepared, made, cohort, sets))


def _judged(
    by: list[Own],
    lean: Leaning,
    found: tuple[Beside, Looked, Placed],
    cohort: Cohort,
    target: str,
    unmoved: str,
) -> Measures:
    """What findings and answers are made of; `unmoved` says why nobody was moved alike."""
    asked, seen, place = found
    return Measures(
        performances=tuple(own.performed for own in by if own.performed is not None),
        comparisons=tuple(own.compared for own in by),
        reliances=tuple(own.relied for own in by),
        coverage=coverage(cohort),
        target=target,
        qualities=tuple(own.checked for own in by),
        shortcuts=lean.shortcuts,
        encoded=asked.encoded,
        slices=asked.slices,
        by_sets=lean.reliances,
        maps=seen.maps,
        telling=seen.telling + seen.within,
        locally=place.locally,
        unasked={"use": unmoved} if unmoved else {},
    )


def _beside_answers(further: Further, lean: Leaning, asked: Beside, place: Placed) -> Further:
    """The further measures with those that reliance rests on and those that the plan names."""
    return replace(
        further, set_reliances=lean.reliances, shortcuts=lean.shortcuts, levers=lean.levers,
        leakages=lean.leakages, encoded=asked.encoded, slices=asked.slices, proxies=asked.proxies,
        by_local_ancestry=place.locally, set_shares=place.shares,
    )  # fmt: skip
