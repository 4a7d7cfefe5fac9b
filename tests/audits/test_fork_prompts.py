"""Prompts of a dual encoder as forks of one audit, on images that are embedded once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import torch

from evenlight.arrays import Float
from evenlight.auditing import audit
from evenlight.data.cohort import Cohort
from evenlight.forks import alternatives, hold
from evenlight.models.adapt import adapt
from evenlight.models.adapted import Adapted
from evenlight.models.transformers.zero_shot import zero_shot
from evenlight.plan import Plan
from tests.models.test_hf_images import dual

N, SIDE = 80, 8
ILL, WELL = [[1, 6, 9, 2]], [[1, 5, 9, 2]]
PLAN = Plan.from_data(
    {
        "question": [{"measure": "performance", "grouping": "site", "subject": "auroc"}],
        "explain": {"method": "occlusion", "repeats": 0},
        "measure": {"further": False},
        "model": {"target": "effusion"},
    }
)


def embedded(encoder: Any) -> Float:
    """Image features (n, d) at length 1 of random images, as the dual encoder compares them."""
    torch.manual_seed(0)
    with torch.no_grad():
        said = encoder.eval().get_image_features(pixel_values=torch.randn(N, 3, SIDE, SIDE))
    rows = said if isinstance(said, torch.Tensor) else said.pooler_output
    return np.asarray((rows / rows.norm(dim=-1, keepdim=True)).double())


def worded(encoder: Any, prompts: dict[str, Any]) -> Adapted:
    """Zero-shot classes of these prompts, for images that are embedded already."""
    network = zero_shot(encoder, prompts).module
    classes = np.asarray(network.get_buffer("classes").double())
    scale = float(encoder.logit_scale.exp().detach())
    return adapt(
        lambda x: scale * x @ classes.T, link="softmax", gives="margin", targets=list(prompts)
    )


def test_a_wording_that_turns_the_classes_round_overturns_the_answer() -> None:
    """Other words for the same classes leave the answer; words that mean the other class do not.

    At site A the outcome is what the model says, at site B it is a coin.
    """
    encoder = dual()
    x, model = embedded(encoder), worded(encoder, {"normal": WELL, "effusion": ILL})
    score = model.margin(x)[:, 1]
    in_b = np.arange(N) % 2 == 1
    coin = np.random.default_rng(1).random(N) < 0.5
    ill = np.where(in_b, coin, score > np.median(score)).astype(int)
    people = pd.DataFrame({"site": np.where(in_b, "B", "A"), "ill": ill})
    people.index = [f"p{i:03d}" for i in range(N)]
    cohort = Cohort(x, people, [f"d{j}" for j in range(x.shape[1])], outcome="ill",
                    groups=["site"], unit="row")  # fmt: skip
    made = audit(model, cohort, plan=PLAN)
    assert made.answers[0].verdict == "different"
    wordings = {
        "twice": worded(encoder, {"normal": WELL * 2, "effusion": ILL * 2}),
        "turned round": worded(encoder, {"normal": ILL, "effusion": WELL}),
    }
    held = hold(made, model, cohort, forks=alternatives("prompt", wordings))
    assert not held.unrun
    assert held.names == ("prompt", "prompt")
    assert held.holds[:, 0].tolist() == [True, False]
    assert held.touched[:, 0].tolist() == [True, True]  # a kind enters as a whole
