"""Several heads, each row scored by its own, under every verb that knows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from evenlight.arrays import Float
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.perturbed import Perturbed
from evenlight.errors import ModelError
from evenlight.explainers.explain import explain
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.headed import Headed, headed
from evenlight.models.probe import prepare
from evenlight.probes.contrasts import contrasts
from evenlight.probes.faithfulness import faithfulness
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.predict import predict
from evenlight.probes.shuffle import remove, shuffle
from evenlight.probes.swap import swap

N = 60
W = np.array([[1.0, 2.0, 0.0], [3.0, -1.0, 0.5]])


def people() -> Cohort:
    """Sixty people of two groups, three numbers each."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(
        {"g": ["a", "b"] * (N // 2), "y": rng.normal(size=N)}, index=[f"p{i:02d}" for i in range(N)]
    )
    x = rng.normal(size=(N, 3)) + (np.arange(N) % 2)[:, None]
    return Cohort(x, table, ["u", "v", "w"], outcome="y", groups=["g"], unit="row")


def linear(w: np.ndarray) -> Adapted:
    """A linear function without names of its own."""
    return Adapted("linear", "callable", lambda x: x @ w[None].T, "identity", targets=("y",),
                   weights=w[None], intercept=np.zeros(1))  # fmt: skip


def made(cohort: Cohort) -> tuple[Headed, np.ndarray]:
    """Two heads, every third row scored by the second."""
    own = (np.arange(N) % 3 == 0).astype(np.int64)
    return headed([linear(w) for w in W], cohort, own), own


def noise(values: np.ndarray, strength: float, rng: np.random.Generator) -> np.ndarray:
    """Values moved at random."""
    return np.asarray(values + strength * rng.normal(size=values.shape))


JITTER = Suite("noise", (Perturbation("jitter", noise, (0.5, 1.0), "SD", "numbers", "v + s z"),))


def test_every_verb_gives_each_row_the_answer_of_its_own_head() -> None:
    """Outputs, attributions, contrasts, interventions and perturbations are those of one head."""
    cohort = people()
    model, own = made(cohort)
    sets = FeatureSets.from_lists({"uv": ["u", "v"], "w": ["w"]}, ["u", "v", "w"])
    asked: dict[str, Callable[[object], Float]] = {
        "contrasts": lambda m: contrasts(m, cohort).margin,
        "swap": lambda m: swap(m, cohort, by="g", sets=sets, rng=3).after.transpose(2, 0, 1),
        "shuffle": lambda m: shuffle(m, cohort, by="g", sets=sets, rng=3).after.transpose(2, 0, 1),
        "remove": lambda m: remove(m, cohort, by="g", sets=sets, rng=3).after.transpose(2, 0, 1),
        "perturb": lambda m: perturb(m, cohort, suite=JITTER, draws=2, rng=3).after.T,
        "explain": lambda m: explain(m, cohort, seed=3).values.astype(float),
        "predict": lambda m: predict(m, cohort).margin,
    }
    for name, verb in asked.items():
        alone = np.stack([verb(head) for head in model.heads])
        expected = alone[own, np.arange(N)]
        np.testing.assert_allclose(verb(model), expected, atol=1e-6, err_msg=name)
        assert not np.allclose(alone[0], alone[1], atol=1e-3, equal_nan=True), name


def test_attributions_are_exact_under_the_own_head() -> None:
    """phi_j = w_j (x_j - mean of the background), and they add up to the output with the base."""
    cohort = people()
    model, own = made(cohort)
    found = explain(model, cohort)
    back = cohort.dense()[:, None] - found.values[:, None] / np.where(W == 0, 1, W)[own][:, None]
    for j in (0, 1):
        assert np.ptp(back[:, 0, j]) < 1e-5  # one reference for all rows, whatever their head
    np.testing.assert_allclose(found.total(), model.output, atol=1e-5)
    assert found.settings["heads"] == 2
    assert found.cohort_digest == cohort.digest


def test_faithfulness_is_that_of_the_own_head() -> None:
    """A linear head's attributions are borne out entirely, in one sample of everyone."""
    cohort = people()
    model, _ = made(cohort)
    checked = faithfulness(model, cohort, explain(model, cohort), rows=30)
    assert len(checked.rows) == 40  # twenty a level
    assert checked.deletion.min() > 0.99
    assert checked.agreement.max() < 1e-3
    assert checked.at(cohort).method == "linear"


def test_a_generator_serves_all_heads_alike() -> None:
    """The same random numbers meet every head, whatever generator is given."""
    cohort = people()
    model, _ = made(cohort)
    same = headed([linear(W[0])] * 2, cohort, model.own)
    given = [perturb(same, cohort, suite=JITTER, rng=np.random.default_rng(5)) for _ in range(2)]
    assert all(isinstance(one, Perturbed) for one in given)
    np.testing.assert_array_equal(given[0].after, given[1].after)


def test_rows_alone_do_not_say_whose_they_are() -> None:
    """What asks for margins of bare rows, or comes with another cohort, is told why not."""
    cohort = people()
    model, own = made(cohort)
    with pytest.raises(ModelError, match="a head of its own among 2"):
        model.margin(cohort.dense())
    with pytest.raises(ModelError, match="a head of its own among 2"):
        model.adapted.margin(cohort.dense())
    with pytest.raises(ModelError, match="another cohort"):
        contrasts(model, cohort.take(np.arange(30)))
    assert prepare(model, cohort) is model
    with pytest.raises(ModelError, match="read differently"):
        headed([linear(W[0]), adapt(lambda x: x[:, 0], link="logit", targets=["y"])], cohort, own)
    with pytest.raises(ModelError, match="outside 0 to 1"):
        headed([linear(w) for w in W], cohort, own + 2)
