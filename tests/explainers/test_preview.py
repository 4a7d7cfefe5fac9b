"""A first look, how far it is, and SmoothGrad."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

import evenlight as ev
from evenlight.errors import AttributionError, EvenlightWarning, ModelError
from evenlight.explainers import preview as previews
from evenlight.explainers.device import halving, in_precision, placed
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.probe import settled
from evenlight.progress import Pace, paced
from tests.zoo import layers

X = np.random.default_rng(0).normal(size=(300, 5))
PEOPLE = pd.DataFrame({"sex": np.tile(["f", "m"], 150)}, index=[f"r{i:03d}" for i in range(300)])
COHORT = ev.Cohort(X, PEOPLE, list("abcde"), groups=["sex"])


def test_a_preview_explains_some_rows_and_forecasts_the_rest() -> None:
    """At most 200 rows, with the same numbers as the whole, and never a verdict."""
    module = layers(5, 6, 1, activation=nn.Tanh)
    seen = ev.preview(module, COHORT)
    assert seen.attributions.n == previews.ROWS < seen.rows == 300
    whole = explain(module, COHORT)
    place = {row: i for i, row in enumerate(whole.rows)}
    index = [place[row] for row in seen.attributions.rows]
    np.testing.assert_allclose(seen.attributions.values, whole.values[index], atol=1e-5)
    assert seen.whole_bytes == whole.values.nbytes
    assert seen.whole_seconds >= 0
    for shown in (repr(seen), seen._repr_html_()):
        assert "Preview, no verdict: 200 of 300 rows" in shown
    assert set(seen.to_frame()["feature"]) == set("abcde")


def test_a_slow_model_gets_few_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where four rows take the time there is, four rows are what is shown."""
    monkeypatch.setattr(previews, "SECONDS", 0.0)
    seen = ev.preview(layers(5, 6, 1), COHORT)
    assert seen.attributions.n == previews.FIRST
    assert seen.whole_seconds > 0


def test_a_slow_start_costs_a_preview_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first rows pay for the start (compiling, imports), all rows that fit are shown."""
    clock = iter([0.0, 0.0, 2.0, 2.0, 2.1, 2.1, 2.1, 2.3, 2.3, 2.3])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    asked: list[int] = []

    def quick(model: object, cohort: ev.Cohort, **_: object) -> ev.Attributions:
        asked.append(cohort.n)
        n = cohort.n
        return ev.Attributions.from_arrays(
            np.zeros((n, 5)),
            rows=list(cohort.rows),
            features=list("abcde"),
            output=np.zeros(n),
            base=0.0,
        )

    monkeypatch.setattr(previews, "explain", quick)
    seen = ev.preview(layers(5, 6, 1), COHORT)
    assert seen.attributions.n == previews.ROWS
    assert asked == [4, 4, 200]
    assert seen.whole_seconds == pytest.approx(0.1 + 0.1 * 296 / 196)


def test_a_start_that_takes_all_the_time_is_no_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trees compiled for 9 s explain 300 rows in a second: no forecast of eleven minutes."""
    clock = iter([0.0, 0.0, 9.0, 9.0, 9.02, 9.02, 9.02, 9.5, 9.5, 9.5])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    asked: list[int] = []

    def quick(model: object, cohort: ev.Cohort, **_: object) -> ev.Attributions:
        asked.append(cohort.n)
        n = cohort.n
        zeros = np.zeros((n, 5))
        return ev.Attributions.from_arrays(
            zeros, rows=list(cohort.rows), features=list("abcde"), output=zeros[:, 0], base=0.0
        )

    monkeypatch.setattr(previews, "explain", quick)
    seen = ev.preview(layers(5, 6, 1), COHORT)
    assert asked[:2] == [4, 1]
    assert asked[2] > previews.FIRST
    assert seen.whole_seconds < 5


def test_a_slow_first_call_is_not_in_the_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that loads for a second, once, adds nothing to what all rows would take."""
    called: list[int] = []

    def loading(model: object, cohort: ev.Cohort, **own: Any) -> ev.Attributions:
        called.append(cohort.n)
        if len(called) == 1:
            time.sleep(1.0)
        made: ev.Attributions = explain(model, cohort, **own)
        return made

    monkeypatch.setattr(previews, "explain", loading)
    seen = ev.preview(lambda x: x.sum(axis=1), COHORT, method="occlusion")
    assert seen.attributions.n == previews.ROWS
    assert seen.whole_seconds < 1.0 < seen.seconds


def test_a_preview_reads_a_model_as_the_whole_cohort_does() -> None:
    """A margin that lies between 0 and 1 in the few rows tried first is no probability."""
    x = np.full((300, 1), 0.5)
    x[::10] = 9.0
    people = PEOPLE.assign(y=np.tile([0, 1], 150))
    cohort = ev.Cohort(x, people, ["a"], outcome="y", groups=["sex"], unit="row")
    for seed in range(3):
        assert ev.preview(lambda rows: rows[:, 0], cohort, seed=seed).attributions.n == 200


def test_progress_tells_rows_rate_and_time_left(capsys: pytest.CaptureFixture[str]) -> None:
    """A function hears of every block, True writes to stderr, nothing goes to stdout."""
    heard: list[Pace] = []
    module = layers(5, 6, 1)
    explain(module, COHORT, method="ig", progress=heard.append, budget=20_000)
    assert len(heard) > 1
    assert [pace.done for pace in heard] == sorted(pace.done for pace in heard)
    assert (heard[-1].done, heard[-1].rows) == (300, 300)
    explain(module, COHORT, method="ig", progress=True)
    told = capsys.readouterr()
    assert told.out == ""
    assert "300 of 300 rows" in told.err
    assert "rows/s" in told.err
    explain(module, COHORT, method="ig")
    assert capsys.readouterr().err == ""


def test_a_pace_without_rows_has_no_end() -> None:
    """Before the first row the time left is unknown, not 0."""
    assert Pace(0, 10, 0.0).left == float("inf")
    with paced(10, False) as done:
        done(3)


def test_smoothgrad_is_the_mean_gradient_over_noise() -> None:
    """Without noise it is the gradient; with noise its mean, within its own standard error."""
    torch.manual_seed(0)
    module = layers(5, 6, 1, activation=nn.Tanh)
    x = torch.tensor(X, dtype=torch.float32, requires_grad=True)
    (gradient,) = torch.autograd.grad(module(x).sum(), x)
    plain = explain(module, COHORT, method="smoothgrad", noise=0.0)
    assert plain.sensitivity is not None
    np.testing.assert_allclose(plain.sensitivity, gradient.numpy(), atol=1e-6)
    assert plain.background is not None
    few, many = (
        explain(module, COHORT, method="smoothgrad", noise=0.5, draws=d) for d in (16, 1024)
    )
    assert few.sensitivity is not None
    assert many.sensitivity is not None
    assert few.spread is not None
    gap = np.abs(X - X.mean(axis=0)) + 0.5
    apart = np.abs(few.values - many.values) / (few.spread + 1e-6 * gap)
    assert 0.3 < np.median(apart) < 1.5
    assert np.abs(few.sensitivity - plain.sensitivity).mean() > 1e-3


def test_smoothgrad_belongs_to_a_row() -> None:
    """The noise of a row is drawn by its id: other rows and their order change nothing."""
    module = layers(5, 6, 1, activation=nn.Tanh)
    index = np.random.default_rng(1).permutation(300)[:40]
    whole = explain(module, COHORT, method="smoothgrad")
    part = explain(module, COHORT.take(index), method="smoothgrad", background=COHORT)
    assert part.sensitivity is not None
    assert whole.sensitivity is not None
    np.testing.assert_allclose(part.sensitivity, whole.sensitivity[index], atol=1e-7)


def test_smoothgrad_says_what_it_cannot_do() -> None:
    """No gradients, too few draws, negative noise."""
    with pytest.raises(ModelError, match="no torch network"):
        explain(lambda x: x.sum(axis=1), COHORT, method="smoothgrad")
    for own in ({"draws": 3}, {"draws": 2}, {"noise": -1.0}):
        with pytest.raises(AttributionError, match="wanted an even number"):
            explain(layers(5, 1), COHORT, method="smoothgrad", **own)


def test_a_model_stays_where_it_is() -> None:
    """The CPU is everybody's default: nothing is moved; an unknown device is an error."""
    module = settled(adapt(layers(5, 1)), COHORT)
    assert placed(module, "cpu") is module
    with pytest.raises(ModelError, match="device 'gpu' is unknown"):
        placed(module, "gpu")
    assert in_precision(module.module, "float32") is module.module


def test_halving_gives_the_batch_that_fitted() -> None:
    """From 100 to 12 where 12 fit."""

    def work(batch: int) -> int:
        if batch > 12:
            raise MemoryError
        return batch

    assert halving(work, 100) == (12, 12)


def test_a_warning_of_the_preview_is_not_the_users() -> None:
    """A few rows say little about the background's range, and so nothing is said."""
    x = X.copy()
    x[7] = 50
    people = ev.Cohort(x, PEOPLE, list("abcde"), groups=["sex"])
    assert ev.preview(layers(5, 6, 1, activation=nn.Tanh), people).attributions.n == 200
    with pytest.warns(EvenlightWarning, match="outside the range"):
        explain(layers(5, 6, 1), COHORT, method="ig", baseline=np.full(5, 99.0))
