"""Methods of shap under our checks: margin of one target, numpy's generator left alone, residual.

For users who want them, and for tests of our own engine. Rows are explained one by one where shap
draws, with draws that belong to the row's id.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import shap
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, ModelError
from evenlight.explainers.assemble import Explained, record
from evenlight.explainers.background import Reference
from evenlight.explainers.borrowed import Margin, task
from evenlight.explainers.draws import row_keys
from evenlight.explainers.forests import unsuited
from evenlight.models.probe import Prepared, prepare

VERSION = str(shap.__version__)

MOST_FEATURES = 4096
"""More features than this take too many calls of the model."""


def kernel(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    samples: int | None = None,
    l1_reg: str | float = 0,
) -> Attributions:
    """Kernel SHAP (Lundberg and Lee 2017): a weighted regression over coalitions, row by row.

    `samples` coalitions a row (shap's own 2 p + 2048 if None). `l1_reg` is off: shap's default
    keeps ten features and is far off where features interact. It adds up by construction.

    Raises ModelError for too many features.
    """
    prepared = prepare(model, cohort, target=target)
    margin, backs = _flat(prepared, cohort, background)
    settings = {"samples": samples or "auto", "l1_reg": l1_reg}
    with _quiet():
        made = shap.KernelExplainer(margin, backs)

        def one(row: Float) -> Float:
            said = made.shap_values(row, nsamples=samples or "auto", l1_reg=l1_reg, silent=True)
            return np.asarray(said, dtype=np.float64).reshape(-1)

        values = _rows(cohort, rng, one)
    return _recorded("shap.kernel", prepared, cohort, background, values, settings)


def permutation(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    walks: int = 2,
) -> Attributions:
    """Shap's PermutationExplainer: walks forth and back over all background rows at once.

    `walks` a row; `spread` is the standard error over them (absent for one).

    Raises ModelError for too many features, or no walk.
    """
    if walks < 1:
        raise ModelError(f"walks={walks}; wanted at least 1")
    prepared = prepare(model, cohort, target=target)
    margin, backs = _flat(prepared, cohort, background)
    p = backs.shape[1]
    with _quiet():
        masker = shap.maskers.Independent(backs, max_samples=len(backs))
        made = shap.PermutationExplainer(margin, masker)

        def one(row: Float) -> Float:
            said = [made(row[None], max_evals=2 * p + 1, silent=True).values for _ in range(walks)]
            return np.asarray(said, dtype=np.float64).reshape(walks, p)

        every = _rows(cohort, rng, one)
    spread = every.std(axis=1, ddof=1) / np.sqrt(walks) if walks > 1 else None
    settings = {"walks": walks}
    return _recorded(
        "shap.permutation", prepared, cohort, background, every.mean(axis=1), settings, spread
    )


def tree(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
) -> Attributions:
    """Shap's TreeExplainer, interventional. "trees" gives the same values sooner.

    shap compares in float32 where histogram gradient boosting compares in float64. So rows are
    rounded to float32 where that leaves the margin as it is.

    Raises
    ------
    ModelError
        for a model without trees.
    AttributionError
        where any row misses completeness.
    """
    prepared = prepare(model, cohort, target=target)
    why = unsuited(prepared.adapted)
    if why:
        raise ModelError(f'{why}; say method="shapley", which asks any model')
    x, backs, rounded = _rounded(prepared, cohort.dense(), background.rows)
    estimator = prepared.adapted.estimator
    last = estimator.steps[-1][1] if hasattr(estimator, "steps") else estimator
    try:
        with _quiet():
            made = shap.TreeExplainer(last, backs, feature_perturbation="interventional")
            said = np.asarray(made.shap_values(x, check_additivity=False), dtype=np.float64)
    except NotImplementedError as error:
        raise ModelError(f'shap says: {error} Say method="trees"') from error
    values = said if said.ndim == 2 else said[:, :, _output(prepared, said.shape[2])]
    if said.ndim == 2 and len(prepared.adapted.targets) == 2 and prepared.column == 0:
        values = -said  # shap tells of the second of two classes
    found = _recorded(
        "shap.tree", prepared, cohort, background, values, {"rounded_to_float32": rounded}
    )
    if not found.converged.all():
        raise AttributionError(
            f"shap's values miss completeness by more than 1 % in {int((~found.converged).sum())} "
            f"of {cohort.n} rows (largest residual {np.abs(found.error).max():.3g}); say "
            'method="trees", which reads thresholds as they are'
        )
    return found


def gradient(
    model: object,
    cohort: Cohort,
    *,
    target: int | str | None,
    background: Reference,
    rng: np.random.Generator,
    device: str = "cpu",
    samples: int = 200,
) -> Attributions:
    """Shap's GradientExplainer: expected gradients over the background rows.

    `samples` points a row; `spread` is their standard error, from the variance that shap gives (it
    divides by the root of the number of points). Attributions add up in expectation only: the
    residual is recorded and no row is refused.
    """
    with task(model, cohort, target, background) as one, _quiet():
        made = shap.GradientExplainer(_Column(one.net), one.tensor(background.rows))
        keys = row_keys(int(rng.integers(2**63)), cohort.rows)
        values, spread = np.empty((2, cohort.n, *cohort.x.shape[1:]))
        for part, x in cohort.blocks(1):
            seed = int(keys[part.start, 0] % 2**32)
            said, variance = made.shap_values(
                one.tensor(x), nsamples=samples, rseed=seed, return_variances=True
            )
            values[part] = np.asarray(said).reshape(x.shape)
            spread[part] = np.sqrt(np.asarray(variance).reshape(x.shape) / np.sqrt(samples))
        base = float(one.prepared.margin(background.rows).mean())
        return one.record(
            "shap.gradient", values, base, samples=samples, spread=spread, shap=VERSION,
            complete=False,
        )  # fmt: skip


class _Column(nn.Module):
    """A margin (m, 1) for shap, which asks for a column and gives rows in float32."""

    def __init__(self, margin: Margin) -> None:
        super().__init__()
        self._margin = margin

    def forward(self, x: Tensor) -> Tensor:
        """Rows (m, *s) to margins (m, 1)."""
        margin: Tensor = self._margin(x.to(self._margin.dtype))
        return margin[:, None]


@contextmanager
def _quiet() -> Iterator[None]:
    """Numpy's global generator, from which shap draws, put back; shap's own warnings unheard."""
    state = np.random.get_state()  # noqa: NPY002  the user's generator is what we protect
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="shap")
            yield
    finally:
        np.random.set_state(state)  # noqa: NPY002  as above


def _flat(
    prepared: Prepared, cohort: Cohort, background: Reference
) -> tuple[Callable[[Float], Float], Float]:
    """The margin of flat rows (m, p), and the background's rows (b, p)."""
    shape = cohort.x.shape[1:]
    p = int(np.prod(shape))
    if p > MOST_FEATURES:
        raise ModelError(f'{p} features take too many model calls; say method="shapley" or "ig"')

    def margin(rows: Float) -> Float:
        return prepared.margin(np.asarray(rows, dtype=np.float64).reshape(-1, *shape))

    return margin, background.rows.reshape(len(background.rows), p)


def _rows(cohort: Cohort, rng: np.random.Generator, one: Callable[[Float], Float]) -> Float:
    """What `one` says of each flat row, with numpy's global generator seeded by the row's id."""
    keys = row_keys(int(rng.integers(2**63)), cohort.rows)
    said = []
    for part, x in cohort.blocks(1):
        np.random.seed(int(keys[part.start, 0] % 2**32))  # noqa: NPY002  shap draws from it
        said.append(one(x.reshape(-1)))
    return np.stack(said)


def _rounded(prepared: Prepared, x: Float, backs: Float) -> tuple[Float, Float, bool]:
    """Rows and background in float32 precision, if that leaves every margin as it is."""
    both = [np.asarray(rows, dtype=np.float32).astype(np.float64) for rows in (x, backs)]
    same = np.array_equal(prepared.margin(both[0]), prepared.output)
    same = same and np.array_equal(prepared.margin(both[1]), prepared.margin(backs))
    return (both[0], both[1], True) if same else (x, backs, False)


def _output(prepared: Prepared, outputs: int) -> int:
    """The column of shap's outputs that is the target: of two classes the second."""
    return 1 if outputs == 2 and len(prepared.adapted.targets) == 1 else prepared.column


def _recorded(
    name: str, prepared: Prepared, cohort: Cohort, background: Reference, values: Float,
    settings: dict[str, Any], spread: Float | None = None,
) -> Attributions:  # fmt: skip
    shape = (cohort.n, *cohort.x.shape[1:])
    found = Explained(
        name, values.reshape(shape), float(prepared.margin(background.rows).mean()),
        {"shap": VERSION, "device": "cpu", "complete": True, **settings},
        spread=None if spread is None else spread.reshape(shape),
    )  # fmt: skip
    return record(found, prepared, cohort, background)
