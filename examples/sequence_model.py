"""See whether a small DNA model holds where its sequences are changed as in practice.

A network that reads DNA three letters at a time is trained here, in seconds, to find a planted
motif. In one ancestry the motif stands at the very front of the sequence, in the other further
back, as where an assay was designed for one of them. What the model reads is shown position by
position. Then sequences are changed (letters substituted, the first letters lost so that every
token is read from another place, the other strand read), to show whose outputs that moves.

    python examples/sequence_model.py
"""

import numpy as np
import pandas as pd
import torch
from torch import nn

import evenlight as ev

LENGTH, MOTIF = 36, "GATTACAGGC"
FRONT = {"north": (15, 25), "south": (0, 3)}
"""Where the motif may start, by ancestry."""

PLACES = {"first 13 positions": (0, 13), "positions from 14": (13, LENGTH)}


def network():
    """Tokens of three letters, four neighbouring tokens together, and their sum."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv1d(4, 48, 3, stride=3), nn.GELU(), nn.Conv1d(48, 48, 4, padding=2), nn.GELU(),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(48, 1),
    )  # fmt: skip


def people(n, seed):
    """One-hot sequences (n, 4, 36); most of the diseased, and few others, hold the motif."""
    rng = np.random.default_rng(seed)
    ancestry = np.where(np.arange(n) % 2, "south", "north")
    sick = rng.random(n) < 0.5
    letters = rng.integers(4, size=(n, LENGTH))
    for i in np.flatnonzero(rng.random(n) < np.where(sick, 0.9, 0.05)):
        start = rng.integers(*FRONT[ancestry[i]])
        letters[i, start : start + len(MOTIF)] = ["ACGT".index(base) for base in MOTIF]
    table = pd.DataFrame({"ancestry": ancestry, "disease": sick.astype(int)})
    table.index = [f"p{i:04d}" for i in range(n)]
    x = np.eye(4)[letters].transpose(0, 2, 1)
    return ev.Cohort(x, table, outcome="disease", groups=["ancestry"], unit="row")


def train(model, cohort, steps=400):
    """Fit by Adam on random batches; a few letters are hidden, as baselines will hide them."""
    rng = np.random.default_rng(0)
    x, y = (torch.tensor(v, dtype=torch.float32) for v in (cohort.dense(), cohort.y))
    step = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(steps):
        some = torch.as_tensor(rng.integers(len(x), size=256))
        seen = torch.as_tensor(rng.random((256, 1, LENGTH)) < 0.95)
        said = model(torch.where(seen, x[some], 0.25))[:, 0]
        step.zero_grad()
        nn.functional.binary_cross_entropy_with_logits(said, y[some]).backward()
        step.step()
    return model.eval()


def regions():
    """Positions as two regions of the map (4, 36)."""
    label = np.zeros((4, LENGTH), dtype=int)
    for r, (start, end) in enumerate(PLACES.values()):
        label[:, start:end] = r
    return ev.FeatureSets.from_label_map(label, dict(enumerate(PLACES)), shape=(4, LENGTH))


def positions(model, cohort):
    """The positions that move the output most, and whether regions do so alike in ancestries."""
    made = ev.explain(model, cohort)
    size = np.abs(made.values.sum(axis=1))
    for level in cohort.groups[0].levels:
        own = size[cohort.groups[0].members(level)].mean(axis=0)
        told = ", ".join(f"{j + 1} ({own[j]:.2f})" for j in np.argsort(-own)[:5])
        print(f"  {level}: largest mean attribution at positions {told}")
    table = ev.compare(made.by(regions()), cohort, by="ancestry").to_frame()
    for row in table.query("view == 'magnitude' and given == 'nothing'").itertuples():
        print(f"  {row.subject}, {row.level} less {row.reference}: {row.effect:+.2f} SD(f) "
              f"[{row.low:.2f}, {row.high:.2f}], {row.verdict}")  # fmt: skip


def moved(found):
    """What each perturbation does at its largest strength, and whether ancestries differ."""
    size, view = found.measure("size"), found.view("size")
    for name in dict.fromkeys(found.perturbation):
        step = max(i for i, own in enumerate(found.perturbation) if own == name)
        sizes = [found.value[found.part(level), step, size] for level in found.levels]
        told = [f"{level} {own:.2f}" for level, own in zip(found.levels, sizes, strict=True)]
        low, high = found.apart.low[view, 0, step], found.apart.high[view, 0, step]
        verdict = found.apart.verdict[view, 0, step]
        print(f"  {found.steps[step]}: {', '.join(told)} SD(f); "
              f"difference {low:+.2f} to {high:+.2f}: {verdict}")  # fmt: skip


def main() -> int:
    """Train, explain, perturb."""
    model, cohort = train(network(), people(4000, seed=1)), people(400, seed=2)
    print("What it reads")
    positions(model, cohort)
    print("\nDoes it hold? Size of change of the output")
    asked = ev.suite("sequence", cohort).taking("substitutions", "tokenisation offset", "strand")
    found = ev.fragility(
        ev.perturb(model, cohort, suite=asked), cohort, by="ancestry", threshold=0.5
    )
    moved(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
