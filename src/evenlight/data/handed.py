"""What a verb was handed over in place of a cohort or of attributions, and how to get these."""

from __future__ import annotations

from evenlight.data.attributions import Attributions
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.errors import AttributionError, CohortError

BUILD = "ev.Cohort(x, people, outcome=..., groups=[...])"


def need_cohort(value: object, call: str) -> None:
    """Raise CohortError for anything but a cohort; `call` is how the verb is called.

    >>> need_cohort(None, "audit(model, cohort)")
    Traceback (most recent call last):
    evenlight.errors.CohortError: cohort is None; call audit(model, cohort)
    """
    if isinstance(value, Cohort):
        return
    how = ""
    if hasattr(value, "obs") and hasattr(value, "var_names"):
        how = (
            ", with cohort = ev.tl.cohort(adata) after ev.tl.explain, or "
            "ev.Cohort.from_anndata(adata, outcome=..., unit=..., groups=[...])"
        )
    elif hasattr(value, "shape"):
        how = f", with cohort = {BUILD}"
    elif isinstance(value, Attributions | Predictions):
        how = ": the arguments are in another order"
    raise CohortError(f"cohort is {a_kind(value)}; call {call}{how}")


def need_attributions(value: object, call: str) -> None:
    """Raise AttributionError for anything but attributions.

    >>> need_attributions([], "compare(attributions, cohort, by=...)")
    Traceback (most recent call last):
    evenlight.errors.AttributionError: attributions is a list; call compare(attributions, cohort, \
by=...), with attributions = ev.explain(model, cohort), or ev.Attributions.from_arrays(values, \
rows=cohort.rows, features=cohort.features, output=..., base=...)
    """
    if isinstance(value, Attributions):
        return
    how = f", with attributions = ev.explain(model, cohort), or {FROM_ARRAYS}"
    if isinstance(value, Cohort):
        how = ": the arguments are in another order"
    raise AttributionError(f"attributions is {a_kind(value)}; call {call}{how}")


FROM_ARRAYS = (
    "ev.Attributions.from_arrays(values, rows=cohort.rows, features=cohort.features, output=..., "
    "base=...)"
)


def a_kind(value: object) -> str:
    """The kind of a thing with its article.

    >>> a_kind({}), a_kind([]), a_kind(None), a_kind(1)
    ('a dict', 'a list', 'None', 'an int')
    """
    if value is None:
        return "None"
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' or name == 'ndarray' else 'a'} {name}"
