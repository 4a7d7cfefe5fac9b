"""The verb `perturb`: against loops, in any order and any blocks, explained, and on real data."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression, Ridge
from torch import nn

from evenlight.arrays import Float, Int
from evenlight.codec import plain, restore
from evenlight.data import rows as reading
from evenlight.data.cohort import Cohort
from evenlight.data.features import Features, Indicators
from evenlight.data.perturbed import Perturbed
from evenlight.errors import CohortError, ModelError, UnknownName
from evenlight.explainers.background import draw
from evenlight.models.probe import prepare
from evenlight.probes.composed import composed
from evenlight.probes.perturb import perturb
from evenlight.probes.perturbations.drawing import perturbed_rows
from evenlight.probes.perturbations.perturbation import Perturbation, Suite
from evenlight.probes.perturbations.suites import suite
from tests.perturbed_world import cohort_of, counts, genotypes, images, people, table, world


def score(x: Float) -> Float:
    """A sum with an interaction."""
    flat = np.log1p(np.abs(x.reshape(len(x), -1)))
    said: Float = flat @ np.linspace(-1, 1, flat.shape[1]) + flat[:, 0] * flat[:, 1]
    return said


FIELDS = ("before", "response_before", "after", "response", "size", "spread")


@pytest.mark.parametrize("kind", ["counts", "log2", "genotypes", "codes", "imaging", "tabular"])
def test_each_step_equals_rows_changed_by_hand(kind: str) -> None:
    """After is the model of `perturbed_rows`, step by step, with the run's own number."""
    cohort, made = world(kind)
    found = perturb(score, cohort, suite=made, rng=5)
    run = int(np.random.default_rng(5).integers(2**62))
    x, i = cohort.dense(), 0
    np.testing.assert_array_equal(found.before, score(x))
    for change in made.perturbations:
        for strength in change.strengths:
            rows = perturbed_rows(change, x, strength, rows=cohort.rows, run=run)
            np.testing.assert_allclose(found.after[i], score(rows), rtol=1e-12)
            assert found.steps[i] == f"{change.name}, {strength:g} {change.unit}"
            i += 1
    assert i == len(found.steps)


def test_no_answer_depends_on_the_order_of_rows_or_on_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same bytes with rows shuffled, and read three at a time; facts included."""
    cohort = counts()
    first, again, other = (
        perturb(score, cohort, suite="counts", draws=2, rng=rng) for rng in (0, 0, 1)
    )
    order = np.random.default_rng(3).permutation(cohort.n)
    mixed = perturb(score, cohort.take(order), suite="counts", draws=2).at(cohort)
    monkeypatch.setattr(reading, "BLOCK", 3 * 8 * 40)
    blocks = perturb(score, cohort, suite="counts", draws=2)
    for name in FIELDS:
        np.testing.assert_allclose(getattr(mixed, name), getattr(first, name), rtol=1e-12)
        size = np.nanmax(np.abs(getattr(first, name)), initial=0.0)
        np.testing.assert_allclose(
            getattr(blocks, name), getattr(first, name), rtol=1e-12, atol=1e-15 * float(size)
        )
    for name in FIELDS:
        assert getattr(again, name).tobytes() == getattr(first, name).tobytes()
    assert not np.array_equal(other.after, first.after)


def test_means_and_spreads_over_draws_are_of_the_draws() -> None:
    """Three draws by hand give the mean margin, response, size of change and SD of the record."""
    cohort, made = world("genotypes")
    one = made.taking("imputation error").perturbations[0].at(0.2)
    found = perturb(score, cohort, suite=one, draws=3, rng=2)
    run = int(np.random.default_rng(2).integers(2**62))
    x = cohort.dense()
    drawn = np.stack(
        [score(perturbed_rows(one, x, 0.2, rows=cohort.rows, run=run, draw=d)) for d in range(3)]
    )
    np.testing.assert_allclose(found.after[0], drawn.mean(axis=0))
    np.testing.assert_allclose(found.spread[0], drawn.std(axis=0, ddof=1))
    np.testing.assert_allclose(found.size[0], np.abs(drawn - score(x)).mean(axis=0))
    assert (perturb(score, cohort, suite=one).spread == 0).all()


def test_only_the_named_features_are_changed() -> None:
    """A model of the other columns says the same after every step."""
    cohort = genotypes()
    names = cohort.features.names[:10]
    made = perturb(
        lambda x: x[:, 10:].sum(axis=1), cohort, suite={"name": "genotypes", "only": names}
    )
    np.testing.assert_array_equal(made.after, np.tile(made.before, (len(made.steps), 1)))
    other = perturb(
        lambda x: x[:, :10].sum(axis=1), cohort, suite={"name": "genotypes", "only": names}
    )
    assert (other.size.max(axis=1) > 0).all()


def test_perturbations_of_two_suites_keep_their_columns_in_a_third() -> None:
    """Each changes the columns that its own suite was made for, alone and in a search."""
    cohort = genotypes()
    parts = [cohort.features.names[start : start + 5] for start in (3, 12)]
    own = [suite("genotypes", cohort, only=names).perturbations[0] for names in parts]
    both = Suite("both", tuple(replace(p, name=f"{p.name} {i}") for i, p in enumerate(own)))
    for i, start in enumerate((3, 12)):
        beside = np.delete(np.arange(cohort.x.shape[1]), np.arange(start, start + 5))
        model = partial(_summed, beside)
        one = Suite("one", (both.perturbations[i],))
        assert (perturb(model, cohort, suite=one).size == 0).all()
        rows = np.arange(cohort.n)
        made = composed(prepare(model, cohort), cohort, one)
        assert (made.sizes(rows, np.array([own[i].strengths[-1]]), run=0) == 0).all()
        assert (perturb(lambda x: x.sum(axis=1), cohort, suite=one).size.max(axis=1) > 0).all()
    found = perturb(partial(_summed, np.arange(3)), cohort, suite=both)
    assert (found.size == 0).all()


def _summed(columns: Int, x: Float) -> Float:
    total: Float = x[:, columns].sum(axis=1)
    return total


def test_at_most_a_block_of_rows_is_changed_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The model never sees more rows at once than a block holds, from CSR as from an array."""
    from scipy.sparse import csr_array

    dense = counts()
    sparse = Cohort(csr_array(dense.dense()), people(), groups=["g"], unit="row")
    monkeypatch.setattr(reading, "BLOCK", 5 * 8 * 40)
    seen: list[int] = []

    def watched(x: Float) -> Float:
        seen.append(len(x))
        return score(x)

    made = perturb(watched, sparse, suite="counts")
    swept = seen[-len(made.steps) * 5 :]
    assert max(swept) == 5
    whole = perturb(score, dense, suite="counts")
    np.testing.assert_allclose(made.after, whole.after, rtol=1e-12)


def test_attributions_are_compared_row_by_row() -> None:
    """Of a linear model: agreement, overlap and moved mass are those of w (x - mean) by hand."""
    cohort, made = world("log2")
    x, some = cohort.dense(), made.taking("batch shift")
    model = Ridge().fit(x, x[:, 0] - x[:, 3] + np.random.default_rng(0).normal(size=len(x)))
    found = perturb(model, cohort, suite=some, explain="linear", rng=4)
    rng = np.random.default_rng(4)
    run, seed = int(rng.integers(2**62)), int(rng.integers(2**31))
    middle = draw(cohort, rng=np.random.default_rng([seed, 0])).rows.mean(axis=0)
    for i, strength in enumerate(some.perturbations[0].strengths):
        after = perturbed_rows(some.perturbations[0], x, strength, rows=cohort.rows, run=run)
        for row in range(cohort.n):
            one, two = (np.abs(model.coef_ * (v[row] - middle)) for v in (x, after))
            assert found.agreement[i, row] == pytest.approx(spearmanr(one, two).statistic, abs=1e-6)
            top = [set(np.argsort(-v)[:10].tolist()) for v in (one, two)]
            assert found.overlap[i, row] == pytest.approx(len(top[0] & top[1]) / 10)
            half = np.abs(one / one.sum() - two / two.sum()).sum() / 2
            assert found.moved[i, row] == pytest.approx(half, rel=1e-5)
    plain = perturb(model, cohort, suite=some, rng=4)
    np.testing.assert_array_equal(found.after, plain.after)
    assert (found.method, plain.agreement.shape) == ("linear", (0, cohort.n))


def test_a_change_that_attributions_do_not_see_moves_nothing() -> None:
    """Perfect agreement where only a column without weight is lost; one-hot counts as one."""
    coded = Indicators("race", {"race B": "B"}, "A")
    rng = np.random.default_rng(0)
    x = np.column_stack([rng.normal(size=(24, 2)), np.resize([0, 1], 24)])
    cohort = cohort_of(x, Features(("a", "b", "race B"), None, (coded,)))
    model = Ridge().fit(x, x[:, 0])
    model.coef_ = np.array([1.0, 0.0, 0.5])
    made = perturb(
        model, cohort, suite={"name": "tabular", "only": ["b"]}, explain={"method": "linear"}
    )
    np.testing.assert_array_equal(made.agreement, 1.0)
    np.testing.assert_array_equal(made.moved, 0.0)
    np.testing.assert_array_equal(made.overlap, 1.0)


def test_the_record_is_json_and_back_and_a_table() -> None:
    """Nothing is lost on the way, and the table has a line for each row and step."""
    cohort = table()
    made = perturb(score, cohort, suite="tabular")
    again = restore(Perturbed, plain(made))
    for name in FIELDS:
        np.testing.assert_array_equal(getattr(again, name), getattr(made, name))
    assert again.steps == made.steps
    frame = made.to_frame()
    assert len(frame) == len(made.steps) * cohort.n
    assert made.of("rounding") == [3, 4, 5, 6]
    with pytest.raises(UnknownName, match="there are measurement error, rounding"):
        made.of("blur")
    assert "moving most" in repr(made)


def test_records_that_do_not_fit_are_refused() -> None:
    """Shapes, order of strengths, steps torn apart, and other cohorts."""
    cohort = table()
    made = perturb(score, cohort, suite="tabular")
    kept = {n: getattr(made, n) for n in made.__dataclass_fields__}
    for changed, told in (
        ({"margins": made.margins[:, :3]}, "margins has shape"),
        ({"strength": made.strength[::-1].copy()}, "do not ascend"),
        ({"margins": made.margins[..., :0], "responses": made.responses[..., :0]}, "0 draws"),
        ({"responses": made.responses * np.nan}, "not finite"),
        ({"shared": ("blur",)}, "shared names 'blur'"),
        ({"perturbation": ("x", "y") * 6 + ("x",) * (len(made.steps) - 12)}, "stand together"),
    ):
        with pytest.raises(ModelError, match=told):
            Perturbed(**kept | changed)
    with pytest.raises(ModelError, match="another cohort"):
        made.at(counts())


def test_wrong_requests_are_refused_before_any_compute() -> None:
    """A suite's name, data of another kind, no draws, an explainer that is none."""
    called: list[int] = []

    def model(x: Float) -> Float:
        called.append(len(x))
        return score(x)

    with pytest.raises(UnknownName, match="did you mean 'imaging'"):
        perturb(model, images(), suite="image")
    with pytest.raises(CohortError, match="counts are asked for as a table"):
        perturb(model, images(), suite="counts")
    with pytest.raises(CohortError, match="no whole numbers"):
        perturb(model, table(), suite=suite("counts", counts()))
    with pytest.raises(ModelError, match="draws is 0"):
        perturb(model, counts(), suite="counts", draws=0)
    assert not called
    with pytest.raises(ValueError, match="explain= is the name"):
        perturb(model, counts(), suite="counts", explain={"players": 3})
    with pytest.raises(LookupError, match="nonsense"):
        perturb(model, counts(), suite="counts", explain="nonsense")


def test_a_model_that_fails_on_changed_rows_is_told_which() -> None:
    """NaN for missing calls where the model takes none names the step and the remedy."""
    cohort = genotypes()
    model = LogisticRegression().fit(cohort.dense(), cohort.people["y"])
    with pytest.raises(ModelError, match=r'after missing calls, 0\.05.*say missing="mean"'):
        perturb(model, cohort, suite={"name": "genotypes", "missing": "nan"})
    with pytest.raises(ModelError, match=r"not finite in \d+ of 24 rows.*NaN"):
        perturb(lambda x: x.sum(axis=1), cohort, suite={"name": "genotypes", "missing": "nan"})


def test_explained_images_do_not_depend_on_order_or_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network's integrated gradients of changed images agree alike in any order and blocks."""
    torch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(2, 3, 5), nn.ReLU(), nn.Flatten(), nn.Linear(3 * 12 * 16, 1))
    cohort = images()
    x = cohort.dense() / 255
    cohort = cohort_of(x)
    made = suite("imaging", cohort).taking("blur")
    first = perturb(net.eval(), cohort, suite=made, explain="ig")
    assert first.agreement.shape == (3, 24)
    assert (np.diff(first.agreement[first.of("blur")].mean(axis=1)) < 0).all()
    order = np.random.default_rng(1).permutation(cohort.n)
    mixed = perturb(net, cohort.take(order), suite=made, explain="ig").at(cohort)
    monkeypatch.setattr(reading, "BLOCK", 10 * 8 * x[0].size)
    blocks = perturb(net, cohort, suite=made, explain="ig")
    for name in (*FIELDS, "agreement", "overlap", "moved"):
        np.testing.assert_allclose(getattr(mixed, name), getattr(first, name), atol=2e-5)
        np.testing.assert_allclose(getattr(blocks, name), getattr(first, name), atol=2e-5)


def test_suites_are_taken_in_every_form() -> None:
    """A name, a mapping, a suite, a function of the cohort: the same answer; else an error."""
    cohort = counts()
    made = suite("counts", cohort)
    first = perturb(score, cohort, suite="counts")
    for asked in ({"name": "counts"}, made, lambda here: suite("counts", here)):
        np.testing.assert_array_equal(perturb(score, cohort, suite=asked).after, first.after)
    with pytest.raises(ValueError, match="wanted a Suite"):
        perturb(score, cohort, suite=lambda here: here)  # type: ignore[arg-type,return-value]


def test_a_perturbation_that_changes_the_shape_is_refused() -> None:
    """One that somebody else wrote keeps the shape of rows, or is told to."""
    for by_row in (True, False):
        wrong = Perturbation(
            "cut", lambda x, s, rng: x[:, 1:], (1.0,), "columns", "numbers", "here", None, by_row
        )
        with pytest.raises(ModelError, match="a perturbation keeps the shape"):
            perturb(score, table(), suite=wrong)


def test_a_perturbation_cannot_change_the_data_themselves() -> None:
    """Rows are handed over to be read: one that writes into them fails, and the cohort is whole."""

    def writes(x: Float, strength: float, rng: np.random.Generator) -> Float:
        x[:] = 0.0
        return x

    cohort = table()
    before = cohort.dense().copy()
    for by_row in (True, False):
        wrong = Perturbation("zero", writes, (1.0,), "all", "numbers", "here", None, by_row)
        with pytest.raises(ModelError, match="zero writes into the rows that it was given"):
            perturb(score, cohort, suite=wrong)
    np.testing.assert_array_equal(cohort.dense(), before)
