"""Attacks on what layers hold and on the worst slices: differences that tell who is in neither."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from evenlight.arrays import Float
from evenlight.codec import plain
from evenlight.data.cohort import Cohort
from evenlight.data.groups import Groups
from evenlight.data.probed import Predictions
from evenlight.measures.encoded import EncodedUsed
from evenlight.measures.encoded_used import encoded_used
from evenlight.measures.slices import Slices, slices
from evenlight.probes.embeddings import embed
from evenlight.probes.erase import erase
from evenlight.probes.perturbations.perturbation import Perturbation
from evenlight.probes.predict import predict
from evenlight.probes.worst import worst
from evenlight.stats.slices import contrast

SIZES = {"A": 60, "B": 60, "C": 1}


def people(
    sizes: dict[str, int],
    *,
    seed: int = 0,
    others: tuple[str, ...] = (),
    sites: bool = False,
) -> tuple[Float, pd.DataFrame]:
    """Values and a table of races; `others` (C, t3) makes those of a race or site other people."""
    rng = np.random.default_rng(seed)
    race = np.repeat(list(sizes), list(sizes.values()))
    n = len(race)
    site = rng.choice(["t1", "t2"], n)
    if sites:
        site[rng.permutation(np.flatnonzero(race != "C"))[:4]] = "t3"
    x, noise = rng.normal(size=(n, 4)), rng.normal(size=n)
    few = np.isin(race, others) | np.isin(site, others)
    if others:
        again = np.random.default_rng(100)
        x[few], noise[few] = 3 * again.normal(size=(few.sum(), 4)), again.normal(size=few.sum())
    table = pd.DataFrame(
        {"race": race, "site": site, "y": x[:, 0] + noise, "age": 60 + 10 * x[:, 3]},
        index=[f"p{i:04d}" for i in range(n)],
    )
    table["white"] = np.where(race == "A", "yes", "no")
    return x, table


def network() -> nn.Module:
    """Two layers."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(4, 3), nn.Tanh(), nn.Linear(3, 1)).double().float()


def layers(cohort: Cohort, by: str, against: str | None = None) -> EncodedUsed:
    """What the first layer holds of a grouping, and what of it is used."""
    net = network()
    return encoded_used(
        embed(net, cohort, layers=["0"]), predict(net, cohort), cohort, by=by, against=against,
        erased=erase(net, cohort, by=by, against=against, layers=["0"]), draws=199,
    )  # fmt: skip


@cache
def beside(outcome: bool, *others: str) -> EncodedUsed:
    """Race beside sites, where five of a race and four of a site are hidden."""
    x, table = people({"A": 70, "B": 60, "C": 5}, others=others, sites=True)
    cohort = Cohort(x, table, outcome="y" if outcome else None, unit="row", groups=["race"])
    return layers(cohort, "race", "site")


@pytest.mark.parametrize("outcome", [True, False])
def test_layers_say_the_same_whatever_hidden_people_are_like(outcome: bool) -> None:
    """Of the race, of the race within sites and of the site within races: values and outcomes.

    People of a hidden site are in the table of races, whose SD(f) is the unit, and in none of what
    is told of the layer where the site is held or asked.
    """
    first = beside(outcome)
    assert np.isfinite(first.used).sum() >= 3
    assert plain(first) == plain(beside(outcome, "C"))
    held = np.array(first.besides) != ""
    told = ["n_level", "n_reference", "auc", "auc_low", "auc_high", "auc_p", "readout", "encoded"]
    other = beside(outcome, "C", "t3").to_frame()
    pd.testing.assert_frame_equal(first.to_frame().loc[held, told], other.loc[held, told])


def test_the_gap_beside_a_grouping_that_shares_a_level_tells_nobody() -> None:
    """A less B, and A less everybody else: what is between them is the one person of C.

    With exact gaps, and all counts, the person's output comes out to the last digit; as told it is
    wrong by more than the SD of one person.
    """
    wrong, blind = [], []
    for seed in range(6):
        x, table = people(SIZES, seed=seed)
        output = predict(network(), Cohort(x, table, unit="row")).margin
        mean = {r: output[(table["race"] == r).to_numpy()].mean() for r in SIZES}
        rest = output[(table["white"] == "no").to_numpy()].mean()
        exact = (mean["A"] - mean["B"]) - (mean["A"] - rest)
        assert mean["B"] + 61 * exact == pytest.approx(mean["C"], abs=1e-6)
        cohort = Cohort(x, table, unit="row", groups=["race", "white"])
        gaps = []
        for by, pair in (("race", {"A", "B"}), ("white", {"yes", "no"})):
            made = layers(cohort, by)
            at = next(i for i, one in enumerate(made.contrasts) if set(one) == pair)
            sign = 1 if made.contrasts[at][0] in ("A", "yes") else -1
            gaps.append(sign * float(made.gap[at]) * made.unit)
        wrong.append(mean["B"] + 61 * (gaps[0] - gaps[1]) - mean["C"])
        blind.append(output.std())
    assert np.sqrt(np.mean(np.square(wrong))) > np.mean(blind)


def foretold(x: Float, table: pd.DataFrame) -> Predictions:
    """The prediction."""
    return Predictions(np.array(table.index, dtype=np.str_), x[:, 0], x[:, 0], "y", "identity")


def sliced(
    sizes: dict[str, int], over: tuple[str, ...], *, others: tuple[str, ...] = ()
) -> tuple[Slices, Cohort]:
    """The worst slices by race, with people hidden in a race and a site."""
    x, table = people(sizes, others=others, sites=True)
    cohort = Cohort(x, table, outcome="y", unit="row", groups=["white"])
    return slices(foretold(x, table), cohort, over=over, of="above", depth=2), cohort


def test_slices_are_the_same_whatever_hidden_people_are_like() -> None:
    """Names, numbers, thirds of the age and how many were searched."""
    sizes, over = {"A": 120, "B": 100, "C": 6}, ("race", "site", "age")
    first, other = (sliced(sizes, over, others=others)[0] for others in ((), ("C", "t3")))
    assert len(first.names) == 5
    assert not any("C" in name or "t3" in name for name in first.names)
    assert plain(first) == plain(other)


def solved(effects: tuple[float, float], n: tuple[int, int, int]) -> float:
    """The mean of C less that of A, from A less the rest and B less the rest."""
    a, b, c = n
    system = np.array([[1, -b / (b + c)], [-a / (a + c), 1]])
    return -float(np.linalg.solve(system, np.array(effects))[0])


def test_two_slices_tell_the_mean_of_whoever_is_in_neither() -> None:
    """The attack: A less the rest and B less the rest give C, exactly."""
    rng = np.random.default_rng(0)
    value, race = rng.normal(size=126), np.repeat([0, 1, 2], [65, 55, 6])
    made = contrast(value, np.stack([race == 0, race == 1], axis=1), np.arange(126))
    found = solved((float(made.effect[0]), float(made.effect[1])), (65, 55, 6))
    assert found == pytest.approx(value[race == 2].mean() - value[race == 0].mean(), abs=1e-9)


def test_people_whose_half_is_small_are_told_to_steps() -> None:
    """Sixteen people are shown, eight of them lie in each half: no difference is told exactly."""
    made, cohort = sliced({"A": 120, "B": 100, "C": 16}, ("race",))
    value = cohort.y - cohort.dense()[:, 0]
    race = cohort.people["race"].to_numpy()
    assert set(made.names) == {"race: A", "race: B"}
    assert made.n.sum() % 5 == 0
    for part in (made.found, made.effect):
        np.testing.assert_allclose(part * 20, np.round(part * 20), atol=1e-9)
    assert np.isfinite(value).all()
    assert (race == "C").sum() == 16


def test_slices_that_tell_nobody_are_exact() -> None:
    """With three large races nothing is rounded, and halves of both ways together tell no cell."""
    made, _ = sliced({"A": 120, "B": 100, "C": 90}, ("race",))
    assert not np.allclose(made.effect * 100, np.round(made.effect * 100))


def test_one_person_who_is_most_of_a_slice_is_told_to_steps() -> None:
    """Whoever has more than half of what a slice adds up to is not solved for by its mean."""
    told = []
    for far in (400.0, 401.0):
        x, table = people({"A": 120, "B": 100, "C": 90})
        table.loc[table.index[0], "y"] += far
        cohort = Cohort(x, table, outcome="y", unit="row")
        groups = Groups.from_labels("race", table["race"])
        told.append(slices(foretold(x, table), cohort, over=[groups], of="above"))
    assert plain(told[0])["effect"] == plain(told[1])["effect"]
    assert plain(told[0])["found"] == plain(told[1])["found"]


def test_the_worst_perturbation_beside_a_hidden_group_is_told_to_steps() -> None:
    """Sums over halves that nobody else tells, and which hold no hidden person, are coarse as well.

    No second table tells a sum over the same people: halves are drawn at random for each question,
    and who is in which is in no record. So nothing can be taken from them but what they tell.
    """
    made = []
    for others in ((), ("C",)):
        x, table = people({"A": 90, "B": 80, "C": 5}, others=others)
        cohort = Cohort(x, table, unit="row", groups=["race"])
        made.append(
            worst(
                lambda rows: rows[:, 0], cohort, by="race",
                suite=Perturbation(
                    "loss", lambda v, s, rng: v * (1 - s), (0.2,), "share", "numbers", "v (1 - s)",
                    by_row=False,
                ),
            )
        )  # fmt: skip
    first, other = ({k: v for k, v in plain(one).items() if k != "cohort_digest"} for one in made)
    assert first == other
    assert np.isfinite(made[0].effect)
    for value in (made[0].effect, made[0].low, made[0].high, made[0].searched):
        assert round(value, 2) == pytest.approx(value, abs=1e-9)
