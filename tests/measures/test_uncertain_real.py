"""Real patients: doses of warfarin are less sure for some, deaths alike for both sexes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import torch
from scipy.special import logit
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from evenlight.arrays import Float
from evenlight.cohorts import PHARMACOGENETIC, warfarin
from evenlight.data.cohort import Cohort
from evenlight.data.probed import Predictions
from evenlight.measures.conforming import Calibration, Conformal
from evenlight.measures.uncertain import uncertain
from evenlight.models.adapt import adapt
from evenlight.probes.ensembles import members
from evenlight.probes.predict import predict

BLACK = "Black or African American"
COLUMNS = ["age", "meanbp", "hrt", "resp", "temp", "crea", "sod", "scoma", "wblc", "num.co"]


class Dose(nn.Module):
    """A small network of the root of the dose, with dropout."""

    def __init__(self, x: Float) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.register_buffer("middle", torch.as_tensor(x.mean(axis=0), dtype=torch.float32))
        self.register_buffer("size", torch.as_tensor(x.std(axis=0) + 1e-9, dtype=torch.float32))
        self.body = nn.Sequential(
            nn.Linear(x.shape[1], 32), nn.ReLU(), nn.Dropout(0.1),
            nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.1), nn.Linear(32, 1),
        )  # fmt: skip

    def forward(self, x: Tensor) -> Tensor:
        """The root of the weekly dose (n,)."""
        scaled = (x - self.get_buffer("middle")) / self.get_buffer("size")
        out: Tensor = self.body(scaled)[:, 0] + 5.7
        return out


def trained(x: Float, y: Float) -> Dose:
    """The network after 120 steps on rows x, y."""
    net = Dose(x)
    step = torch.optim.Adam(net.parameters(), 1e-2, weight_decay=1e-4)
    rows, root = (torch.as_tensor(v, dtype=torch.float32) for v in (x, np.sqrt(y)))
    net.train()
    for _ in range(120):
        step.zero_grad()
        ((net(rows) - root) ** 2).mean().backward()
        step.step()
    return net


def test_one_width_of_dose_does_not_hold_for_everyone() -> None:
    """The published formula's +- holds the dose of Black patients less often than it says."""
    cohort = warfarin()
    found = uncertain(predict(PHARMACOGENETIC, cohort), cohort, by="race")
    at = [found.measure("coverage", level=level) for level in (0.8, 0.9, 0.95)]
    assert (found.held.verdict[found.levels.index(BLACK)] == "below").all()
    assert (np.delete(found.held.verdict, found.levels.index(BLACK), axis=0) == "not_below").all()
    assert (found.value[found.part(BLACK), at] < [0.72, 0.85, 0.93]).all()
    wide = found.measure("width", level=0.9, calibrated="own group")
    black, asian = found.value[found.part(BLACK), wide], found.value[found.part("Asian"), wide]
    assert black > 1.5 * asian
    assert found.verdict[found.contrasts.index((BLACK, "Asian")), wide] == "different"


def test_a_network_with_dropout_on_held_out_patients() -> None:
    """Trained, calibrated, audited on other patients: own intervals hold, one for all does not."""
    cohort = warfarin()
    part = np.random.default_rng(0).permutation(cohort.n) % 4
    held, audited = cohort.take(part == 2), cohort.take(part == 3)
    net = trained(cohort.dense(part < 2), cohort.y[part < 2])
    model = adapt(net, link="square", unit="mg a week")
    grown = [members(model, people, draws=10) for people in (held, audited)]
    found = uncertain(
        predict(model, audited), audited, by="race", ensemble=grown[1],
        how=Conformal(calibration=Calibration(predict(model, held), held, grown[0])),
    )  # fmt: skip
    black = found.levels.index(BLACK)
    common = [i for i, j in enumerate(found.held.measure) if found.calibrated[j] == "everyone"]
    own = [i for i, j in enumerate(found.held.measure) if found.calibrated[j] == "own group"]
    assert (found.held.verdict[black, common] == "below").any()
    assert (found.held.verdict[:, own] != "below").all()
    spread = found.measure("epistemic")
    assert found.units[spread] == "mg a week"
    assert found.value[found.part("Asian"), spread] < found.value[found.part("White"), spread]
    assert (found.members, found.members_by) == (10, "dropout")


def test_the_sexes_are_held_alike(data: Path) -> None:
    """Sets of death in hospital hold for women and men as they say, at similar entropy."""
    table = pd.read_csv(data / "support2" / "support2.csv.gz")
    table.index = pd.Index([f"p{i}" for i in range(len(table))])
    x = table[COLUMNS].fillna(table[COLUMNS].median()).to_numpy()
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    train = np.arange(len(x)) % 2 == 0
    model = LogisticRegression().fit(x[train], table["hospdead"][train])
    people = table.loc[~train, ["sex", "race", "hospdead"]]
    cohort = Cohort(x[~train], people, outcome="hospdead", unit="row")
    risk = model.predict_proba(x[~train])[:, 1]
    said = Predictions(cohort.rows, logit(risk), risk, "hospdead", "logit")
    found = uncertain(said, cohort, by="sex", how=Conformal(score="aps"))
    assert (found.held.verdict == "not_below").all()
    assert found.verdict[0, found.measure("entropy")] == "similar"
    assert not (found.verdict == "different").any()
