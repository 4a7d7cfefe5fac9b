"""Plain functions as models: x (n, *s) in, (n,), (n, 1) or (n, t) out."""

from __future__ import annotations

from collections.abc import Callable

from evenlight.arrays import Float
from evenlight.data.outcome import Kind as Outcome
from evenlight.errors import ModelError
from evenlight.models import outputs
from evenlight.models.adapted import Adapted, Declared


def adapt_function(model: Callable[[Float], object], declared: Declared) -> Adapted:
    """A function as a model; link and number of targets are decided on data.

    Raises ModelError where it takes rows for a table with named columns.
    """
    name = getattr(model, "__name__", type(model).__name__)

    def settle(x: Float, names: tuple[str, ...] | None, outcome: Outcome | None) -> Adapted:
        def raw(rows: Float) -> Float:
            return outputs.as_columns(_asked(model, rows, name), len(rows), name=name)

        seen = raw(x)
        link = outputs.decide_link(seen, declared, outcome)
        outputs.check_outputs(seen, link, declared.gives)
        gives = declared.gives or "margin"
        targets = outputs.target_names(seen.shape[1], declared.targets)
        return Adapted(
            name, "callable", lambda rows: outputs.margin_from(raw(rows), link, gives), link,
            targets=targets, features=declared.features, unit=declared.unit, gives=gives,
        )  # fmt: skip

    return Adapted(
        name, "callable", link=declared.link, features=declared.features, unit=declared.unit,
        settle=settle,
    )  # fmt: skip


def _asked(model: Callable[[Float], object], rows: Float, name: str) -> object:
    try:
        return model(rows)
    except (IndexError, KeyError, AttributeError) as error:
        raise ModelError(
            f"{name} failed on {len(rows)} rows ({type(error).__name__}: {error}); a function of x "
            f"gets an array of shape {rows.shape}, no table: take column j as x[:, j], or wrap it: "
            "lambda x: f(pd.DataFrame(x, columns=list(cohort.features.names)))"
        ) from error
