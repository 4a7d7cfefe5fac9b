"""A made audit that looks like one on warfarin dosing: three groups, eight subjects, 18 sites."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from evenlight.arrays import Float, Text
from evenlight.data.gone import Step
from evenlight.findings import Answer, Finding, Findings, Gate, Part
from evenlight.further import Further
from evenlight.measures.comparison import Comparison, View
from evenlight.measures.composition import Composition
from evenlight.measures.dependence import Dependence
from evenlight.measures.performance import Performance
from evenlight.measures.quality import METRICS as METRICS_OF_QUALITY
from evenlight.measures.quality import RULES, Quality
from evenlight.measures.reliance import Reliance
from evenlight.measures.sensitivity import Flip, Sensitivity
from evenlight.measures.words import Verdict
from evenlight.record import Audit, CohortCard, ModelCard
from evenlight.stats.equivalence import extents

LEVELS = ("Asian", "Black or African American", "White")
PAIRS = (
    ("Asian", "White"),
    ("Black or African American", "White"),
    ("Black or African American", "Asian"),
)
SUBJECTS = (
    "age_decade",
    "height_cm",
    "weight_kg",
    "VKORC1",
    "CYP2C9",
    "race",
    "enzyme_inducer",
    "amiodarone",
)
METRICS = ("mae", "bias", "within_20", "r2")
NO_OVERLAP = "no overlap: 35 of 1,159 Asian patients are at a site with two or more of each group"
HIDDEN = "suppressed (<11)"


def _text(shape: tuple[int, ...], fill: str = "") -> Text:
    made: Text = np.full(shape, fill, dtype="<U200")
    return made


def composition(levels: Sequence[str] = LEVELS) -> Composition:
    """Units by race and site; some cells hidden."""
    rng = np.random.default_rng(0)
    k = len(levels) + 1
    cells = rng.integers(0, 140, size=(18, k)).astype(float)
    cells[rng.random((18, k)) < 0.5] = 0
    cells[2, 0], cells[4, -1] = np.nan, np.nan
    count = np.array([1160.0, 670.0, 2720.0, 260.0])[-k:]
    return Composition(
        grouping="race",
        source="self-report",
        parts=(*levels, "unknown"),
        outcome_name="dose",
        strata_name="site",
        strata=tuple(str(s + 1) for s in range(18)),
        rounded=True,
        count=count,
        share=count / count.sum(),
        outcome=np.array([21.3, 40.1, 33.6, 29.0])[-k:],
        reason=_text((k,)),
        outcome_reason=_text((k,)),
        cells=cells,
        cells_reason=np.where(np.isnan(cells), HIDDEN, ""),
    )


def performance(
    levels: Sequence[str] = LEVELS, pairs: Sequence[tuple[str, str]] = PAIRS
) -> Performance:
    """Errors of a dosing formula by race; one group contrast is not estimable."""
    parts = ("overall", *levels, "unknown")
    value = np.array(
        [
            [8.87, -1.1, 0.46, 0.43],
            [6.55, 0.4, 0.43, 0.31],
            [12.00, -3.2, 0.44, 0.28],
            [9.24, -1.4, 0.47, 0.42],
            [7.29, -0.2, 0.52, 0.39],
        ]
    )
    half = np.array([[0.3, 0.35, 0.014, 0.03]]) * np.array([[1.0], [1.1], [2.6], [1.2], [2.2]])
    difference = np.array([[np.nan] * 4, [2.76, -1.8, -0.03, -0.14], [5.45, -3.6, 0.01, -0.03]])
    arm = np.array([[0.9, 1.1, 0.04, 0.09]])
    verdict = _text((3, 4))
    verdict[:, 0] = ["not_estimable", "different", "different"]
    verdict[:, 2] = ["not_estimable", "cannot_tell", "similar"]
    reason = _text((3, 4))
    reason[0] = NO_OVERLAP
    more = np.full((3, 4), np.nan)
    more[1, 2] = 240.0
    more_in = _text((3, 4))
    more_in[1, 2] = levels[1]
    predicted = np.sort(np.random.default_rng(1).uniform(14, 55, size=(len(levels), 8)), axis=1)
    observed = predicted + np.array([[-0.4], [3.4], [1.2]]) + np.sin(predicted)
    events = np.full(5, np.nan)
    p = np.array([[np.nan] * 4, [0.0005, 0.0005, 0.21, 0.001], [0.0005, 0.0005, 0.6, 0.4]])
    return Performance(
        grouping="race",
        source="self-report",
        levels=tuple(levels),
        parts=parts,
        metrics=METRICS,
        units=("mg a week", "mg a week", "share", "share"),
        contrasts=tuple(pairs),
        target="weekly dose",
        threshold=None,
        alpha=0.05,
        draws=2000,
        n=np.array([4809.0, 1159.0, 668.0, 2722.0, 260.0]),
        events=events,
        part_reason=_text((5,)),
        value=value,
        low=value - half,
        high=value + half,
        reason=_text((5, 4)),
        margin=np.array([0.887, np.nan, 0.05, np.nan]),
        difference=difference,
        difference_low=difference - arm,
        difference_high=difference + arm,
        p=p,
        verdict=verdict,
        difference_reason=reason,
        more=more,
        more_in=more_in,
        curve_predicted=predicted,
        curve_observed=observed,
        curve_low=observed - 1.8,
        curve_high=observed + 1.8,
        curve_n=np.full(predicted.shape, 100.0),
    )


def comparison(
    levels: Sequence[str] = LEVELS,
    pairs: Sequence[tuple[str, str]] = PAIRS,
    subjects: Sequence[str] = SUBJECTS,
) -> Comparison:
    """VKORC1 differs by value and is used alike; race is the group itself."""
    rng = np.random.default_rng(2)
    views = (
        View("signed", "nothing", "margin", 0.9),
        View("signed", "outcome", "margin", 0.9),
        View("magnitude", "nothing", "margin", 0.9),
        View("magnitude", "outcome", "margin", 0.9),
        View("use", "nothing", "margin", 0.9),
        View("use", "nothing", "response", 11.0),
    )
    v, c, k, s = len(views), len(pairs), len(levels), len(subjects)
    shape = (v, c, s)
    effect = rng.normal(0, 0.04, size=shape)
    effect[:, 1, 3] = [0.52, 0.44, -0.21, -0.18, 0.0, 0.07]
    effect[:, 1, 5], effect[:, 1, 1] = -0.31, 0.09
    effect[4] = 0.0
    arm = np.abs(rng.normal(0.06, 0.01, size=shape))
    arm[4] = 0.0
    verdict, mechanism = _text(shape, "similar"), _text(shape, "none")
    outside = np.abs(effect) + arm > 0.1
    verdict[outside & (np.abs(effect) > arm)] = "different"
    verdict[outside & (np.abs(effect) <= arm)] = "cannot_tell"
    mechanism[verdict == "different"] = "value"
    mechanism[verdict == "cannot_tell"] = "unresolved"
    mechanism[:, :, 5] = "direct"
    effect[:, 0], verdict[:, 0], mechanism[:, 0] = np.nan, "not_estimable", "unresolved"
    reason, p = _text(shape), np.clip(np.exp(-np.abs(effect) / arm.clip(0.01) * 2), 0.0005, 1)
    reason[:, 0] = NO_OVERLAP
    more, more_in = np.full(shape, np.nan), _text(shape)
    more[verdict == "cannot_tell"], more_in[verdict == "cannot_tell"] = 180.0, levels[1]
    sizes = np.array([0.28, 0.06, 0.2, 0.55, 0.18, 0.09, 0.04, 0.03, *[0.02] * s])[:s]
    shown = sizes * rng.uniform(0.7, 1.2, size=(k, s))
    return Comparison(
        grouping="race",
        source="self-report",
        levels=tuple(levels),
        contrasts=tuple(pairs),
        subjects=tuple(subjects),
        subject_kind="variable",
        views=views,
        target="weekly dose",
        margin=0.1,
        alpha=0.05,
        draws=3999,
        n=np.tile(np.array([[17, 18], [472, 1478], [668, 1159]]), (v, 1, 1)).astype(np.int64),
        kept=np.tile(np.array([[0.02, 0.01], [0.71, 0.54], [1.0, 1.0]]), (v, 1, 1)),
        population=_populations(v),
        effect=effect,
        low=effect - arm,
        high=effect + arm,
        se=arm / 3 + 0 * effect,
        df=200.0 + 0 * effect,
        p=p,
        p_maxt=p,
        q=p,
        verdict=verdict,
        extent=extents(effect - arm, effect + arm, 0.1, verdict),
        mechanism=mechanism,
        reason=reason,
        more=more,
        more_in=more_in,
        gap=np.array([np.nan, 0.31, 0.12]),
        unexplained=np.array([np.nan, 0.001, 0.0]),
        gap_reason=np.array([NO_OVERLAP, "", ""]),
        level_reason=_text((k,)),
        mean=shown / 3,
        importance=shown,
        importance_low=shown * 0.93,
        importance_high=shown * 1.07,
        unconverged=np.zeros(k, dtype=np.int64),
        repeats=4,
        noise_share=np.full((c, s), np.nan),
        background_share=np.where(np.isnan(effect[0]), np.nan, 0.02),
    )


def _populations(v: int) -> Text:
    made = _text((v, 3))
    made[:, 1] = (
        "Estimated for the overlap population, 71 % of Black or African American and 54 % of White."
    )
    return made


def reliance(levels: Sequence[str] = LEVELS, subjects: Sequence[str] = SUBJECTS) -> Reliance:
    """VKORC1 carries most of what follows race; race itself is without support."""
    rng = np.random.default_rng(3)
    given = ("nothing", "outcome", "outcome and strata")
    g, s = len(given), len(subjects)
    share = np.abs(rng.normal(0, 0.006, size=(g, s)))
    share[:, 3], share[:, 5 % s] = [0.21, 0.09, 0.05], [0.05, 0.03, 0.02]
    verdict = np.where(share > 0.05, "different", "similar").astype("<U20")
    total = np.array([[0.31, 0.06, 0.04], [0.14, 0.05, 0.03], [0.08, 0.04, 0.03]])
    support = _text((s,), "supported_within_groups")
    support[5 % s], support[-1] = "not_supported_within_groups", "unresolved"
    slope = rng.normal(1, 0.1, size=s)
    return Reliance(
        grouping="race",
        source="self-report",
        levels=tuple(levels),
        target="weekly dose",
        subjects=tuple(subjects),
        subject_kind="variable",
        given=given,
        margin=0.1,
        alpha=np.full(len(given), 0.05),
        draws=2000,
        n=np.array([4549, 4549, 1950], dtype=np.int64),
        strata=np.array([1, 10, 80], dtype=np.int64),
        bins=np.array([0, 10, 10], dtype=np.int64),
        population=np.array(
            ["", "", "Speaks for the 42 % of units that are in a stratum with two groups."]
        ),
        raw=share + 0.001,
        raw_total=(share + 0.001).sum(axis=1),
        share=share,
        low=share - 0.02,
        high=share + 0.02,
        p=np.full((g, s), 0.01),
        p_maxt=np.full((g, s), 0.02),
        q=np.full((g, s), 0.015),
        verdict=verdict,
        reason=_text((g, s)),
        total=total,
        total_low=total - 0.03,
        total_high=total + 0.03,
        total_verdict=np.full((g, 3), "different", dtype="<U20"),
        total_reason=_text((g,)),
        association=np.array([0.02, 0.19, 0.23, 0.34, 0.05, 0.96, 0.001, 0.004, *[0.01] * s])[:s],
        association_kind=_text((s,), "eps squared"),
        mass=np.array([0.2, 0.05, 0.14, 0.38, 0.13, 0.06, 0.03, 0.01, *[0.01] * s])[:s],
        slope=slope,
        slope_low=slope - 0.2,
        slope_high=slope + 0.2,
        slope_p=np.full(s, 0.01),
        heterogeneity_p=np.full(s, 0.3),
        support=support,
        support_reason=_text((s,)),
    )


def quality(levels: Sequence[str] = LEVELS, pairs: Sequence[tuple[str, str]] = PAIRS) -> Quality:
    """Explanations that pass everywhere, for a method without Monte Carlo error or weights."""
    r, c, m = len(levels) + 1, len(pairs), len(METRICS_OF_QUALITY)
    value = np.tile([0.0, 0.0, 0.0, np.nan, 0.98, 1.02, 0.03, 0.14, 0.02, np.nan], (r, 1))
    value = value + np.arange(r)[:, None] * 0.01 * (value > 0)
    missing = np.isnan(value)
    why = np.where(missing, "linear recorded no Monte Carlo error", "")
    why[:, -1] = "only a network has weights that can be drawn again"
    margin = np.array([np.nan if q.margin is None else q.margin for q in RULES.values()])
    apart = np.tile(0.01 * np.arange(c)[:, None], (1, m))
    apart[:, missing[0] | np.isnan(margin)] = np.nan
    untested = np.where(np.isnan(apart), "groups are not tested on this", "")
    n = np.tile(np.array([[200.0], *[[67.0]] * len(levels)]), (1, m))
    return Quality(
        grouping="race",
        source="self-report",
        levels=tuple(levels),
        parts=("overall", *levels),
        metrics=METRICS_OF_QUALITY,
        contrasts=tuple(pairs),
        target="weekly dose",
        method="linear",
        players="8 variables",
        rows=200,
        evaluations=9000,
        explanations=400,
        alpha=0.05,
        draws=2000,
        n=np.where(missing, np.nan, n),
        value=value,
        low=value - 0.01,
        high=value + 0.01,
        reason=why,
        threshold=np.array([q.limit for q in RULES.values()]),
        passed=np.where(missing, "", "passed"),
        difference=apart,
        difference_low=apart - 0.02,
        difference_high=apart + 0.02,
        p=np.where(np.isnan(apart), np.nan, 0.6),
        margin=margin,
        verdict=np.where(
            np.isnan(margin), "", np.where(np.isnan(apart), "not_estimable", "similar")
        ),
        difference_reason=untested,
        trust=np.full(len(levels), "reliable"),
        trust_reason=_text((len(levels),)),
        apart=_text((c,)),
    )


def dependence(
    subject: str, levels: Sequence[str] = LEVELS, labels: Sequence[str] = ()
) -> Dependence:
    """One subject's curve in each group; one bin is hidden."""
    k, b = len(levels), len(labels) or 9
    at = np.arange(b, dtype=float) if labels else np.linspace(45, 120, b)
    value = np.tile(at, (k, 1)) + np.arange(k)[:, None] * 0.3
    mean = (value - value.mean()) * (-0.85 if labels else 0.013)
    n = np.tile(np.linspace(40, 220, b), (k, 1))
    n[0] = n[0, ::-1]
    reason = _text((k, b))
    for array in (value, mean, n):
        array[1, -1] = np.nan
    reason[1, -1] = HIDDEN
    return Dependence(
        "race",
        subject,
        tuple(levels),
        tuple(labels),
        value,
        mean,
        mean - 0.05,
        mean + 0.05,
        n,
        reason,
    )


def sensitivity(levels: Sequence[str] = LEVELS) -> Sensitivity:
    """The same change for everyone: alike on the margin, apart on the dose scale."""
    response = np.array([[-17.8, 5.1], [-19.3, 5.6], [-18.5, 5.3]])
    margin = np.tile([[-1.6974, 0.51]], (3, 1))
    return Sensitivity(
        "race",
        tuple(levels),
        ("VKORC1", "weight_kg"),
        ("G/G", "60"),
        ("A/A", "100"),
        "mg a week",
        np.array([1159, 668, 2722], dtype=np.int64),
        margin,
        response,
        _text((3, 2)),
    )


def flip() -> Flip:
    """Race recorded otherwise, all else held."""
    pairs = (
        ("Black or African American", "White"),
        ("White", "Black or African American"),
        ("Asian", "White"),
    )
    mean = np.array([3.57, -3.05, 1.02])
    return Flip(
        "race",
        pairs,
        "mg a week",
        np.array([668.0, 2722.0, 1159.0]),
        mean,
        mean - 0.04,
        mean + 0.04,
        np.array([0.5, 0.44, 0.2]),
        mean - 0.7,
        mean + 0.7,
        np.full(3, np.nan),
        np.array(["no threshold in the plan"] * 3),
    )


def _part(contrast: str, subject: str, verdict: Verdict, *numbers: float | None, unit: str) -> Part:
    effect, low, high, margin, more = numbers
    missing = verdict == "not_estimable"
    return Part(
        contrast,
        subject,
        verdict,
        None if missing else effect,
        None if missing else low,
        None if missing else high,
        unit,
        margin,
        35 if missing else 1950,
        more,
        "Black or African American" if more else "",
        NO_OVERLAP if missing else "",
    )


def answers(pairs: Sequence[tuple[str, str]] = PAIRS) -> tuple[Answer, ...]:
    """Three primary questions, one part a contrast."""
    names = [f"{a} against {b}" for a, b in pairs]
    mae = (
        _part(names[0], "mae", "not_estimable", None, None, None, 0.887, None, unit="mg a week"),
        _part(names[1], "mae", "different", 2.76, 1.86, 3.66, 0.887, None, unit="mg a week"),
        _part(names[2], "mae", "different", 5.45, 4.55, 6.35, 0.887, None, unit="mg a week"),
    )
    use = (
        _part(
            names[0],
            "VKORC1",
            "not_estimable",
            None,
            None,
            None,
            0.1,
            None,
            unit="SD of the output",
        ),
        _part(names[1], "VKORC1", "similar", 0.0, 0.0, 0.0, 0.1, None, unit="SD of the output"),
        _part(
            names[2],
            "weight_kg",
            "cannot_tell",
            0.06,
            -0.03,
            0.15,
            0.1,
            180.0,
            unit="SD of the output",
        ),
    )
    share = (
        _part("all groups", "eta squared", "different", 0.14, 0.11, 0.17, 0.1, None, unit="share"),
    )
    asked = "Does the model work equally well by race?"
    used = "Does it use the same features by race?"
    rest = "Among patients with the same outcome, how far does the output follow race?"
    told = "In Black patients the mean error is 2.76 mg a week larger than in White patients."
    return (
        Answer("q1", "performance", "race", asked, "different", False, told, mae),
        Answer("q2", "comparison", "race", used, "cannot_tell", False, "", use),
        Answer("q3", "reliance", "race", rest, "different", False, "", share),
    )


def _finding(number: int, kind: str, subject: str, verdict: Verdict, sentence: str) -> Finding:
    evidence = {"effect": 0.52, "low": 0.46, "high": 0.58, "p": 0.0005, "n": 1950.0}
    return Finding(
        f"f{number:04d}",
        kind,
        "race",
        "Black or African American against White",
        subject,
        "signed",
        "weekly dose",
        verdict,
        "act" if number == 0 else "watch",
        number == 0,
        "value",
        evidence,
        sentence,
    )


def findings() -> Findings:
    """Four findings, gravest first."""
    return Findings(
        (
            _finding(
                0,
                "performance",
                "mae",
                "different",
                "The mean absolute error is larger in Black or African American patients.",
            ),
            _finding(
                1,
                "comparison",
                "VKORC1",
                "different",
                "The attribution of VKORC1 differs; the groups have other genotypes.",
            ),
            _finding(
                2,
                "reliance",
                "race",
                "different",
                "Among patients with the same dose, 14 % of the output's variation follows race.",
            ),
            _finding(3, "comparison", "race", "different", "Race itself is an input of the model."),
        )
    )


def audit(
    levels: Sequence[str] = LEVELS,
    pairs: Sequence[tuple[str, str]] = PAIRS,
    subjects: Sequence[str] = SUBJECTS,
    model: str = "warfarin.pharmacogenetic",
) -> Audit:
    """The whole made audit."""
    card = ModelCard(
        model,
        "table",
        "square",
        "margin",
        "weekly dose",
        "mg a week",
        "a1b2c3d4e5f60718",
        "linear",
        "N Engl J Med 2009;360:753-764, appendix S1e",
        ("eval mode: not applicable", "rows are independent: 64 of 64 rows agree"),
    )
    people = CohortCard(
        "iwpc",
        4811,
        4811,
        17,
        "dose",
        "continuous",
        "row",
        ("site",),
        "0f1e2d3c4b5a6978",
        "International Warfarin Pharmacogenetics Consortium, CC BY-SA 4.0",
        (
            "1,445 rows without a stable dose or with missing height, weight or age were left out.",
            "No split was declared: held-out data were not shown.",
        ),
        (Step("rows without a stable dose", 1445), Step("rows of another split", None)),
    )
    curves = (
        dependence(subjects[0], levels),
        dependence(subjects[2], levels),
        dependence(subjects[3], levels, ("G/G", "A/G", "A/A", "unknown")),
        dependence(subjects[4], levels, ("*1/*1", "*1/*2", "*1/*3", "*2/*2", "unknown")),
    )
    return Audit(
        plan={"model": {"builtin": model}, "groups": {"race": {"column": "race"}}, "seed": 1},
        plan_digest="99887766554433221100",
        plan_fixed=False,
        model=card,
        cohort=people,
        compositions=(composition(levels),),
        performances=(performance(levels, pairs),),
        comparisons=(comparison(levels, pairs, subjects),),
        reliances=(reliance(levels, subjects),),
        dependences=curves,
        sensitivities=(sensitivity(levels),),
        flips=(flip(),),
        qualities=(quality(levels, pairs),),
        further=Further(),
        answers=answers(pairs),
        findings=findings(),
        verdict=Gate(
            "passed", 0, "No question was set to block; three primary questions were answered."
        ),
        warnings=("Black or African American against White speaks for the overlap population.",),
        provenance={
            "date": "2026-01-15",
            "seed": 1,
            "seconds": 12.5,
            "versions": {"evenlight": "0.1.0", "numpy": "2.4", "python": "3.11"},
        },
    )


def finite(values: Float) -> int:
    """How many of the values are numbers."""
    return int(np.isfinite(values).sum())
