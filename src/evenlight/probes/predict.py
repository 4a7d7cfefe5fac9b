"""The model's output for every row."""

from __future__ import annotations

from evenlight.data.cohort import Cohort
from evenlight.data.handed import need_cohort
from evenlight.data.probed import Predictions
from evenlight.models.probe import prepare
from evenlight.probes.embedded import Embeddings


def predict(model: object, cohort: Cohort, *, target: int | str | None = None) -> Predictions:
    """Margin and response (n,) of one target.

    `ev.Embeddings` answer by the head that has not seen the row's unit.

    Raises ModelError where the model does not fit the cohort (see `evenlight.models.probe`).

    >>> import pandas as pd
    >>> from evenlight.data.coefficients import CoefficientTable
    >>> people = pd.DataFrame({"sex": ["f", "m"]}, index=["a", "b"])
    >>> cohort = Cohort(pd.DataFrame({"age": [1.0, 3.0]}, index=["a", "b"]), people)
    >>> said = predict(CoefficientTable("dose", 0.0, {"age": 2.0}, link="square"), cohort)
    >>> said.margin.tolist(), said.response.tolist()
    ([2.0, 6.0], [4.0, 36.0])
    """
    need_cohort(cohort, "predict(model, cohort)")
    if isinstance(model, Embeddings):
        prepared = model.audited(cohort, target=target).model
    else:
        prepared = prepare(model, cohort, target=target)
    adapted = prepared.adapted
    return Predictions(
        cohort.rows, prepared.output, adapted.respond(prepared.output), prepared.target,
        str(adapted.link), adapted.scale, adapted.name, adapted.unit, adapted.score_only,
    )  # fmt: skip
