"""How names are shown to people: nothing hidden, nothing too long."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

from evenlight.language import spoken

LONGEST = 80
"""Most characters of a name that are shown; the middle is cut."""

LONGEST_TITLE = 1_000
"""Most characters that a title (what a pointer shows beside a name that was cut) holds."""

LONGEST_NAME = 16_384
"""Most characters of a name, label or id that are taken at all."""

_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: object) -> str:
    """The text with control, bidirectional, private and lone surrogate characters spelled out.

    >>> visible("a" + chr(0x202E) + "b" + chr(0))
    'a[U+202E]b[U+0000]'
    """
    whole = str(text)
    if whole.replace("\u00a0", " ").isprintable():
        return whole
    return "".join(_spelled(c) for c in whole)


def short(text: object, longest: int = LONGEST) -> str:
    """The visible text, cut in the middle to at most `longest` characters.

    >>> short("a" * 100, 9)
    'aaaa…aaaa'
    """
    whole = visible(text)
    if len(whole) <= longest:
        return whole
    tail = (longest - 1) // 2
    return f"{whole[: longest - 1 - tail]}…{whole[len(whole) - tail :]}"


def titled(text: object) -> str:
    """The visible text of a title: whole, unless it is longer than any reader reads.

    >>> titled("a"), len(titled("a" * 5000))
    ('a', 1000)
    """
    return short(text, LONGEST_TITLE)


def overlong(names: Iterable[object]) -> int | None:
    """The position of the first name, label or id that is too long to be taken; None without any.

    >>> overlong(["a", "b" * 20_000])
    1
    """
    long = (i for i, name in enumerate(names) if isinstance(name, str) and len(name) > LONGEST_NAME)
    return next(long, None)


def first(names: Sequence[object], most: int = 3) -> str:
    """The first of many names, each short, and that there are more.

    >>> first(["a", "b", "c", "d"]), first(["a", "b"])
    ('a, b, c, ...', 'a, b')
    """
    told = ", ".join(short(name, 40) for name in names[:most])
    return told + (", ..." if len(names) > most else "")


def versus(pair: tuple[str, str]) -> str:
    """A contrast of two levels in words, each short.

    >>> versus(("B", "A"))
    'B against A'
    """
    return spoken("{level} against {reference}", level=short(pair[0]), reference=short(pair[1]))


def _spelled(character: str) -> str:
    if unicodedata.category(character) in _HIDDEN:
        return f"[U+{ord(character):04X}]"
    return character


METRICS = {
    "mae": "mean absolute error",
    "bias": "bias (predicted minus observed)",
    "within_20": "share within 20 %",
    "r2": "R²",
    "auroc": "AUROC",
    "auprc": "AUPRC",
    "brier": "Brier score",
    "sensitivity": "sensitivity",
    "specificity": "specificity",
    "calibration_slope": "calibration slope",
    "calibration_intercept": "calibration intercept",
    "observed_expected": "observed over expected events",
    "miscalibration": "Brier score from miscalibration",
    "ppv": "positive predictive value",
    "npv": "negative predictive value",
    "missed": "false-negative rate",
    "false_alarms": "false-positive rate",
    "call_rate": "call rate",
    "net_benefit": "net benefit",
    "concordance": "concordance (Harrell)",
    "concordance_uno": "concordance (Uno)",
    "pairs_agree": "share of pairs of ratings that agree",
    "alpha": "Krippendorff's alpha",
    "kappa": "Cohen's kappa",
    "dice": "Dice",
    "iou": "intersection over union",
    "unconverged": "share of rows that did not converge",
    "residual": "residual of the sum, median row",
    "residual_tail": "residual of the sum, 95th percentile",
    "noise": "Monte Carlo error",
    "deletion": "deletion score",
    "insertion": "insertion score",
    "stability": "change under small noise",
    "background": "change with another background",
    "agreement": "distance to a second method",
    "sanity": "likeness to re-drawn weights",
}
"""What people read for each metric of performance, and of the quality of explanations."""


def metric_name(metric: str) -> str:
    """The metric in words; one without words keeps its name.

    >>> metric_name("mae"), metric_name("own_score")
    ('mean absolute error', 'own_score')
    """
    return spoken(METRICS[metric]) if metric in METRICS else metric


SUBJECTS = {
    "": "every feature",
    "eta_squared": "all features together",
    "unsupported_share": "features without support",
}
"""What people read for subjects that are no feature of their own."""


def subject_name(subject: str, measure: str) -> str:
    """The subject of a measure in words: a metric, a feature, or several together.

    >>> subject_name("mae", "performance"), subject_name("", "use"), subject_name("age", "use")
    ('mean absolute error', 'every feature', 'age')
    """
    if measure == "performance":
        return short(metric_name(subject))
    if measure == "map":
        return spoken("all positions")
    return spoken(SUBJECTS[subject]) if subject in SUBJECTS else short(subject)
