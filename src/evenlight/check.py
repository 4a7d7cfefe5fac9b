"""Before any compute: whether plan and data are right, and what can be asked at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from evenlight.about import FILE, read_about
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.doubtful import one_outcome
from evenlight.data.feature_sets import FeatureSets
from evenlight.data.groups import Groups
from evenlight.data.training import TrainingSummary
from evenlight.encoding import check_layers
from evenlight.errors import InputError
from evenlight.load import load_cohort, load_local, load_model, load_sets, load_training
from evenlight.measured.certain import uncertain
from evenlight.measured.completing import completed_for
from evenlight.measured.regions import settled_regions
from evenlight.measures.arms import arms_of
from evenlight.measures.composition import UNKNOWN
from evenlight.measures.forecast import Forecast, forecast_features, forecast_metric
from evenlight.measures.people import compose
from evenlight.measures.prepare import few_labels, population, setting
from evenlight.measures.rely import unaskable
from evenlight.models.probe import prepare
from evenlight.models.trust import Trusted
from evenlight.plan import Plan, judged_metrics
from evenlight.plan_genotypes import settled_local, settled_maf
from evenlight.policy import Question, error_rates, family
from evenlight.probes.embedded import Embeddings
from evenlight.proxying import stood_in

MOST_CANNOT = 20
"""More contrasts of a grouping than this that cannot be asked are counted, and not listed."""


def check(
    path: str | Path | Plan,
    *,
    model: object | None = None,
    cohort: Cohort | None = None,
    trust: Trusted = None,
) -> Iterator[str]:
    """Lines that say what a plan asks of whom, and which contrasts can be asked here.

    `path` is that of a plan as TOML, or a `Plan`. `model` and `cohort` are those that it names,
    unless both are handed over: any model that `ev.audit` takes, `ev.Embeddings` among them (its
    head is fitted then).

    The model is probed. Raises InputError where plan, data or model are wrong, Refused where a file
    would have to be trusted and is not.
    """
    plan, opened, people = _asked(path, model, cohort, trust)
    for groups in people.groups:
        few_labels(groups)
    if isinstance(opened, Embeddings):
        turned = opened.audited(people, target=plan.model.target)
        opened, people = turned.model, turned.cohort
    if not isinstance(path, Plan) and plan.local.windows:
        settled_local(plan.local, people, load_local(plan, Path(path).parent, people))
    trained = None if isinstance(path, Plan) else _lying_beside(plan, Path(path).parent)
    stands = not isinstance(path, Plan) and plan.regions.labels is not None
    sets = load_sets(plan, Path(str(path)).parent, people) if stands else None
    yield from _lines(plan, opened, stood_in(opened, people, plan), trained, sets)


def _lying_beside(plan: Plan, folder: Path) -> TrainingSummary | None:
    """What lies beside a plan: the author's words, which must be right, and a summary of values."""
    read_about(folder / FILE)
    return load_training(plan, folder)


def _asked(
    path: object, model: object | None, cohort: Cohort | None, trust: Trusted
) -> tuple[Plan, object, Cohort]:
    """The plan with its model and cohort, loaded where they are not handed over."""
    if not isinstance(path, str | Path | Plan):
        raise InputError(
            f"check reads a plan, and not a {type(path).__name__}; pass the path of its TOML file, "
            "or check(Plan(), model=model, cohort=cohort)"
        )
    plan = path if isinstance(path, Plan) else Plan.from_toml(path)
    if model is not None and cohort is not None:
        return plan, model, cohort
    if model is not None or cohort is not None or isinstance(path, Plan):
        missing = " and ".join(
            name for name, given in (("model=", model), ("cohort=", cohort)) if given is None
        )
        raise InputError(
            f"{missing} is missing; hand over both model= and cohort=, or the path of a TOML file "
            "that names both"
        )
    folder = Path(path).parent
    return plan, load_model(plan, folder, trust=trust), load_cohort(plan, folder)


def _lines(
    plan: Plan,
    opened: object,
    cohort: Cohort,
    training: TrainingSummary | None,
    sets: FeatureSets | None,
) -> Iterator[str]:
    """What is asked of this model and this cohort."""
    chosen = completed_for(plan, opened, cohort)
    model = prepare(opened, cohort, target=plan.model.target)
    layers = check_layers(model, cohort, chosen.reliance)
    rarity = settled_maf(chosen.maf, cohort, chosen.measure.genotypes)
    regions = settled_regions(chosen, cohort, sets)
    yield f"plan     {chosen.digest}"
    yield f"model    {model.adapted.name}, target {model.target}"
    yield f"cohort   {cohort.n} rows, {cohort.u} units, {len(cohort.features)} features"
    for note in cohort.notes:
        yield f"note     {note}"
    for groups in cohort.groups:
        yield f"groups   {groups.name}: {_sizes(cohort, groups)}"
        yield from _contrasts(cohort, groups)
    for question in chosen.question:
        blocks = ", blocks" if question.blocks else ""
        yield f"question {question.measure} by {question.grouping}{blocks}"
        yield from _forecast(question, cohort, chosen)
    yield from _beside(chosen, layers)
    if rarity is not None:
        yield f"maf      {', '.join(rarity.names)}"
    if regions is not None:
        more = f", and {len(regions.names) - 8} more" if len(regions.names) > 8 else ""
        yield f"regions  {', '.join(regions.names[:8])}{more}"
    told = uncertain(model, cohort, training)
    yield from (f"strict   {told[name]}" for name in chosen.policy.certain if name in told)


def _beside(plan: Plan, layers: tuple[str, ...]) -> Iterator[str]:
    """What the plan asks for beside its questions."""
    asked = plan.reliance
    if layers:
        against = f", against {asked.against}" if asked.against else ""
        yield f"layers   {', '.join(layers)}{against}"
    if not isinstance(asked.slices, bool) and asked.slices:
        yield f"slices   over {', '.join(asked.slices)}"
    if plan.local.ancestry:
        yield f"local    copies of {plan.local.ancestry}, over {plan.local.over}"
    if asked.proxies:
        yield "proxies  candidate groups by clusters, no labels"


def _forecast(question: Question, cohort: Cohort, plan: Plan) -> Iterator[str]:
    """What each contrast of a primary question will be able to tell, with a power of 80 %."""
    if question.measure == "map":
        yield "forecast none: how far clusters of positions reach is not known before"
        return
    alpha = error_rates(plan.question, plan.policy.alpha)[family(question)]
    if question.measure == "reliance":
        given = question.given or "nothing"
        why = unaskable(cohort, by=question.grouping, given=given)
        yield f"forecast {f'cannot be asked here: {why}' if why else 'can be asked'}"
        return
    if question.measure == "performance" and (why := _one_outcome(cohort)):
        yield f"forecast cannot be asked here: {why}"
        return
    made = list(_forecasts(question, cohort, plan, alpha))
    if sum(bool(told.reason) for told in made) > MOST_CANNOT:
        made = [told for told in made if not told.reason]
    for told in made:
        if question.contrast in (None, told.contrast.replace(" against ", " / ")):
            yield f"forecast {told}"


def _one_outcome(cohort: Cohort) -> str:
    """Why nothing can be asked of classes or events, "" where two outcomes are there."""
    if cohort.outcome is None or cohort.outcome_kind == "continuous":
        return ""
    same = one_outcome(cohort.people, cohort.outcome)
    return f"{same}, and performance needs two outcomes" if same else ""


def _forecasts(question: Question, cohort: Cohort, plan: Plan, alpha: float) -> Iterator[Forecast]:
    margins = plan.policy.margins
    if question.measure == "performance":
        metric = question.subject or ""
        margin = margins.mae_share if metric == "mae" else getattr(margins, metric)
        judged = len(judged_metrics(cohort.outcome_kind or "", plan.policy))
        return forecast_metric(
            cohort, question.grouping, metric, margin=margin, alpha=alpha, metrics=judged
        )
    return forecast_features(
        cohort,
        question.grouping,
        given=question.given or "nothing",
        margin=margins.attribution,
        alpha=alpha,
        subjects=1 if question.subject else len(cohort.features.variables().names),
    )


def _sizes(cohort: Cohort, groups: Groups) -> str:
    made = compose(cohort, by=groups)
    counts = zip(made.parts, made.count, made.reason, strict=True)
    told = ", ".join(f"{name} {why or format(int(n), ',')}" for name, n, why in counts)
    unknown = float(made.share[made.parts.index(UNKNOWN)])
    return told if np.isnan(unknown) else f"{told}; known for {percent(1 - unknown)}"


def _contrasts(cohort: Cohort, groups: Groups) -> Iterator[str]:
    """For each contrast within strata: for whom it speaks, or why it cannot be asked."""
    here = setting(cohort, groups)
    values = np.zeros((cohort.n, 1))
    made = arms_of(here, "nothing", values, draws=0, rng=np.random.default_rng(0))
    cannot = [arms for arms in made if arms.reason]
    if len(cannot) > MOST_CANNOT:
        yield f"contrast {len(cannot)} of {len(made)} of {groups.name} cannot be asked here"
        made = [arms for arms in made if not arms.reason]
    for arms in made:
        told = arms.reason and f"cannot be asked here: {arms.reason}"
        told = told or population(arms.total, arms.left, len(arms.plan.weight), arms.names)
        yield f"contrast {' against '.join(arms.names)}: {told or 'can be asked'}"
