"""Images in 2-D and 3-D: passes, gradients, region Shapley values, and memory over volumes on disk.

    python -m benchmarks.imaging                        all tables
    python -m benchmarks.imaging smooth regions
    python -m benchmarks.imaging memory --rows 2400 --side 64 --device cuda
    python -m benchmarks.imaging maps --draws 500

`same` asks for the same nodes as bare passes, `smooth` how many gradients a row takes for the error
of captum's fixed 50, `regions` what region Shapley values cost beside captum's sampling at as many
model rows, `maps` what comparing maps takes beside nilearn's `permuted_ols` (cluster mass, as many
permutations), and `memory` what reading, explaining, summing over regions and comparing take.
Every line of `memory` is a fresh process, as in `benchmarks.omics`: *flat in rows* is the peak at
all volumes over that at a quarter of them: 1 is flat, 4 is proportional. Rows that share chunks are
read together up to `data.rows.BAND` bytes (512 MB), so that the quarter is more than this by
default. The network is cheap, since what a dear one holds is bounded by the batch of path points.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.omics import Step, measured, status

ROWS, SIDE, STEPS = 2_400, 64, 2
"""Volumes, positions along each axis, and gradients a volume in the table of memory."""

DRAWS = 20
"""Permutations of maps in the table of memory: what they hold grows little with more of them."""


def same() -> None:
    """Two-dimensional and three-dimensional networks at the same nodes as bare passes."""
    from benchmarks.attribution import images

    images()


def smooth_network(axes: int, side: int) -> Any:
    """Three convolutions with a smooth activation, and a mean over places."""
    import torch
    from torch import nn

    from benchmarks.networks import frozen

    torch.manual_seed(axes)
    conv, pool = (nn.Conv2d, nn.AvgPool2d) if axes == 2 else (nn.Conv3d, nn.AvgPool3d)
    parts: list[nn.Module] = []
    for a, b in ((1, 8), (8, 16), (16, 16)):
        parts += [conv(a, b, 3, 1, 1), nn.GELU(), pool(2)]
    made = nn.Sequential(*parts, nn.Flatten(), nn.Linear(16 * (side // 8) ** axes, 2))
    return frozen(made)


def _smooth_case(axes: int, side: int, n: int) -> tuple[Any, Any]:
    """A network of images with `side` positions along each axis, and n people."""
    import numpy as np

    from benchmarks.attribution import cohort

    net, shape = smooth_network(axes, side), (1, *(side,) * axes)
    x = 3 * np.random.default_rng(0).normal(size=(n, *shape)).astype(np.float32)
    return net, cohort(x)


def smooth() -> None:
    """How many gradients a row takes for the worst error of captum's fixed 50."""
    import numpy as np
    import torch
    from captum.attr import IntegratedGradients

    from benchmarks.attribution import mean_of, ours
    from benchmarks.bench import cost, head, line

    head("Gradients a row on smooth convolutional networks, against captum's fixed 50")
    for axes, side, n in ((2, 64, 24), (3, 24, 24)):
        net, people = _smooth_case(axes, side, n)
        rows, start = torch.tensor(people.x), mean_of(people)
        captum = IntegratedGradients(net)

        def theirs(steps: int, c: Any = captum, r: Any = rows, s: Any = start) -> Any:
            made = [
                c.attribute(part, s, n_steps=steps, method="gausslegendre", target=0)
                for part in r.split(4)
            ]
            return torch.cat(made).detach().numpy()

        exact, fifty = theirs(200), theirs(50)
        own = ours(net, people, baseline="mean")
        found, size = own(), np.abs(exact).max()
        taken = float(found.settings["steps_median"])
        peer = cost(lambda t=theirs: t(50), 2)
        error = np.abs(fifty - exact).max() / size
        line(
            f"{axes}-D, {side} a side: captum", peer, note=f"50 gradients, worst error {error:.1e}"
        )
        line(f"{axes}-D, {side} a side: evenlight", cost(own, 2), peer=peer,
             note=f"{taken:.0f} gradients in the median row ({50 / taken:.1f} times fewer), worst "
             f"error {np.abs(found.values - exact).max() / size:.1e}")  # fmt: skip


def regions() -> None:
    """Shapley values of regions: the same model rows as captum's sampling, and their errors."""
    import numpy as np
    import torch
    from captum.attr import ShapleyValueSampling

    import evenlight as ev
    from benchmarks.bench import cost, head, line

    head("Shapley values of regions from a black image, as many model rows a row")
    for axes, side, n, parts in ((2, 64, 12, (3, 3)), (3, 24, 12, (2, 2, 2))):
        net, people = _smooth_case(axes, side, n)
        shape = people.x.shape[1:]
        sets = ev.FeatureSets.from_grid(shape, parts)
        players, walks = len(sets.names), 20
        mask = torch.tensor(sets.owners().reshape(1, *shape))
        black = float(people.x.min())
        start = np.full(shape, black)
        rows = torch.tensor(people.x)
        adapted = ev.adapt(net, link="identity")

        def own(many: int = walks, a: Any = adapted, p: Any = people, s: Any = sets,
                b: Any = start) -> Any:  # fmt: skip
            return ev.explain(a, p, method="shapley", target=0, players=s, baseline=b, walks=many)

        def theirs(many: int = 2 * walks, m: Any = mask, r: Any = rows, net: Any = net,
                   b: float = black) -> Any:  # fmt: skip
            made = ShapleyValueSampling(net).attribute(
                r, b, target=0, feature_mask=m, n_samples=many, perturbations_per_eval=16
            )
            flat = made.reshape(len(made), -1)
            owner = m.reshape(-1)
            first = [int((owner == k).nonzero()[0]) for k in range(int(owner.max()) + 1)]
            return flat[:, first].detach().numpy()

        exact = ev.explain(
            adapted, people, method="shapley", target=0, players=sets, baseline=start, exact=True
        ).values
        found, peer_values, size = own(), theirs(), np.abs(exact).max()
        peer = cost(theirs, 1)
        line(f"{axes}-D, {players} regions: captum", peer, note=f"{2 * walks} orders, worst error "
             f"{np.abs(peer_values - exact).max() / size:.1e}")  # fmt: skip
        line(f"{axes}-D, {players} regions: evenlight", cost(own, 2), peer=peer,
             note=f"{walks} walks forth and back, worst error "
             f"{np.abs(found.values - exact).max() / size:.1e}")  # fmt: skip


def maps(draws: int) -> None:
    """Maps of volumes compared between two groups, beside nilearn at as many permutations."""
    import nibabel
    import numpy as np
    from nilearn.maskers import NiftiMasker
    from nilearn.mass_univariate import permuted_ols

    import evenlight as ev
    from benchmarks.bench import cost, head, line

    head(f"Cluster mass of maps of two groups, {draws} permutations")
    for side, n in ((16, 60), (24, 100)):
        made, people = _map_case(side, n)
        flat = np.asarray(made.values, dtype=np.float64).reshape(n, -1)
        image = nibabel.Nifti1Image(np.ones((side,) * 3, dtype=np.int8), np.eye(4))
        masker = NiftiMasker(image).fit()
        group = people.grouping("sex").codes.astype(np.float64)[:, None]

        def theirs(f: Any = flat, g: Any = group, m: Any = masker) -> Any:
            return permuted_ols(
                g, f, n_perm=draws, masker=m, threshold=0.001, two_sided_test=True, n_jobs=1,
                output_type="dict", random_state=0, verbose=0,
            )  # fmt: skip

        def own(a: Any = made, p: Any = people) -> Any:
            return ev.compare_maps(a, p, by="sex", testing=ev.MapTesting(draws=draws))

        peer, found = cost(theirs, 1), own()
        line(f"{side}^3 positions, {n} people: nilearn", peer, note="one map")
        line(f"{side}^3 positions, {n} people: evenlight", cost(own, 1), peer=peer,
             note=f"{len(found.views)} maps, studentised, nulls balanced")  # fmt: skip


def _map_case(side: int, n: int) -> tuple[Any, Any]:
    """Smooth random maps of n people, and a cohort of these."""
    import numpy as np
    from scipy.ndimage import gaussian_filter

    from evenlight.data.attributions import Attributions

    noise = np.random.default_rng(0).normal(size=(n, 1, side, side, side))
    x = gaussian_filter(noise, (0, 0, 1.0, 1.0, 1.0)).astype(np.float32)
    people = _cohort(x)
    total = x.reshape(n, -1).sum(axis=1)
    made = Attributions.from_arrays(
        x, rows=people.rows.tolist(), features=people.features, base=0.0, output=total
    )
    return made, people


def write_volumes(folder: Path, rows: int, side: int) -> None:
    """Volumes and a label map of each, written 50 at a time."""
    import numpy as np

    rng, space = np.random.default_rng(0), (side, side, side)
    x = on_disk(folder / "x.zarr", (rows, 1, *space), "float32")
    labels = on_disk(folder / "labels.zarr", (rows, *space), "uint8")
    for start in range(0, rows, 48):
        part = slice(start, min(rows, start + 48))
        many = part.stop - part.start
        x[part] = rng.normal(size=(many, 1, *space)).astype(np.float32)
        labels[part] = rng.integers(0, 4, (many, *space)).astype(np.uint8)


def on_disk(path: Path, shape: tuple[int, ...], dtype: str) -> Any:
    """A new array on disk, in chunks of eight volumes; pages of a memory map would be counted."""
    import zarr

    chunks = (8, *shape[1:])
    return zarr.create_array(path, shape=shape, chunks=chunks, dtype=dtype, compressors=None)


def volumes(folder: Path, device: str, draws: int) -> list[Step]:
    """Read, explain, sum over a grid and over each row's own map, and compare."""
    import zarr

    import evenlight as ev

    x, out = zarr.open_array(folder / "x.zarr", mode="r"), list[Step]()
    net = _loaded(int(x.shape[2]))
    base = status("VmRSS")
    with measured(out, "read", base):
        cohort = _cohort(x)
    kept = on_disk(folder / "kept.zarr", cohort.x.shape, "float32")
    with measured(out, f"explain (ig, {STEPS} gradients), attributions to disk", base) as notes:
        made = ev.explain(
            ev.adapt(net, link="identity"), cohort, method="ig", target=0, baseline="mean",
            steps=STEPS, out=kept, device=device,
        )  # fmt: skip
        notes.append(f"on {made.settings['device']}")
    grid = ev.FeatureSets.from_grid(cohort.x.shape[1:], (4, 4, 4))
    with measured(out, "sum over a grid of 64 parts and compare", base):
        ev.compare(made.by(grid), cohort, by="sex")
    with measured(out, "sum over each row's own label map and compare", base):
        labels = zarr.open_array(folder / "labels.zarr", mode="r")
        ev.compare(made.by_maps(labels), cohort, by="sex")
    with measured(out, f"compare maps, {draws} permutations", base):
        ev.compare_maps(made, cohort, by="sex", testing=ev.MapTesting(draws=draws))
    return out


def _loaded(side: int) -> Any:
    """A network of means over 8 x 8 x 8 positions, with all that explaining one loads."""
    import torch
    from torch import nn

    for name in ("explainers.path", "measures.compare", "measures.compare_maps"):
        import_module(f"evenlight.{name}")
    torch.manual_seed(0)
    means = nn.AvgPool3d(8), nn.Flatten(), nn.Linear((side // 8) ** 3, 16), nn.GELU()
    net = nn.Sequential(*means, nn.Linear(16, 1)).eval()
    with torch.no_grad():
        net(torch.rand(2, 1, side, side, side))
    return net


def _cohort(x: Any) -> Any:
    """Volumes on disk as a cohort."""
    import numpy as np
    import pandas as pd

    import evenlight as ev
    from evenlight.data.features import Features
    from evenlight.data.space import Space

    n, space = int(x.shape[0]), tuple(int(side) for side in x.shape[2:])
    people = pd.DataFrame({"sex": np.resize(["f", "m"], n)}, index=[f"r{i:05d}" for i in range(n)])
    features = Features(("intensity",), space=Space(space, shared="registered"))
    rows = x if isinstance(x, np.ndarray) else ev.Rows(x)
    return ev.Cohort(rows, people, features, groups=["sex"], unit="row")


def child(folder: Path, device: str, draws: int) -> None:
    """Run here, and print the steps for the process that asked."""
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    print(json.dumps([asdict(step) for step in volumes(folder, device, draws)]))


def memory(rows: int, side: int, device: str, draws: int) -> None:
    """Every step at all volumes and at a quarter of them."""
    sizes = [f"{n:,} ({4e-6 * n * side**3:,.0f} MB)" for n in (rows, rows // 4)]
    print(f"\nvolumes of {side} x {side} x {side}: {sizes[0]}, and {sizes[1]}; on {device}\n")
    print("| work | CPU s | MB more | at a quarter | flat in rows | note |")
    print("|---|---|---|---|---|---|", flush=True)
    every = []
    for many in (rows, rows // 4):
        with tempfile.TemporaryDirectory() as name:
            write_volumes(Path(name), many, side)
            order = [sys.executable, "-m", "benchmarks.imaging", "--child", name, device]
            order += [str(draws)]
            done = subprocess.run(order, check=True, stdout=subprocess.PIPE, text=True)
            every.append([Step(**step) for step in json.loads(done.stdout.splitlines()[-1])])
    for a, b in zip(*every, strict=True):
        ratio = f"{a.megabytes / max(b.megabytes, 1e-9):.2f}"
        cells = (a.name, f"{a.seconds:.1f}", f"{a.megabytes:.0f}", f"{b.megabytes:.0f}")
        print(f"| {' | '.join((*cells, ratio, a.note))} |", flush=True)


TABLES: dict[str, Callable[[], None]] = {"same": same, "smooth": smooth, "regions": regions}


def main(given: list[str]) -> int:
    """The tables that are asked for."""
    if given[:1] == ["--child"]:
        child(Path(given[1]), given[2], int(given[3]))
        return 0
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("what", nargs="*", choices=[*TABLES, "maps", "memory", []])
    asked.add_argument("--rows", type=int, default=ROWS)
    asked.add_argument("--side", type=int, default=SIDE)
    asked.add_argument("--device", default="cpu")
    asked.add_argument("--draws", type=int, default=0, help="permutations of maps")
    chosen = asked.parse_args(given)
    import torch

    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    for what in chosen.what or [*TABLES, "maps", "memory"]:
        if what == "memory":
            memory(chosen.rows, chosen.side, chosen.device, chosen.draws or DRAWS)
        elif what == "maps":
            maps(chosen.draws or 500)
        else:
            TABLES[what]()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
