"""What is checked about a model before any work, so that no wrong number is ever computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from evenlight.arrays import Bool, Float, Text
from evenlight.data.align import match
from evenlight.data.cohort import Cohort
from evenlight.data.digits import percent
from evenlight.data.handed import need_cohort
from evenlight.data.other_features import other_features
from evenlight.errors import ModelError
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.classes import check_event, coded, event_column
from evenlight.models.listed import unlisted
from evenlight.models.misread import told_misread
from evenlight.models.networks import forward, kept

ROWS = 1000
"""Most rows on which link and scale are decided."""

BATCH = 64
"""Rows of the batch in which a few rows are compared with themselves alone."""

SAMPLE = 2**27
"""Bytes that such rows take at most, but for the first few."""

FEW = 4
"""Rows that are looked at however large they are."""


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model that fits its cohort: one fixed target, checked, with its margin (n,) there.

    `cohort_digest` names the cohort, so that work done once is never done again for it; `rows` (n,)
    are its row ids in the order of `output`.
    """

    adapted: Adapted
    column: int
    output: Float
    checked: tuple[str, ...]
    cohort_digest: str = ""
    rows: Text = field(default_factory=lambda: np.zeros(0, dtype=np.str_))

    @property
    def target(self) -> str:
        """The target's name."""
        return self.adapted.targets[self.column]

    def margin(self, x: Float) -> Float:
        """Margin (m,) of the target for rows x (m, *s)."""
        return self.adapted.margin(x)[:, self.column]


def settled(model: object, cohort: Cohort) -> Adapted:
    """`model` adapted, with link, scale and targets decided on the cohort.

    Raises ModelError where its features are not exactly the cohort's, in the same order.
    """
    need_cohort(cohort, "it with (model, cohort)")
    adapted = model.adapted if isinstance(model, Prepared) else adapt(model)
    _same_features(adapted, cohort)
    if adapted.settle is None:
        return adapted
    rows = _first(cohort, ROWS)
    try:
        return adapted.settle(rows, cohort.features.names, cohort.outcome_kind)
    except ValueError as error:
        if isinstance(error, ModelError) or not cohort.gaps:
            raise
        raise ModelError(
            f"{adapted.name} takes no missing values ({str(error).splitlines()[0]}); build the "
            'cohort with missing="median" or missing="drop"'
        ) from error


def probe(adapted: Adapted, cohort: Cohort, target: int | str | None = None) -> tuple[str, ...]:
    """What was checked, as sentences.

    Raises ModelError for other features, a target out of range, outputs that are random in eval
    mode, that depend on the other rows of a batch, or that are not finite.
    """
    return prepare(adapted, cohort, target=target).checked


def prepare(model: object, cohort: Cohort, *, target: int | str | None = None) -> Prepared:
    """`model` adapted, settled and probed on the cohort for one target.

    A `Prepared` of the same cohort (by digest) and target is returned, in the order of its rows; of
    another cohort or target, its model is prepared anew (with its own target where none is named).

    Raises ModelError as `probe` does.
    """
    if not isinstance(model, Prepared):
        return _prepared(model, cohort, [target])[0]
    wanted = model.column if target is None else _column(model.adapted, cohort, target)
    if wanted == model.column and model.cohort_digest == cohort.digest:
        if np.array_equal(model.rows, cohort.rows):
            return model
        at = match(model.rows, cohort.rows, what="the prepared model")
        return replace(model, output=model.output[at], rows=cohort.rows)
    return _prepared(model, cohort, [wanted])[0]


def prepare_all(
    model: object, cohort: Cohort, targets: Sequence[int | str]
) -> tuple[Prepared, ...]:
    """`prepare` for several targets, in their order: the probes and the forward pass run once.

    Raises ModelError for an empty list, a target named twice, and as `probe` does.

    >>> import pandas as pd
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(np.array([[1.0, 2.0], [3.0, 4.0]]), people)
    >>> both = prepare_all(lambda x: x, cohort, ["1", 0])
    >>> [made.target for made in both], both[0].output.tolist()
    (['1', '0'], [2.0, 4.0])
    """
    if isinstance(targets, str) or not len(targets):
        raise ModelError(f"targets is {targets!r}; list one or more names or positions")
    return _prepared(model, cohort, targets)


def _prepared(
    model: object, cohort: Cohort, targets: Sequence[int | str | None]
) -> tuple[Prepared, ...]:
    adapted = settled(model, cohort)
    columns = [_column(adapted, cohort, target) for target in targets]
    _once(adapted, columns)
    sample = _first(cohort, BATCH)
    checked = [*adapted.notes, *_mode(adapted)]
    checked.append(_steady(adapted, sample))
    output = _outputs(adapted, cohort, columns)
    checked.append(_finite(output))
    for margin in output:
        told_misread(adapted, cohort, margin)
    checked.append(_independent(adapted, sample, columns))
    checked += unlisted(adapted, cohort)
    told = [(*checked, _which(adapted, cohort, column)) for column in columns]
    return tuple(
        Prepared(adapted, column, margin, lines, cohort.digest, cohort.rows)
        for column, margin, lines in zip(columns, output, told, strict=True)
    )


def _first(cohort: Cohort, most: int) -> Float:
    """The first rows by id, at most so many; fewer of large images, so that volumes find room."""
    many = SAMPLE // (8 * max(1, int(np.prod(cohort.x.shape[1:]))))
    return cohort.dense(cohort.order[: min(most, max(FEW, many))])


def _once(adapted: Adapted, columns: Sequence[int]) -> None:
    for column in columns:
        if columns.count(column) > 1:
            raise ModelError(f"target {adapted.targets[column]!r} is listed twice; name it once")


def _which(adapted: Adapted, cohort: Cohort, column: int) -> str:
    names, chosen = ", ".join(adapted.targets[:20]), adapted.targets[column]
    told = f"Target {chosen!r} is one of {len(adapted.targets)} ({names})."
    if cohort.outcome_kind != "binary" or len(adapted.targets) != 2 or coded(adapted.targets):
        return told
    return f"{told} Outcome {cohort.outcome!s} = 1 is read as {chosen!r}."


def _outputs(adapted: Adapted, cohort: Cohort, columns: Sequence[int]) -> Float:
    """Margins (q, n) of q targets, block by block."""
    output = np.empty((len(columns), cohort.n))
    for part, x in cohort.blocks():
        try:
            output[:, part] = adapted.margin(x)[:, columns].T
        except ModelError as error:
            if part.start == 0:
                raise
            raise ModelError(f"in the rows from position {part.start} on: {error}") from error
    return output


def target_column(adapted: Adapted, target: int | str | None) -> int:
    """The column of `target`, a name or a position; the only one if there is one.

    Raises ModelError with the shape and the valid range; never the last column for -1.
    """
    names = adapted.targets
    t = len(names)
    known = ", ".join(repr(name) for name in names[:20]) + (", ..." if t > 20 else "")
    if target is None:
        if t == 1:
            return 0
        raise ModelError(
            f"{adapted.name} has {t} targets; name one of {known} with target=, or in a plan with "
            "[model] target"
        )
    if isinstance(target, str) and target in names:
        return names.index(target)
    whole = isinstance(target, int | np.integer) and not isinstance(target, bool)
    if whole and 0 <= int(target) < t:
        return int(target)
    if t == 1:
        raise ModelError(
            f"target {target!r}: {adapted.name} has the one target {known}, as a name or as "
            "position 0; leave target= out"
        )
    raise ModelError(
        f"target {target!r}: {adapted.name} gives (n, {t}), so target is 0 to {t - 1}, "
        f"or one of {known}"
    )


def _column(adapted: Adapted, cohort: Cohort, target: int | str | None) -> int:
    """The column of `target`; of two classes the one that the cohort's outcome records as 1."""
    binary = cohort.outcome_kind == "binary"
    if target is None and cohort.event in adapted.targets:
        return adapted.targets.index(cohort.event)
    pair = adapted.targets if hasattr(adapted.estimator, "classes_") else ()
    if target is None and len(pair) == 2:
        outcome = str(cohort.outcome) if binary else ""
        return event_column(adapted.name, (pair[0], pair[1]), outcome=outcome)
    column = target_column(adapted, target)
    if binary:
        check_event(adapted.targets[column], adapted.targets, event=cohort.event)
    return column


def _same_features(adapted: Adapted, cohort: Cohort) -> None:
    wanted = adapted.features
    if wanted is None or wanted == cohort.features.names:
        return
    raise ModelError(
        f"{adapted.name} was trained on other features than the cohort has: "
        f"{other_features(wanted, cohort)}"
    )


def _mode(adapted: Adapted) -> list[str]:
    if adapted.module is None or not any(part.training for part in adapted.module.modules()):
        return []
    return [
        "The network was handed over in train mode; it was explained in eval mode and handed back "
        "in train mode."
    ]


def _steady(adapted: Adapted, x: Float) -> str:
    if adapted.module is None:
        first, second = adapted.margin(x), adapted.margin(x)
    else:
        with kept(adapted.module) as module:
            first, second = (forward(module, x, adapted.codes) for _ in range(2))
    if not np.array_equal(first, second, equal_nan=True) and not _close(first, second, 1e-6):
        where = "even in eval mode" if adapted.module is not None else "from call to call"
        raise ModelError(
            f"{adapted.name} is random {where}: the same {len(x)} rows gave outputs that differ by "
            f"{np.nanmax(np.abs(first - second)):.3g}; switch its sampling or dropout off"
        )
    return "The same rows give the same outputs."


def _finite(output: Float) -> str:
    bad: Bool = np.any(~np.isfinite(output), axis=0)
    if bad.any():
        raise ModelError(
            f"the model's output is not finite in {percent(float(bad.mean()), places=1)} of rows "
            f"({int(bad.sum())} of {len(bad)}, first at positions "
            f"{np.flatnonzero(bad)[:3].tolist()}); look at these rows, scale "
            "the inputs, or compute in float64"
        )
    return f"The outputs of all {len(bad)} rows are finite."


def _independent(adapted: Adapted, x: Float, columns: Sequence[int]) -> str:
    at = np.unique(np.linspace(0, len(x) - 1, 4).astype(int))
    together = adapted.margin(x)[at][:, columns]
    try:
        alone = np.concatenate([adapted.margin(x[i : i + 1])[:, columns] for i in at])
    except (ValueError, RuntimeError, IndexError) as error:
        if isinstance(error, ModelError):
            raise
        raise ModelError(
            f"{adapted.name} fails on a single row ({error}); use fixed statistics in place of the "
            "batch's, and keep the first axis for rows"
        ) from error
    if not all(_close(a, b, 1e-3) for a, b in zip(together.T, alone.T, strict=True)):
        raise ModelError(
            f"{adapted.name} mixes the rows of a batch: {len(at)} rows alone differ by up to "
            f"{np.abs(together - alone).max():.3g} from the same rows among {len(x)}; use fixed "
            "statistics in place of the batch's, and no attention across rows"
        )
    return f"{len(at)} rows alone give the same outputs as among {len(x)} rows."


def _close(a: Float, b: Float, tolerance: float) -> bool:
    return bool((np.abs(a - b) <= tolerance * (np.abs(a) + np.std(a) + 1e-9)).all())
