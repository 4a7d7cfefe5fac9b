"""The attribution engine beside captum, shap and the bare model, in one run.

    python -m benchmarks.attribution            all tables, about fifteen minutes
    python -m benchmarks.attribution ig walks

Each line is a ratio to a named peer and to the bare limit (the model's own passes, and nothing
else), with CPU seconds of all threads, the most memory beyond what was held before, and repeats.
One thread, since ratios are steadier so: torch.set_num_threads(1).
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from captum.attr import GradientShap, IntegratedGradients
from torch import Tensor, nn

import evenlight as ev
from benchmarks import players
from benchmarks.bench import cost, head, line
from benchmarks.networks import CellTransformer, Convolutions, Vision, omics, resnet
from evenlight.data.attributions import Attributions
from evenlight.explainers import path
from evenlight.explainers.background import draw
from evenlight.models.probe import prepare, prepare_all


def cohort(x: np.ndarray) -> ev.Cohort:
    """Rows without people to speak of."""
    people = pd.DataFrame(
        {"sex": np.resize(["f", "m"], len(x))}, index=[f"r{i:05d}" for i in range(len(x))]
    )
    return ev.Cohort(x, people, groups=["sex"])


def bare(module: nn.Module, x: Tensor, passes: int, targets: int = 1) -> None:
    """Forward and backward passes, and nothing else."""
    for _ in range(passes):
        at = x.clone().requires_grad_(True)
        out = module(at)
        for t in range(targets):
            torch.autograd.grad(out[:, t].sum(), at, retain_graph=t + 1 < targets)


def ours(module: nn.Module, people: ev.Cohort, **own: Any) -> Callable[[], Attributions]:
    """Integrated gradients of target 0 along one path, the checks of the model done before."""
    prepared = prepare(ev.adapt(module, link="identity"), people, target=0)
    background = draw(people, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)

    def run() -> Attributions:
        return path.explain(prepared, people, target=0, background=background, rng=rng, **own)

    return run


def mean_of(people: ev.Cohort) -> Tensor:
    """The baseline that `ours` starts from."""
    start = draw(people, rng=np.random.default_rng(0)).mean
    return torch.tensor(start[None], dtype=torch.float32)


def ig() -> None:
    """20,000 genes, 512 and 128 hidden units, 256 people."""
    head("Integrated gradients, omics MLP 20,000-512-128-2, 256 rows")
    module, x = omics(20_000, 2), np.random.default_rng(0).normal(size=(256, 20_000))
    people = cohort(x.astype(np.float32))
    rows, start = torch.tensor(people.x), mean_of(people)
    limit = cost(lambda: bare(module, rows, 50), 2)
    line("50 bare forward and backward passes (the limit)", limit)
    captum = IntegratedGradients(module)
    held: dict[str, Any] = {"n_steps": 50, "method": "gausslegendre", "target": 0}
    batched = cost(lambda: captum.attribute(rows, start, internal_batch_size=256, **held), 2)
    line("captum, internal_batch_size=256 (the peer)", batched, limit=limit)
    line("captum, one batch", cost(lambda: captum.attribute(rows, start, **held), 1), limit=limit)
    for steps, name in ((50, "50 nodes"), (500, "500 nodes"), (None, "as many as a row needs")):
        own = ours(module, people, baseline="mean", steps=steps)
        found = own()
        note = f"worst residual {_worst(found):.1e}, {found.settings['steps_median']:.0f} nodes"
        line(f"evenlight, {name}", cost(own, 3), peer=batched, limit=limit, note=note)


def rows() -> None:
    """More rows: what is found out about the network once weighs less."""
    head("The same with 1,024 rows, 50 nodes")
    module, x = omics(20_000, 2), np.random.default_rng(0).normal(size=(1_024, 20_000))
    people = cohort(x.astype(np.float32))
    given, start = torch.tensor(people.x), mean_of(people)
    few = cost(lambda: bare(module, given, 10), 1)
    limit = type(few)(few.seconds * 5, few.megabytes, 1)
    line("50 bare passes (the limit, 10 measured)", limit)
    captum = IntegratedGradients(module)
    peer = cost(lambda: captum.attribute(
        given, start, target=0, n_steps=50, method="gausslegendre", internal_batch_size=256,
    ), 1)  # fmt: skip
    line("captum, internal_batch_size=256 (the peer)", peer, limit=limit)
    own = ours(module, people, baseline="mean", steps=50)
    line("evenlight, 50 nodes", cost(own, 3), peer=peer, limit=limit)


def _worst(found: Attributions) -> float:
    move = np.abs(found.output - found.base)
    return float((np.abs(found.error) / np.maximum(move, np.median(move))).max())


def classes() -> None:
    """All ten classes in one pass."""
    head("Integrated gradients of 10 classes, omics MLP 20,000-512-128-10, 256 rows, 50 nodes")
    module, x = omics(20_000, 10), np.random.default_rng(0).normal(size=(256, 20_000))
    people = cohort(x.astype(np.float32))
    rows, start = torch.tensor(people.x), mean_of(people)
    few = cost(lambda: bare(module, rows, 5, targets=10), 1)
    limit = type(few)(few.seconds * 10, few.megabytes, 1)
    line("50 times 1 forward and 10 backward passes (the limit, 5 measured)", limit)
    captum = IntegratedGradients(module)

    def each() -> None:
        for t in range(10):
            captum.attribute(
                rows, start, target=t, n_steps=50, method="gausslegendre", internal_batch_size=256
            )

    peer = cost(each, 1)
    line("captum, a call a class (the peer)", peer, limit=limit)
    prepared = prepare_all(ev.adapt(module, link="identity"), people, list(range(10)))
    background = draw(people, rng=np.random.default_rng(0))

    def own() -> tuple[Attributions, ...]:
        return path.explain_all(
            prepared[0].adapted, people, targets=list(range(10)), background=background,
            rng=np.random.default_rng(1), baseline="mean", steps=50,
        )  # fmt: skip

    line("evenlight, one pass (with its probes of the model)", cost(own, 2), peer=peer, limit=limit)


def images() -> None:
    """Two-dimensional, three-dimensional, and transformers, at the same nodes."""
    head("Integrated gradients of images and cells, 16 nodes, against as many bare passes")
    every: list[tuple[str, nn.Module, tuple[int, ...], int]] = [
        ("2D: ResNet-18-like, 3 x 224 x 224", resnet(), (3, 224, 224), 12),
        ("3D: three convolutions, 32 x 32 x 32", Convolutions(), (1, 32, 32, 32), 24),
        ("ViT-like, 6 blocks of 192, 3 x 224 x 224", Vision(), (3, 224, 224), 12),
        ("cell transformer, 4 blocks of 128, 512 genes", CellTransformer(), (512,), 12),
    ]
    for name, module, shape, n in every:
        people = cohort(np.random.default_rng(0).normal(size=(n, *shape)).astype(np.float32))
        rows, start = torch.tensor(people.x), mean_of(people)
        limit = cost(lambda m=module, r=rows: [bare(m, part, 16) for part in r.split(4)], 2)
        captum = IntegratedGradients(module)
        peer = cost(lambda c=captum, r=rows, s=start, n=n: c.attribute(
            r, s, n_steps=16, method="gausslegendre", internal_batch_size=n, target=0,
        ), 2)  # fmt: skip
        own = ours(module, people, baseline="mean", steps=16)
        found = own()
        line(f"{name}: bare", limit)
        line(f"{name}: captum", peer, limit=limit)
        line(f"{name}: evenlight", cost(own, 2), peer=peer, limit=limit,
             note=f"stem {found.settings['stem'] or found.settings['stem_reason']!r}")  # fmt: skip


def gradients() -> None:
    """How many gradients a row takes for the same worst error, on a smooth network."""
    head("Gradients a row on smooth networks, as many as a row needs against captum's fixed 50")
    for name, module, shape in (
        ("GELU MLP 2,000-128-64-1", omics(2_000, 1, hidden=(128, 64), bend=nn.GELU), (2_000,)),
        ("ViT-like, 2 blocks of 64", Vision(width=64, depth=2, size=64), (3, 64, 64)),
    ):
        n = 64 if len(shape) == 1 else 8
        people = cohort(np.random.default_rng(0).normal(size=(n, *shape)).astype(np.float32))
        rows, start = torch.tensor(people.x), mean_of(people)
        captum = IntegratedGradients(module)
        peer_values = captum.attribute(
            rows, start, n_steps=50, method="gausslegendre", internal_batch_size=n, target=0
        )
        exact = captum.attribute(
            rows, start, n_steps=200, method="gausslegendre", internal_batch_size=n, target=0
        ).detach().numpy()  # fmt: skip
        own = ours(module, people, baseline="mean")
        found = own()
        size = np.abs(exact).max()
        theirs, mine = (
            np.abs(np.asarray(v.detach() if isinstance(v, Tensor) else v) - exact).max() / size
            for v in (peer_values, found.values)
        )
        taken = found.settings["steps_median"]
        line(f"{name}: captum", cost(lambda c=captum, r=rows, s=start, n=n: c.attribute(
            r, s, n_steps=50, method="gausslegendre", internal_batch_size=n, target=0), 2),
             note=f"50 gradients, worst error {theirs:.1e}, "
             f"residual {_theirs(peer_values, found):.1e}")  # fmt: skip
        line(f"{name}: evenlight", cost(own, 2), note=f"{taken:.0f} gradients in the median row, "
             f"worst error {mine:.1e}, residual {_worst(found):.1e}")  # fmt: skip


def _theirs(values: Tensor, found: Attributions) -> float:
    total = values.detach().double().flatten(1).sum(1).numpy()
    move = found.output - found.base
    return float((np.abs(total - move) / np.maximum(np.abs(move), np.median(np.abs(move)))).max())


def expected() -> None:
    """Many baselines."""
    head("Expected gradients, MLP 2,000-128-64-1, 64 rows, 50 baselines, 2 nodes a path")
    module = omics(2_000, 1, hidden=(128, 64), bend=nn.GELU)
    people = cohort(np.random.default_rng(0).normal(size=(64, 2_000)).astype(np.float32))
    rows = torch.tensor(people.x)
    starts = np.random.default_rng(1).normal(size=(50, 2_000)) / 2
    limit = cost(lambda: bare(module, rows, 100), 3)
    line("100 bare forward and backward passes (the limit)", limit)
    captum, given = GradientShap(module), torch.tensor(starts, dtype=torch.float32)
    peer = cost(lambda: captum.attribute(rows, given, n_samples=100, target=0), 2)
    line("captum GradientShap, 100 samples (the peer)", peer, limit=limit)
    own = ours(module, people, baseline=starts, steps=2)
    line("evenlight", cost(own, 3), peer=peer, limit=limit)
    tall = resnet(width=16)
    seen = cohort(np.random.default_rng(0).normal(size=(4, 3, 64, 64)).astype(np.float32))
    images, from_there = torch.tensor(seen.x), np.random.default_rng(1).normal(size=(10, 3, 64, 64))
    limit = cost(lambda: bare(tall, images, 20), 3)
    line("2D CNN, 10 baselines, 2 nodes: bare passes (the limit)", limit)
    line("evenlight", cost(ours(tall, seen, baseline=from_there, steps=2), 3), limit=limit)


TABLES: dict[str, Callable[[], None]] = {
    "ig": ig, "rows": rows, "classes": classes, "images": images, "gradients": gradients,
    "expected": expected, "walks": players.walks, "genome": players.genome,
    "blackbox": players.black_box, "trees": players.forests,
}  # fmt: skip


def main(names: list[str]) -> int:
    """The tables that are asked for; all of them by default."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    warnings.simplefilter("ignore")
    for name in names or TABLES:
        if name not in TABLES:
            print(f"no table {name!r}; known: {', '.join(TABLES)}")
            return 2
        TABLES[name]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
