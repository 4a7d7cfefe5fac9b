"""The built-in examples: two warfarin dosing models, and a network on generated images."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import nn

from evenlight import cohorts, files, reports
from evenlight.api import report
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.convolutional import trained_network
from evenlight.plan import Plan
from evenlight.record import Audit

EPOCHS = 300
HIDDEN = 32


PLANTED = cohorts.Planted(prevalence=(0.15, 0.65), mark=(0.05, 0.9))
"""Of the generated chests: a mark that tells the group, and the group how many are ill."""
SEEN, HELD = 600, 1000
"""Generated people to train on, and others to audit."""
ASKED = (
    {"measure": "performance"},
    {"measure": "use"},
    {"measure": "reliance", "given": "outcome", "blocks": True},
    {"measure": "map", "given": "outcome"},
)
"""What is asked by group; reliance within the outcome may stop the gate."""
CHESTS = "Generated chests: a network that saw a mark burned into the corner"

FORMULA = "Warfarin dose: the published pharmacogenetic formula"
NETWORK = "Warfarin dose: a network that does not see race"


def demo(out: str | Path = "demo", *, progress: Callable[[str], None] | None = None) -> Path:
    """Audit both models, one folder each, and write an index page; its path is returned."""
    say = progress or (lambda stage: None)
    folder = files.folder(out)
    inside = files.below(folder, "formula", "network")
    say("the published formula")
    formula = _audited(cohorts.PHARMACOGENETIC, cohorts.warfarin(), FORMULA, progress)
    report(formula, formula.save(inside[0]))
    say("training a network on half of the patients")
    model = network(cohorts.warfarin(split="train", features="without race"))
    held_out = cohorts.warfarin(split="test", features="without race")
    learned = _audited(model, held_out, NETWORK, progress)
    report(learned, learned.save(inside[1]))
    pages = [
        (FORMULA, "formula/report.html", formula),
        (NETWORK, "network/report.html", learned),
    ]
    return files.write(folder / "index.html", reports.index(pages))


def imaging(
    out: str | Path = "demo-imaging", *, progress: Callable[[str], None] | None = None
) -> Path:
    """Train a network on generated chests with a burned-in mark, audit it on others; the page.

    Nobody is behind the images. Of group b 90 % bear the mark and 65 % are ill, of a 5 and 15 %:
    the network learns the lesion, and the mark beside it, so that the gate fails. Below three
    minutes on two cores.
    """
    say = progress or (lambda stage: None)
    say(f"training a network on {SEEN} generated chests")
    seen = cohorts.phantom(SEEN, planted=PLANTED, rng=1)
    network = trained_network(seen.cohort)
    held = cohorts.phantom(HELD, planted=PLANTED, rng=2)
    plan = Plan.from_data({
        "explain": {"baseline": "mean"}, "report": {"title": CHESTS},
        "question": [{"grouping": "group", **asked} for asked in ASKED],
    })  # fmt: skip
    made = audit(network, held.cohort, plan=plan, sets=held.regions, progress=progress)
    return report(made, made.save(files.folder(out)))


def _audited(
    model: object, cohort: Cohort, title: str, progress: Callable[[str], None] | None
) -> Audit:
    plan = Plan.from_data({"cohort": {"builtin": "warfarin"}, "report": {"title": title}})
    return audit(model, cohort, plan=plan, progress=progress)


class WarfarinNetwork(nn.Sequential):
    """Three linear layers with smooth activations: the square root of the weekly dose."""


def network(cohort: Cohort, *, seed: int = 0) -> Adapted:
    """A small network for the square root of the dose, trained on the cohort in seconds."""
    x, y = cohort.dense(), np.sqrt(cohort.y)
    mean, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-6)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        layers = WarfarinNetwork(
            nn.Linear(x.shape[1], HIDDEN), nn.SiLU(), nn.Linear(HIDDEN, HIDDEN), nn.SiLU(),
            nn.Linear(HIDDEN, 1),
        )  # fmt: skip
    _train(layers, torch.tensor((x - mean) / spread), torch.tensor(y))
    _fold(layers[0], torch.tensor(mean), torch.tensor(spread))
    return adapt(
        layers.eval(),
        link="square",
        targets=("weekly dose",),
        features=cohort.features.names,
        unit="mg a week",
    )


def _train(layers: nn.Sequential, x: torch.Tensor, y: torch.Tensor) -> None:
    """Full-batch Adam with weight decay on the squared error."""
    inputs, wanted = x.float(), y.float()[:, None]
    last = layers[-1]
    assert isinstance(last, nn.Linear)
    last.bias.data.fill_(float(wanted.mean()))
    steps = torch.optim.AdamW(layers.parameters(), lr=5e-3, weight_decay=1e-2)
    for _ in range(EPOCHS):
        steps.zero_grad()
        torch.autograd.backward(nn.functional.mse_loss(layers(inputs), wanted))
        steps.step()
    steps.zero_grad()


def _fold(first: nn.Module, mean: torch.Tensor, spread: torch.Tensor) -> None:
    """Put the standardisation of the inputs into the first layer, so that it takes raw values."""
    assert isinstance(first, nn.Linear)
    with torch.no_grad():
        weight = first.weight.double() / spread
        first.bias.copy_((first.bias.double() - weight @ mean).float())
        first.weight.copy_(weight.float())
