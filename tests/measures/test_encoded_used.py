"""Encoding is told apart from use, and the group from the site, by planted truth."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from evenlight.arrays import Float
from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.outcome import Survival
from evenlight.data.probed import Predictions
from evenlight.data.representation import Representation
from evenlight.errors import AttributionError, GroupError, InputError, ModelError
from evenlight.measures.encoded import EncodedUsed, reading_of
from evenlight.measures.encoded_used import encoded_used
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase
from evenlight.probes.opened import opened
from evenlight.probes.predict import predict

MIX: Float = np.linalg.qr(np.random.default_rng(5).normal(size=(5, 5)))[0]


def network(*weights: float) -> nn.Module:
    """A rotation of (signal, group marker, site marker, two noises), and a head that reads them."""
    mix, head = nn.Linear(5, 5, bias=False), nn.Linear(5, 1)
    with torch.no_grad():
        mix.weight.copy_(torch.tensor(MIX))
        head.weight.copy_(torch.tensor(np.array([weights]) @ MIX.T))
        head.bias.fill_(-0.5)
    return nn.Sequential(mix, head)


def people(n: int, seed: int, *, marker: float = 1.0, tied: float = 0.0) -> Cohort:
    """A signal of the outcome, a marker of the group, one of the site, which may go together."""
    rng = np.random.default_rng(seed)
    site, y = rng.integers(0, 2, n), rng.integers(0, 2, n)
    at = rng.random(n) < 0.35 + 0.15 * y + tied * (site - 0.5)
    x = rng.normal(size=(n, 5))
    x[:, 0] += 1.5 * y
    x[:, 1] += marker * at
    x[:, 2] += 1.5 * site
    table = pd.DataFrame(
        {"race": np.where(at, "B", "A"), "site": np.where(site, "t", "s"), "y": y},
        index=[f"p{i}" for i in range(n)],
    )
    return Cohort(x, table, outcome="y", groups=["race"], unit="row")


def table(net: nn.Module, cohort: Cohort, against: str | None = None) -> EncodedUsed:
    """The table of the hidden layer."""
    return encoded_used(
        embed(net, cohort, layers=["0"]), predict(net, cohort), cohort, by="race",
        against=against, erased=erase(net, cohort, by="race", against=against, layers=["0"]),
        draws=199,
    )  # fmt: skip


def test_what_is_encoded_and_not_read_is_told_from_what_is_used() -> None:
    """The same layer, told alike; only the head that reads the marker moves with it."""
    cohort = people(4000, 0)
    unused, used = table(network(1, 0, 0, 0, 0), cohort), table(network(1, 0.6, 0, 0, 0), cohort)
    assert unused.auc[0] == pytest.approx(used.auc[0], abs=1e-6)
    assert unused.reading.tolist() == ["encoded_not_used"]
    assert used.reading.tolist() == ["encoded_and_used"]
    assert used.used[0] == pytest.approx(used.gap[0], abs=1e-5)
    assert used.readout[0] > 0.999
    assert used.readout_gap[0] == pytest.approx(used.gap[0], abs=0.01)


def test_no_marker_is_not_encoded() -> None:
    """A layer that holds nothing of the group says so."""
    found = table(network(1, 0.6, 0, 0, 0), people(4000, 1, marker=0.0))
    assert found.reading.tolist() == ["not_encoded"]


def test_a_site_that_goes_with_the_group_is_told_from_it() -> None:
    """The layer holds the site: the group is told until the site is held fixed."""
    found = table(network(1, 0, 0.6, 0, 0), people(4000, 2, marker=0.0, tied=0.5), "site")
    asked = dict(zip(zip(found.groupings, found.besides, strict=True), found.reading, strict=True))
    assert asked["race", ""] == "encoded_and_used"
    assert asked["race", "site"] == "not_encoded"
    assert asked["site", "race"] == "encoded_and_used"


def test_limits_of_use_hold_the_truth() -> None:
    """95 % limits hold what a linear head uses of a planted difference in 9 of 10 or more."""
    net, truth = network(1, 0.6, 0, 0, 0), []
    large = people(60_000, 99)
    f, at = predict(net, large).margin, large.people["race"].to_numpy() == "B"
    scale = np.sqrt((f[at].var() * at.sum() + f[~at].var() * (~at).sum()) / len(f))
    for seed in range(25):
        found = table(net, people(300, 100 + seed))
        truth.append(found.used_low[0] <= 0.6 / scale <= found.used_high[0])
    assert np.mean(truth) >= 0.8


def test_without_erasing_there_is_no_verdict_on_use() -> None:
    """The read-out still says what is used linearly; the reason names the remedy."""
    cohort, net = people(400, 3, marker=2.0), network(1, 0.6, 0, 0, 0)
    made = embed(net, cohort, layers=["0"])
    found = encoded_used(made, predict(net, cohort), cohort, by="race", draws=199)
    assert found.reading.tolist() == ["cannot_tell"]
    assert "ev.erase(model, cohort, by=...)" in found.used_reason[0]
    assert found.readout_gap[0] > 0.3
    assert "1 cannot_tell" in repr(found)


def test_the_order_of_rows_does_not_matter_and_the_record_survives_json() -> None:
    """The same people in another order give the same lines; so does plain data."""
    cohort, net = people(200, 4), network(1, 0.6, 0, 0, 0)
    turned = cohort.take(np.random.default_rng(0).permutation(cohort.n))
    made, said, gone = embed(net, cohort), predict(net, cohort), erase(net, cohort, by="race")
    one = encoded_used(made, said, cohort, by="race", erased=gone, draws=199)
    two = encoded_used(made, said, turned, by="race", erased=gone, draws=199)
    assert plain(one) == plain(two)
    assert plain(restore(EncodedUsed, plain(one))) == plain(one)
    assert len(one.to_frame()) == 2


def test_small_groups_are_not_asked() -> None:
    """Ten people of a group: no number and no verdict."""
    cohort = people(200, 5)
    race = np.where(np.arange(200) < 10, "B", "A")
    small = Cohort(
        cohort.x, cohort.people.assign(race=race), outcome="y", groups=["race"], unit="row"
    )
    found = table(network(1, 0.6, 0, 0, 0), small)
    assert found.reading.tolist() == ["not_estimable"]
    assert "fewer than 11" in found.reason[0]
    assert np.isnan([found.auc[0], found.used[0], found.readout[0], *found.n[0]]).all()


def test_wrong_input_is_named() -> None:
    """Each error names the item and the remedy."""
    cohort, net = people(100, 6), network(1, 0, 0, 0, 0)
    made, said = embed(net, cohort), predict(net, cohort)
    flat = Predictions(cohort.rows, np.ones(100), np.ones(100), "y", "logit")
    with pytest.raises(InputError, match="no embeddings"):
        encoded_used([], said, cohort, by="race")
    with pytest.raises(InputError, match="two embeddings are called '0'"):
        encoded_used([made[0], made[0]], said, cohort, by="race")
    with pytest.raises(InputError, match="margin -1"):
        encoded_used(made, said, cohort, by="race", margin=-1)
    with pytest.raises(GroupError, match="against itself"):
        encoded_used(made, said, cohort, by="race", against="race")
    with pytest.raises(AttributionError, match="does not vary"):
        encoded_used(made, flat, cohort, by="race")
    with pytest.raises(InputError, match="draws is 9"):
        encoded_used(made, said, cohort, by="race", draws=9)


def test_readings_join_both_verdicts() -> None:
    """Every pair of verdicts has one reading."""
    words = ("different", "similar", "cannot_tell", "not_estimable")
    pairs = {(a, b): str(reading_of(np.array([a]), np.array([b]))[0]) for a in words for b in words}
    assert pairs["different", "different"] == "encoded_and_used"
    assert pairs["cannot_tell", "different"] == "cannot_tell"
    assert pairs["different", "similar"] == "encoded_not_used"
    assert pairs["different", "cannot_tell"] == "cannot_tell"
    assert pairs["similar", "not_estimable"] == "not_encoded"
    assert {pairs["not_estimable", b] for b in words} == {"not_estimable"}


def test_a_continuous_outcome_is_held_in_bins_with_its_slope() -> None:
    """A linear head uses the whole gap, and a signal that follows the outcome is no gap."""
    rng, n = np.random.default_rng(8), 1200
    y = rng.normal(size=n)
    at = rng.random(n) < 1 / (1 + np.exp(-y))
    x = rng.normal(size=(n, 5))
    x[:, 0] += 1.5 * y
    x[:, 1] += 1.0 * at
    table = pd.DataFrame(
        {"race": np.where(at, "B", "A"), "y": y}, index=[f"p{i}" for i in range(n)]
    )
    cohort = Cohort(x, table, outcome="y", groups=["race"], unit="row")
    marked, clean = network(0, 0.6, 0, 1, 0), network(1, 0, 0, 1, 0)
    used, unused = table_of(marked, cohort), table_of(clean, cohort)
    assert used.reading.tolist() == ["encoded_and_used"]
    assert used.used[0] == pytest.approx(used.gap[0], abs=1e-5)
    assert abs(unused.gap[0]) < 0.15
    assert unused.reading[0] != "encoded_and_used"


def test_a_survival_outcome_is_held_for_use_as_well() -> None:
    """The head reads the marker; within residuals of events and of censored times all is used."""
    rng, n = np.random.default_rng(9), 900
    at = rng.random(n) < 0.5
    x = rng.normal(size=(n, 5))
    x[:, 1] += 1.0 * at
    time, late = rng.exponential(np.exp(-x[:, 0])), rng.exponential(3.0, n)
    table = pd.DataFrame(
        {"race": np.where(at, "B", "A"), "t": np.minimum(time, late), "e": (time <= late) * 1},
        index=[f"p{i}" for i in range(n)],
    )
    cohort = Cohort(x, table, outcome=Survival("t", "e"), groups=["race"], unit="row")
    found = table_of(network(1, 0.6, 0, 0, 0), cohort)
    assert found.given == "outcome"
    assert found.reading.tolist() == ["encoded_and_used"]
    assert found.used[0] == pytest.approx(found.gap[0], abs=1e-5)


def table_of(net: nn.Module, cohort: Cohort) -> EncodedUsed:
    """The table of the hidden layer of a network for a continuous outcome."""
    made = embed(net, cohort, layers=["0"])
    gone = erase(net, cohort, by="race", layers=["0"])
    return encoded_used(made, predict(net, cohort), cohort, by="race", erased=gone, draws=199)


def test_embeddings_from_elsewhere_are_read_out() -> None:
    """Columns that say the output exactly explain all of it; noise explains none."""
    cohort, net = people(300, 7), network(1, 0.6, 0, 0, 0)
    said = predict(net, cohort)
    exact = Representation.given("exact", cohort.dense(), rows=cohort.rows)
    noise = np.random.default_rng(0).normal(size=(300, 3))
    empty = Representation.given("noise", noise, rows=cohort.rows)
    found = encoded_used([exact, empty], said, cohort, by="race", draws=199)
    assert found.readout[0] > 0.999
    assert found.readout[1] < 0.02


def test_a_layer_erased_from_another_model_is_refused() -> None:
    """Another network of the same layers, another target, and things that are no records."""
    cohort, net, other = people(300, 7), network(1, 0.6, 0, 0, 0), network(0.2, 0.6, 1, 0, 0)
    made, said = embed(net, cohort, layers=["0"]), predict(net, cohort)
    gone = erase(other, cohort, by="race", layers=["0"])
    with pytest.raises(AttributionError, match="erased layer '0' is of another model"):
        encoded_used(made, said, cohort, by="race", erased=gone)
    with pytest.raises(AttributionError, match=r"was erased for .* the predictions are of 'dose'"):
        encoded_used(made, replace(said, target="dose"), cohort, by="race", erased=gone)
    wrong: list[tuple[object, object, object, str]] = [
        (made, [said], (), "predictions is a list; wanted those of one target"),
        (made[0], said, (), "embeddings is a Representation; wanted the representations"),
        ([said], said, (), "embeddings is a list"),
        (made, said, gone[0], "erased is a Erased; wanted the records"),
    ]
    for embeddings, predictions, erased, words in wrong:
        own: dict[str, Any] = {"by": "race", "erased": erased}
        with pytest.raises(InputError, match=words):
            encoded_used(embeddings, predictions, cohort, **own)  # type: ignore[arg-type]


def test_layers_of_another_model_are_refused() -> None:
    """Layers read from one network do not stand beside the predictions of another."""
    cohort, net, other = people(300, 7), network(1, 0.6, 0, 0, 0), network(0.2, 0.6, 1, 0, 0)
    output = predict(net, cohort).margin
    read = replace(embed(net, cohort, layers=["0"])[0], output=output[:, None])
    shuffled = cohort.take(np.random.default_rng(0).permutation(cohort.n))
    assert encoded_used([read], predict(net, shuffled), shuffled, by="race", draws=199).layers
    two = replace(read, output=np.column_stack([-output, output + 3.0]))
    assert encoded_used([two], predict(net, cohort), cohort, by="race", draws=199).layers
    with pytest.raises(AttributionError, match="layer '0' is of another model: on the same rows"):
        encoded_used([read], predict(other, cohort), cohort, by="race", draws=199)


def test_layers_say_what_the_model_that_was_read_gives() -> None:
    """A network and a pipeline opened at a layer carry their margins, which embeddings keep."""
    cohort, net = people(300, 7), network(1, 0.6, 0, 0, 0)
    pipe = make_pipeline(StandardScaler(), LogisticRegression())
    pipe.fit(cohort.dense(), cohort.y)
    for model in (net, pipe):
        for layer in opened(model, cohort, layers=None):
            assert layer.output is not None
            own = predict(model, cohort).margin
            np.testing.assert_allclose(layer.output[:, -1], own, rtol=0, atol=1e-5)
    with pytest.raises(ModelError, match=r"outputs of shape \(3, 1\) for 300 rows"):
        replace(embed(net, cohort, layers=["0"])[0], output=np.zeros((3, 1)))


def test_embeddings_of_another_model_are_refused() -> None:
    """Without erased layers as well: `embed` keeps what the model that it read gives."""
    cohort, net, other = people(300, 7), network(1, 0.6, 0, 0, 0), network(0.2, 0.6, 1, 0, 0)
    read = embed(net, cohort, layers=["0"])
    assert encoded_used(read, predict(net, cohort), cohort, by="race", draws=199).layers == ("0",)
    with pytest.raises(AttributionError, match="layer '0' is of another model: on the same rows"):
        encoded_used(read, predict(other, cohort), cohort, by="race", draws=199)
