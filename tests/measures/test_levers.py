"""What interventions do to the gap, within groups, and to performance."""

from __future__ import annotations

import json
from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

from evenlight.codec import plain, restore
from evenlight.data.cohort import Cohort
from evenlight.data.features import FeatureSets
from evenlight.data.outcome import Survival
from evenlight.errors import AttributionError, InputError
from evenlight.measures.judging import Judging
from evenlight.measures.lever import Levers
from evenlight.measures.levers import closings, levers
from evenlight.measures.prepare import setting
from evenlight.models.adapt import adapt
from evenlight.probes.residualise import residualise
from evenlight.probes.shuffle import remove, shuffle
from evenlight.probes.swap import swap
from tests.lever_world import NAMES, SETS, SHARE, cohort, model


def line(made: Levers, kind: str, subject: str) -> pd.Series:
    """The first line of a kind and set."""
    frame = made.closing.to_frame()
    found: pd.Series = frame[(frame.kind == kind) & (frame.subject == subject)].iloc[0]
    return found


@pytest.fixture(scope="module")
def all_kinds() -> tuple[Cohort, Levers]:
    """Every kind of intervention on one cohort."""
    people = cohort(1500)
    made = [verb(model, people, by="anc", sets=SETS) for verb in (swap, shuffle, remove)]
    made.append(residualise(model, people, by="anc", sets=SETS))
    return people, levers(made, people, by="anc", judging=Judging(threshold=0.3))


def test_closure_is_the_planted_share(all_kinds: tuple[Cohort, Levers]) -> None:
    """Swap and removal close 0.6 of the gap with the set, 0.4 with the rest, none with noise."""
    _, made = all_kinds
    for kind in ("swap", "removal"):
        for subject, share in (("s", SHARE), ("r", 1 - SHARE), ("noise", 0.0)):
            found = line(made, kind, subject)
            assert found.closure_low < share < found.closure_high
            assert found.closure_high - found.closure_low < 0.5
    assert made.carries("s")
    assert not made.carries("noise")


def test_a_removal_takes_the_gap_away_and_a_swap_turns_it_round(
    all_kinds: tuple[Cohort, Levers],
) -> None:
    """The gap afterwards is (1 - share) of it after removal, (1 - 2 share) after a swap."""
    _, made = all_kinds
    for kind, times in (("swap", 2), ("removal", 1)):
        found = line(made, kind, "s")
        assert found.after == pytest.approx(found.gap * (1 - times * found.closure))


def test_residuals_close_more_than_the_set_carries(all_kinds: tuple[Cohort, Levers]) -> None:
    """Group means hold what the commoner outcome of B explains: it goes as well."""
    _, made = all_kinds
    assert line(made, "residual", "s").closure > line(made, "swap", "s").closure + 0.1


def test_signal_is_the_loss_of_auc_within_groups(all_kinds: tuple[Cohort, Levers]) -> None:
    """It agrees with scikit-learn on the same shuffles, and is none for what the model ignores."""
    people, made = all_kinds
    shuffled = shuffle(model, people, by="anc", sets=SETS)
    codes, y = people.groups[0].codes, people.y
    loss, share = [], []
    for g in (0, 1):
        own = codes == g
        after = [roc_auc_score(y[own], v[own]) for v in shuffled.at(people).after[0]]
        loss.append(roc_auc_score(y[own], shuffled.before[own]) - np.mean(after))
        share.append(own.mean())
    assert made.signal.value[0] == pytest.approx(np.average(loss, weights=share))
    assert made.signal.low[0] > 0.02
    assert made.signal.value[2] == 0.0
    assert set(made.signal.groups) == {"A, B"}


def test_table_equals_metrics_of_each_group(all_kinds: tuple[Cohort, Levers]) -> None:
    """AUC and net benefit before and after, by loops over people."""
    people, made = all_kinds
    frame = made.table.to_frame()
    taken = remove(model, people, by="anc", sets=SETS)
    own, y = people.groups[0].members("B"), people.y
    rows = frame[(frame.kind == "removal") & (frame.subject == "s") & (frame.part == "B")]
    rows = rows.set_index("metric")
    for when, margin in (("before", taken.before), ("after", taken.after[0, 0])):
        assert rows[when]["auroc"] == pytest.approx(roc_auc_score(y[own], margin[own]))
        called = expit(margin[own]) >= 0.3
        slow = sum(1.0 if e else -0.3 / 0.7 for e in y[own][called]) / own.sum()
        assert rows[when]["net_benefit"] == pytest.approx(slow)
    np.testing.assert_allclose(rows.change, rows.after - rows.before)
    assert ((rows.change_low < rows.change) & (rows.change < rows.change_high)).all()
    assert list(dict.fromkeys(frame.part)) == ["overall", "B", "A"]


def test_a_record_survives_json(all_kinds: tuple[Cohort, Levers]) -> None:
    """Written and read back, it is the same."""
    made = all_kinds[1]
    back = restore(Levers, json.loads(json.dumps(plain(made))))
    pd.testing.assert_frame_equal(back.closing.to_frame(), made.closing.to_frame())
    pd.testing.assert_frame_equal(back.table.to_frame(), made.table.to_frame())
    pd.testing.assert_frame_equal(back.signal.to_frame(), made.signal.to_frame())
    assert repr(back) == "Levers by anc: 3 sets; see .closing.to_frame()"


def test_the_interval_holds_the_truth_19_times_in_20() -> None:
    """Closure of a swap of a Gaussian block at n = 300, within three errors of 150 runs."""
    held = []
    for seed in range(150):
        people = cohort(300, seed=seed)
        one = FeatureSets.from_lists({"s": ["s1", "s2"]}, NAMES)
        made = swap(model, people, by="anc", sets=one, rng=seed)
        found = closings(made, setting(people, "anc"), 0.05)[0]
        if not found["closure_reason"]:
            low, high = float(str(found["closure_low"])), float(str(found["closure_high"]))
            held.append(low <= SHARE <= high)
    assert len(held) > 130
    assert abs(np.mean(held) - 0.95) < 3 * np.sqrt(0.95 * 0.05 / len(held))


def test_rows_of_a_person_count_once() -> None:
    """With every person twice, nothing changes."""
    people = cohort(300)
    x, table = people.columns(range(4)), people.people.assign(who=people.rows)
    twice = pd.concat([table, table.rename(index=lambda r: f"{r}b")])
    double = Cohort(np.vstack([x, x]), twice, NAMES, groups=["anc"], outcome="y", unit="who")
    one = residualise(model, people, by="anc", sets=SETS)
    two = residualise(model, double, by="anc", sets=SETS)
    a, b = levers(one, people, by="anc").closing, levers(two, double, by="anc").closing
    assert a.n_level.tolist() == b.n_level.tolist()
    np.testing.assert_allclose(a.gap, b.gap)
    np.testing.assert_allclose(a.gap_high, b.gap_high)
    np.testing.assert_allclose(a.closure, b.closure)
    np.testing.assert_allclose(a.closure_high, b.closure_high, atol=1e-9)


def test_nothing_depends_on_the_order_of_rows() -> None:
    """Rows in another order give the same record."""
    people = cohort(200)
    turned = people.take(np.random.default_rng(1).permutation(people.n))
    a, b = (
        levers([v(model, c, by="anc", sets=SETS) for v in (swap, shuffle)], c, by="anc")
        for c in (people, turned)
    )
    pd.testing.assert_frame_equal(a.closing.to_frame(), b.closing.to_frame(), rtol=1e-9)
    pd.testing.assert_frame_equal(a.table.to_frame(), b.table.to_frame(), rtol=1e-9)


@pytest.mark.parametrize(
    ("roles", "metric"),
    [
        ({"outcome": "score"}, "r2"),
        ({"outcome": Survival("time", "event")}, "concordance"),
    ],
)
def test_numbers_and_times_have_their_own_metrics(roles: dict[str, Any], metric: str) -> None:
    """R2 for a number, concordance for survival; the outcome is held in bins."""
    people = cohort(800, **roles)
    made = [verb(model, people, by="anc", sets=SETS) for verb in (swap, shuffle)]
    found = levers(made, people, by="anc")
    assert found.signal.metric.tolist() == [metric] * 3
    assert found.signal.low[0] > 0
    assert ((found.closing.strata >= 5) & (found.closing.strata <= 20)).all()
    noise, own = line(found, "swap", "noise"), line(found, "swap", "s")
    assert noise.closure_reason == own.closure_reason == ""
    assert not found.carries("noise", beyond=0.05)
    assert found.carries("s", beyond=0.05)
    assert -0.1 < noise.closure < 0.1 < own.closure


def test_one_class_of_many_is_told_against_the_rest() -> None:
    """A categorical outcome is held as it is, and the AUC is that of the predicted class."""
    people = cohort(400)
    kinds = np.where(people.y == 1, "ill", np.where(people.column(3) > 0, "well", "unwell"))
    made = Cohort(
        people.columns(range(4)), people.people.assign(kind=kinds), NAMES, groups=["anc"],
        outcome="kind",
    )  # fmt: skip
    said = adapt(lambda x: np.column_stack([model(x), -model(x), 0 * model(x)]),
                 targets=("ill", "unwell", "well"), link="softmax", gives="margin")  # fmt: skip
    both = [v(said, made, by="anc", sets=SETS, target="ill") for v in (swap, shuffle)]
    found = levers(both, made, by="anc")
    assert found.target == "ill"
    assert (found.closing.strata == 3).all()
    assert found.signal.metric[0] == "auroc"


def test_without_an_outcome_there_is_no_performance() -> None:
    """Gaps are taken given nothing, and the notes say what is not told."""
    people = cohort(200, outcome=None)
    found = levers(
        [v(model, people, by="anc", sets=SETS) for v in (swap, shuffle)], people, by="anc"
    )
    assert found.given == "nothing"
    assert len(found.signal.subject) == len(found.table.kind) == 0
    assert any("no outcome" in note for note in found.notes)


def test_small_groups_are_not_told() -> None:
    """A group of fewer than 11 people has neither a gap nor a line of its own."""
    people = cohort(300, levels="ABC")
    codes = people.groups[0].codes
    few = np.concatenate([np.flatnonzero(codes < 2), np.flatnonzero(codes == 2)[:8]])
    small = people.take(few)
    made = [v(model, small, by="anc", sets=SETS) for v in (swap, shuffle)]
    found = levers(made, small, by="anc")
    frame = found.closing.to_frame()
    hidden = frame[(frame.level == "C") | (frame.reference == "C")]
    assert hidden.gap.isna().all()
    assert hidden.reason.str.contains("fewer than 11 units in C").all()
    table = found.table.to_frame()
    assert table[table.part == "C"].before.isna().all()
    assert (table[table.part == "C"].reason == "suppressed (<11)").all()
    assert (table[table.part == "A"].n % 5 == 0).all()
    assert set(found.signal.groups) == {"A, B"}


def test_a_gap_that_may_be_none_has_no_share() -> None:
    """Where the gap's interval holds 0, the closure is missing with that reason."""
    people = cohort(400)
    rng = np.random.default_rng(11)
    table = people.people.assign(anc=rng.choice(["A", "B"], people.n))
    mixed = Cohort(people.columns(range(4)), table, NAMES, groups=["anc"], outcome="y")
    found = levers(swap(model, mixed, by="anc", sets=SETS), mixed, by="anc")
    assert np.isnan(found.closing.closure).all()
    assert "holds 0" in found.closing.closure_reason[0]
    assert not found.carries("s")


def test_wrong_input_is_refused() -> None:
    """No intervention, another grouping, another target."""
    people = cohort(100)
    with pytest.raises(InputError, match="there is no intervention"):
        levers([], people, by="anc")
    other = Cohort(
        people.columns(range(4)), people.people.assign(sex=np.tile(["f", "m"], 50)), NAMES,
        outcome="y", groups=["anc", "sex"],
    )  # fmt: skip
    made = swap(model, other, by="anc", sets=SETS)
    with pytest.raises(InputError, match="made by 'anc' and is judged by 'sex'"):
        levers(made, other, by="sex")


def test_levers_tell_every_pair() -> None:
    """With three groups each pair has its line, and its own people in the table."""
    people = cohort(500, levels="ABC")
    found = levers(swap(model, people, by="anc", sets=SETS), people, by="anc")
    frame = found.closing.to_frame()
    pairs = [("B", "A"), ("C", "A"), ("C", "B")]
    assert list(zip(frame.subject, frame.level, frame.reference, strict=True)) == [
        (s, *p) for s, p in product(SETS.names, pairs)
    ]
    parts = found.table.to_frame().groupby(["level", "reference"])["part"].unique()
    assert set(parts["C", "A"]) == {"overall", "C", "A"}


def test_interventions_on_several_models_are_refused() -> None:
    """A swap of one model and a shuffle of another, and what is no intervention."""
    held = cohort(200)
    own: dict[str, Any] = {"by": "anc", "sets": SETS}
    one, two = swap(model, held, **own), shuffle(lambda x: 2 * model(x), held, **own)
    with pytest.raises(AttributionError, match="the shuffle is of another model"):
        levers([one, two], held, by="anc")
    with pytest.raises(InputError, match="an intervention is a str; make some"):
        levers(["swap"], held, by="anc")  # type: ignore[list-item]
    with pytest.raises(InputError, match="sets is a dict; wanted FeatureSets"):
        swap(model, held, by="anc", sets={})  # type: ignore[arg-type]
