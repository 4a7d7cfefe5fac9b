"""One verb of an audit by itself: explain, compare or rely as the plan says, without a gate.

The numbers are those that an audit of the same plan measures, from the same streams of its seed;
what else an audit holds beside them is not made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from evenlight import codec
from evenlight.api import LEDGER
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.nearest import hint
from evenlight.doubts import coverage
from evenlight.errors import AttributionError, GroupError
from evenlight.explainers.device import moved_to
from evenlight.findings import Findings
from evenlight.journal.keep import Keep
from evenlight.judge import judge
from evenlight.load import load_cohort, load_model, load_sets
from evenlight.measured.before import check_regions, entered
from evenlight.measured.completing import completed_for
from evenlight.measured.explaining import by_region, checked_for, made_for, summed
from evenlight.measured.given import Explained, Outputs, unsaid
from evenlight.measured.grouped import Grouping
from evenlight.measured.moved import common_contrasts
from evenlight.measured.regions import settled_regions
from evenlight.measures.comparison import Comparison
from evenlight.measures.prepare import few_labels
from evenlight.measures.reliance import Reliance
from evenlight.measures.withhold import withheld, withheld_reliance
from evenlight.modalities.annotated_rows import TOLD, write_rows
from evenlight.modalities.libraries import library
from evenlight.models.probe import Prepared, prepare
from evenlight.models.trust import Trusted
from evenlight.plan import Plan
from evenlight.probes.predict import predict
from evenlight.provenance import model_digest
from evenlight.proxying import stood_in
from evenlight.results import Measures
from evenlight.small_groups import profile
from evenlight.tl import importance_of

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, eq=False)
class Alone:
    """A plan with its model and cohort, explained.

    `made` are the attributions, of images by region; `checked` makes them again on other
    backgrounds and checks them, which only a comparison needs.
    """

    plan: Plan
    prepared: Prepared
    cohort: Cohort
    sets: FeatureSets | None
    made: Attributions
    checked: Callable[[], Explained]
    by: str | None = None
    say: Say = unsaid

    def importance(self) -> pd.DataFrame:
        """One row a feature: mean |attribution| and mean attribution over units, as they are told.

        The largest first; missing where fewer people than the plan's profile shows are behind it.
        """
        with profile(self.plan.policy.profile):
            found = importance_of(self.made, self.cohort)
        found.index.name = "feature"
        ranked = found.sort_values("mean_abs_attribution", ascending=False, kind="stable")
        return ranked.reset_index()

    def keep_rows(self, folder: str | Path) -> Path:
        """Attributions of every row in a new zarr folder: data of people (`evenlight purge`)."""
        told = {name: codec.plain(getattr(self.made, name)) for name in TOLD}
        return write_rows(self.made, folder, told)

    def compare(self) -> tuple[Comparison, ...]:
        """Attributions and use compared, by every grouping that is asked for."""
        with profile(self.plan.policy.profile):
            asked = self._asked()
            return tuple(withheld(one.compared(), one.checked().withheld()) for one in asked)

    def rely(self) -> tuple[Reliance, ...]:
        """How much of the output's variance lies between the groups, and through what."""
        with profile(self.plan.policy.profile):
            asked = self._asked()
            return tuple(withheld_reliance(o.relied(), o.checked().unreliable) for o in asked)

    def judged(self, measures: Measures) -> Findings:
        """What differs, gravest first, in sentences; by the plan's policy, and without a gate."""
        return judge(measures, (), self.plan.policy)[0]

    def measures(
        self, *, compared: tuple[Comparison, ...] = (), relied: tuple[Reliance, ...] = ()
    ) -> Measures:
        """What `judged` and `evenlight.results.results` read."""
        return Measures(
            comparisons=compared, reliances=relied, coverage=coverage(self.cohort),
            target=self.prepared.target,
        )  # fmt: skip

    def _asked(self) -> Iterator[Grouping]:
        predicted = predict(self.prepared, self.cohort, target=self.prepared.column)
        moved = common_contrasts(self.prepared, self.made, self.cohort, self.sets)
        outputs, explained = Outputs(predicted, *moved), self.checked()
        for i, groups in enumerate(self.cohort.groups):
            if self.by in (None, groups.name):
                yield Grouping(groups, explained, outputs, self.cohort, self.plan, i, self.say)


def alone(
    path: str | Path,
    *,
    by: str | None = None,
    compared: bool = True,
    ledger: Path | None = None,
    trust: Trusted = None,
    progress: Say | None = None,
    device: str = "cpu",
) -> Alone:
    """The model and the cohort of a plan, explained, to be asked by the grouping `by` or by all.

    What groups cannot be compared by is an error, unless they will not be (`compared`). `ledger` is
    a folder, where the look is remembered as a run is: a plan that is changed after it is told by
    the next audit. `device` is where a network computes, as for `audit`.

    Raises InputError before any compute where plan, data or model are wrong, Refused where a file
    would have to be trusted and is not.
    """
    folder, say = Path(path).parent, progress or unsaid
    asked = Plan.from_toml(path)
    with profile(asked.policy.profile):
        cohort = load_cohort(asked, folder)
        model = load_model(asked, folder, trust=trust)
        cohort = stood_in(model, cohort, asked)
        plan = completed_for(asked, model, cohort)
        _grouped(cohort, by, compared=compared)
        sets = settled_regions(plan, cohort, load_sets(asked, folder, cohort))
        check_regions(cohort, sets)
        prepared = moved_to(device, prepare(model, cohort, target=plan.model.target))
        if ledger is not None:
            entered(ledger / LEDGER, plan, model_digest(prepared), cohort)
        made = made_for(prepared, cohort, plan, Keep(), say)

    @cache
    def checked() -> Explained:
        found = checked_for(prepared, cohort, made, plan, keep=Keep(), say=say)
        return by_region(found, sets)

    return Alone(plan, prepared, cohort, sets, summed(made, sets), checked, by, say)


def new_rows(folder: str | Path) -> None:
    """Raise, before any compute, where `Alone.keep_rows` could not write there."""
    library("zarr", package="zarr", reads="--rows")
    if Path(folder).exists():
        raise AttributionError(f"{Path(folder).name!r} exists; name a new folder")


def _grouped(cohort: Cohort, by: str | None, *, compared: bool) -> None:
    names = [groups.name for groups in cohort.groups]
    if by is not None and by not in names:
        raise GroupError(f"the cohort has no grouping {by!r}{hint(by, names)}")
    for groups in cohort.groups:
        if compared and by in (None, groups.name):
            few_labels(groups)
