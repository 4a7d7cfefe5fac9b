"""All pictures of one audit, drawn once: the page puts them inline, the folder gets a file each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from gettext import NullTranslations

import numpy as np

from evenlight import figures
from evenlight.data.digits import confidence
from evenlight.figures.ink import WIDE, grid, key
from evenlight.language import spoken, spoken_from
from evenlight.measures.comparison import Comparison
from evenlight.measures.composition import Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.fragile import Fragility
from evenlight.measures.local_comparison import LocalComparison
from evenlight.measures.mapped import MapComparison
from evenlight.measures.performance import Performance
from evenlight.measures.quality import Quality
from evenlight.measures.reliance import Reliance
from evenlight.measures.specification import Specification
from evenlight.record import Audit, as_told
from evenlight.reports import widest
from evenlight.reports.decided import decided, walked, weighed
from evenlight.reports.drawing import drawn
from evenlight.reports.flowing import flowed
from evenlight.reports.parts import Drawing, say
from evenlight.reports.told import leant, many_pairs, ranked, told_apart
from evenlight.reports.words import CAPTIONS, MAPS, STEPPED

DOSES = 6
"""Perturbations whose dose-response is drawn for one grouping."""

MARKS = 2000
"""Subjects that are drawn along the chromosomes."""

CURVES = 6
"""Subjects whose dependence is drawn for one grouping."""


def drawings(audit: Audit) -> dict[str, Drawing]:
    """Every drawing by key; the second grouping's forest plot has the key F1-2."""
    return _drawings(audit, spoken_from())


@lru_cache(maxsize=4)
@as_told
def _drawings(audit: Audit, said: NullTranslations | None) -> dict[str, Drawing]:
    """The drawings of an audit from one catalogue, made once."""
    return {made.key: made for made in _all(audit)}


def _all(audit: Audit) -> Iterator[Drawing]:
    for i, performance in enumerate(audit.performances, start=1):
        yield from _performance(performance, i)
    for i, decisions in enumerate(audit.further.decisions, start=1):
        yield from decided(decisions, i)
        yield from weighed(decisions, i)
    for i, along in enumerate(audit.further.along, start=1):
        yield from walked(along, i)
    for i, composition in enumerate(audit.compositions, start=1):
        yield from _composition(composition, i)
        yield from flowed(audit, composition, i)
    for i, comparison in enumerate(audit.comparisons, start=1):
        yield from _comparison(comparison, i, reach=not many_pairs(audit))
    for i, reliance in enumerate(audit.reliances, start=1):
        yield _reliance(reliance, i, reach=not many_pairs(audit))
        if not many_pairs(audit):
            yield leant(reliance, i)
        yield from _association(audit, reliance, i)
    for i, ranks in enumerate(audit.further.agreements, start=1):
        yield from ranked(ranks, i)
    for i, leakage in enumerate(audit.further.leakages, start=1):
        yield from told_apart(leakage, i)
    for i, (maps, c, name) in enumerate(mapped(audit), start=1):
        yield from _maps(audit, (maps, c, name), i)
    for i, locally in enumerate(audit.further.by_local_ancestry, start=1):
        yield from _locally(locally, i)
    for i, quality in enumerate(audit.qualities, start=1):
        yield from _quality(quality, i)
    for i, (record, k) in enumerate(held(audit), start=1):
        yield from _holds(record, k, i)
    for i, fragility in enumerate(audit.further.fragilities, start=1):
        yield _doses(fragility, i)
    for i, (grouping, curves) in enumerate(curves_by_grouping(audit).items(), start=1):
        yield _curves(grouping, curves, i)


def held(audit: Audit) -> list[tuple[Specification, int]]:
    """Every specification with each of its questions, in the order of the page."""
    return [(record, k) for record in audit.further.holds for k in range(len(record.ids))]


def mapped(audit: Audit) -> list[tuple[MapComparison, int, str]]:
    """Comparisons of maps by contrast and by what they are maps of, in the order of the page."""
    return [
        (record, c, name)
        for record in audit.further.maps
        for c in range(len(record.contrasts))
        for name in record.means
    ]


def _maps(audit: Audit, one: tuple[MapComparison, int, str], i: int) -> Iterator[Drawing]:
    """Mean maps and their difference, given the strictest that could be asked."""
    record, c, name = one
    own = [v for v, view in enumerate(record.views) if view.name == name]
    asked = [v for v in own if not record.reason[v, c]]
    if not asked or len(record.space.shape) not in (2, 3):
        return
    v, given = asked[-1], record.views[asked[-1]].given
    fits = [m for m in audit.further.images if m.shape == record.space.shape]
    template = fits[0].image if fits else None
    held = spoken("among people with the same {given}", given=given)
    named = spoken(
        CAPTIONS["F11"],
        what=spoken(MAPS[name][0]),
        shades=spoken(MAPS[name][1]),
        given=spoken("given nothing") if given == "nothing" else held,
        under=spoken("the mean image of all people" if fits else "no image"),
    )
    figure = figures.mean_maps(record, c, v, template=template)
    yield drawn("F11", i, figure, figures.maps_text(record, c, v), named)


def _holds(made: Specification, k: int, i: int) -> Iterator[Drawing]:
    """The specification curve of a question that some fork entered."""
    if made.touched[:, k].any() and np.isfinite([made.effect[k], made.margin[k]]).all():
        figure = figures.specification_curve(made, k).figure
        named = spoken(CAPTIONS["F16"], question=say(made.questions[k]))
        yield drawn("F16", i, figure, figures.specification_text(made, k), named)


def _doses(made: Fragility, i: int) -> Drawing:
    """One panel a perturbation, of those that move outputs most."""
    names = moving(made)[:DOSES]
    columns = 4 if len(names) == 4 else 3
    figure, panels = grid(len(names), columns, (WIDE / columns, 280))
    key(figure, made.levels)
    for one, ax in zip(names, panels, strict=True):
        figures.dose_response(made, one, ax=ax)
    return drawn("F17", i, figure, figures.dose_text(made), spoken(CAPTIONS["F17"]))


def moving(made: Fragility) -> list[str]:
    """Its perturbations, those that move the output of some group most first."""
    size = np.nan_to_num(made.value[1:, :, made.measure("size")]).max(axis=0)
    most: dict[str, float] = {}
    for name, far in zip(made.perturbation, size.tolist(), strict=True):
        most[name] = max(far, most.get(name, 0.0))
    return sorted(most, key=lambda name: -most[name])


def curves_by_grouping(audit: Audit) -> dict[str, list[Dependence]]:
    """The curves to draw, by grouping, in the record's order."""
    found: dict[str, list[Dependence]] = {}
    for curve in audit.dependences:
        found.setdefault(curve.grouping, []).append(curve)
    return {grouping: curves[:CURVES] for grouping, curves in found.items()}


def _performance(performance: Performance, i: int) -> Iterator[Drawing]:
    judged = widest.metric_rows(performance)
    if judged:
        text = figures.forest_text(performance)
        named = spoken(CAPTIONS["F1"], level=confidence(performance.alpha))
        yield drawn("F1", i, figures.forest(performance, judged).figure, text, named)
    metrics = performance.metrics
    few = widest.few_groups(performance, widest.pair_groups(performance))
    figure, panels = grid(len(metrics), 2, (WIDE / 2, 66 + 24 * len(few.parts)))
    for metric, ax in zip(metrics, panels, strict=True):
        figures.dots(few, metric, ax=ax)
    text = _joined(figures.dots_text(performance, m) for m in metrics)
    yield drawn("F3", i, figure, text, spoken(CAPTIONS["F3"]))
    if not np.isfinite(performance.curve_predicted).any():
        return
    figure, panels = grid(len(few.levels), 3, (WIDE / 3, 330))
    for level, ax in zip(few.levels, panels, strict=True):
        figures.calibration(few, level, ax=ax)
    text = figures.calibration_text(performance)
    yield drawn("F4", i, figure, text, spoken(CAPTIONS["F4"]))


def _composition(composition: Composition, i: int) -> Iterator[Drawing]:
    if composition.strata:
        names = {"strata": say(composition.strata_name), "grouping": say(composition.grouping)}
        named = spoken(CAPTIONS["F2"], **names)
        text = figures.strata_text(composition)
        few = widest.few_groups(composition, widest.counted_groups(composition))
        yield drawn("F2", i, figures.strata(few).figure, text, named)


def _comparison(comparison: Comparison, i: int, *, reach: bool) -> Iterator[Drawing]:
    shown = [
        comparison.contrasts[c]
        for c in widest.pairs(comparison)
        if np.isfinite(comparison.effect[0, c]).any()
    ]
    if shown:
        figure, panels = grid(len(shown), 2, (WIDE / 2, 340))
        for contrast, ax in zip(shown, panels, strict=True):
            figures.volcano(comparison, contrast, reach=reach, ax=ax)
        text = _joined(figures.volcano_text(comparison, c) for c in shown)
        named = spoken(CAPTIONS["F5"], alpha=comparison.alpha)
        yield drawn("F5", i, figure, text, named)
    groups = widest.pair_groups(comparison)
    text = figures.importance_text(comparison, groups)
    dots = figures.importance(comparison, groups=groups).figure
    yield drawn("F6", i, dots, text, spoken(CAPTIONS["F6"]))


def _reliance(reliance: Reliance, i: int, *, reach: bool) -> Drawing:
    text = figures.reliance_text(reliance)
    named = spoken(CAPTIONS["F8"], grouping=say(reliance.grouping))
    figure = figures.reliance_scatter(reliance, reach=reach).figure
    return drawn("F8", i, figure, text, named)


def _association(audit: Audit, reliance: Reliance, i: int) -> Iterator[Drawing]:
    """F20 where the association with the same grouping was measured."""
    for record in audit.further.associations:
        if record.grouping == reliance.grouping and figures.association_points(record, reliance):
            text = figures.association_text(record, reliance)
            named = spoken(CAPTIONS["F20"], grouping=say(record.grouping))
            figure = figures.association_scatter(record, reliance).figure
            yield drawn("F20", i, figure, text, named)


def _locally(record: LocalComparison, i: int) -> Iterator[Drawing]:
    """F21, a panel a view, where any slope could be asked."""
    if not np.isfinite(record.effect).any():
        return
    views = range(len(record.given))
    figure, panels = grid(len(views), 1, (WIDE, 270))
    for v, ax in zip(views, panels, strict=True):
        figures.local_ancestry(record, v, most=MARKS, ax=ax)
    text = _joined(figures.local_ancestry_text(record, v) for v in views)
    names = {"ancestry": say(record.ancestry), "level": confidence(record.alpha)}
    named = spoken(CAPTIONS["F21"], **names)
    yield drawn("F21", i, figure, text, named)


def _quality(quality: Quality, i: int) -> Iterator[Drawing]:
    if len(figures.checked(quality)):
        few = widest.few_groups(quality, widest.checked_groups(quality))
        figure = figures.quality_dots(few).figure
        yield drawn("F12", i, figure, figures.quality_text(quality), spoken(CAPTIONS["F12"]))


def _curves(grouping: str, curves: list[Dependence], i: int) -> Drawing:
    figure, panels = grid(len(curves), 2, (WIDE / 2, 350))
    kept = widest.curved_groups(curves)
    few = [widest.few_groups(curve, kept) for curve in curves]
    key(figure, few[0].levels)
    for curve, ax in zip(few, panels, strict=True):
        figures.dependence(curve, ax=ax)
    by = spoken("By {grouping}.", grouping=grouping)
    text = _joined([by, *(figures.dependence_text(c) for c in curves)])
    coarse = spoken(STEPPED) if any(curve.rounded for curve in curves) else ""
    return drawn("F15", i, figure, text, spoken(CAPTIONS["F15"]) + coarse)


def _joined(sentences: Iterable[str]) -> str:
    return " ".join(sentences)
