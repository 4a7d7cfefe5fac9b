"""What people hand over at first in place of a cohort or attributions: errors say how to go on."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import evenlight as ev
from evenlight.api import report
from evenlight.auditing import audit
from evenlight.data.attributions import Attributions
from evenlight.data.coefficients import CoefficientTable
from evenlight.data.cohort import Cohort
from evenlight.errors import AttributionError, CohortError, InputError
from evenlight.explainers.explain import explain
from evenlight.measures.compare import compare
from evenlight.measures.decide import decide
from evenlight.measures.demographics import demographics
from evenlight.measures.perform import perform
from evenlight.measures.rely import rely
from evenlight.models.probe import prepare
from evenlight.probes.predict import predict

X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 2)), columns=["a", "b"])
X.index = X.index.map("p{:02d}".format)
PEOPLE = pd.DataFrame({"ill": np.arange(60) % 2, "sex": ["f", "f", "m", "m"] * 15}, index=X.index)
COHORT = Cohort(X, PEOPLE, outcome="ill", groups=["sex"], unit="row")
MODEL = CoefficientTable("risk", 0.0, {"a": 1.0, "b": 2.0}, link="logit")
MADE, SAID = explain(MODEL, COHORT), predict(MODEL, COHORT)
ADATA = SimpleNamespace(obs=PEOPLE, var_names=X.columns, X=X.to_numpy())


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        (lambda: audit(MODEL, X, PEOPLE), r"found \(Coeff.*, DataFrame, DataFrame\): call audit"),  # type: ignore[call-arg, arg-type]
        (lambda: audit(MODEL, X), r"cohort is a DataFrame; call audit.*= ev.Cohort\(x, people"),  # type: ignore[arg-type]
        (lambda: audit(MODEL, ADATA), r"a SimpleNamespace; call audit.*ev.tl.cohort\(adata\)"),  # type: ignore[arg-type]
        (lambda: explain(MODEL, X), r"cohort is a DataFrame; call explain\(model, cohort\)"),  # type: ignore[call-overload]
        (lambda: explain(MODEL, X.to_numpy()), "cohort is an ndarray; call explain"),  # type: ignore[call-overload]
        (lambda: predict(MODEL, X), r"cohort is a DataFrame; call predict\(model, cohort\)"),  # type: ignore[arg-type]
        (lambda: prepare(MODEL, MADE), "Attributions; call.*arguments are in another order"),  # type: ignore[arg-type]
        (lambda: compare(MADE, X, by="sex"), "cohort is a DataFrame; call"),  # type: ignore[arg-type]
        (lambda: perform(SAID, X, by="sex"), "cohort is a DataFrame; call"),  # type: ignore[arg-type]
        (lambda: decide(SAID, PEOPLE, by="sex"), "cohort is a DataFrame; call"),  # type: ignore[arg-type]
        (lambda: ev.export("a", "a", "junit"), r"write formats=\['junit'\]"),
        (lambda: ev.export(COHORT, "a", ["junit"]), r"of a Cohort: pass ev.audit"),  # type: ignore[arg-type]
    ],
)
def test_no_cohort_is_told_as_such(asked: Callable[[], object], message: str) -> None:
    """X and people, an AnnData, or arguments in another order: the call that was meant is named."""
    with pytest.raises(InputError, match=message):
        asked()


ALSO_ASKED: dict[str, object] = {
    "by": "sex", "sets": None, "suite": "mild", "attribute": "sex", "patches": (), "levels": (0, 1),
    "parameter": "size", "examples": {}, "against": {}, "layers": (), "training": COHORT,
    "baselines": {}, "attributions": MADE, "forks": (),
}  # fmt: skip
"""Whatever else verbs of a model and a cohort cannot do without."""

VERBS = [
    name
    for name in sorted(ev.__all__)
    if inspect.isfunction(verb := getattr(ev, name))
    and list(inspect.signature(verb).parameters)[:2] == ["model", "cohort"]
]


@pytest.mark.parametrize("name", VERBS)
def test_a_model_and_a_cohort_swapped_are_an_input_error(name: str) -> None:
    """Every public verb that takes them says so, and none trips over an attribute."""
    verb = getattr(ev, name)
    asked = inspect.signature(verb).parameters
    more = {
        key: ALSO_ASKED[key]
        for key, own in list(asked.items())[2:]
        if own.default is own.empty and own.kind is own.KEYWORD_ONLY
    }
    by_place = [
        ALSO_ASKED[key]
        for key, own in list(asked.items())[2:]
        if own.default is own.empty and own.kind is own.POSITIONAL_OR_KEYWORD
    ]
    with pytest.raises(InputError):
        verb(COHORT, MODEL, *by_place, **more)


@pytest.mark.parametrize("name", ["contrasts", "swap", "erase", "worst", "occluded", "flip"])
def test_a_cohort_in_another_place_is_named(name: str) -> None:
    """The error says what stands in its place, and how the verb is called."""
    more: dict[str, dict[str, object]] = {
        "occluded": {"sets": None},
        "worst": {"suite": "mild", "by": "sex"},
        "swap": {"sets": None, "by": "sex"},
        "contrasts": {},
    }
    own = more.get(name, {"attribute": "sex"} if name == "flip" else {"by": "sex"})
    with pytest.raises(CohortError, match=rf"cohort is a Coeff.*; call {name}\(model, cohort"):
        getattr(ev, name)(COHORT, MODEL, **own)


@pytest.mark.parametrize("verb", [compare, rely])
def test_no_attributions_are_told_as_such(verb: Callable[..., object]) -> None:
    """Swapped arguments, and an array, are named with the call."""
    with pytest.raises(
        AttributionError, match=r"a Cohort; call.*the arguments are in another order"
    ):
        verb(COHORT, MADE, by="sex")
    with pytest.raises(AttributionError, match=r"an ndarray; call.*Attributions.from_arrays"):
        verb(MADE.values, COHORT, by="sex")


def test_decisions_need_predictions() -> None:
    """Attributions have no response to act on."""
    with pytest.raises(InputError, match=r"not of Attributions: pass ev.predict\(model, cohort\)"):
        decide(MADE, COHORT, by="sex")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "values",
    [np.zeros((60, 2)), np.zeros((60, 2, 2)), [np.zeros((60, 2))] * 2, X],
)
def test_bare_values_of_shap_lead_to_from_arrays(values: object) -> None:
    """What `shap_values` gives, and a table of it, has neither base nor names of its own."""
    with pytest.raises(AttributionError, match=r"wanted a shap.Explanation.*from_arrays") as seen:
        Attributions.from_shap(values, COHORT, output=SAID.margin)
    several = np.ndim(values) > 2  # type: ignore[arg-type]
    assert ("interaction values" in str(seen.value)) == several


@pytest.mark.parametrize("fields", [["sex"], "sex", {"sex": ["sex"]}])
def test_fields_are_named_with_their_columns(fields: object) -> None:
    """A list of columns does not say what each reports."""
    with pytest.raises(InputError, match=r'fields={"ancestry": "race"}; the fields are ancestry'):
        demographics(COHORT, fields=fields)  # type: ignore[arg-type]


def test_a_cohort_error_is_an_input_error_with_its_exit_code() -> None:
    """The command line returns 2 for it."""
    with pytest.raises(CohortError) as seen:
        predict(MODEL, None)  # type: ignore[arg-type]
    assert seen.value.exit_code == 2


@pytest.mark.parametrize("given", [COHORT, ADATA, compare(MADE, COHORT, by="sex")])
def test_a_page_is_of_an_audit(given: object, tmp_path: Path) -> None:
    """A comparison, an AnnData or a table of people has no page; nothing is written for it."""
    with pytest.raises(InputError, match=r"a report is of an Audit, not of an? \w+: pass ev.audit"):
        report(given, tmp_path / "page")  # type: ignore[arg-type]
    assert not (tmp_path / "page").exists()


def test_an_audit_is_exported_from_its_folder(tmp_path: Path) -> None:
    """The folder of an audit stands for it, as `verify` and `diff` take it."""
    made = audit(MADE, COHORT)
    made.save(tmp_path / "audit")
    by_path = ev.export(tmp_path / "audit", tmp_path / "audit", ["junit"])
    assert by_path == ev.export(made, tmp_path / "audit", ["junit"])
