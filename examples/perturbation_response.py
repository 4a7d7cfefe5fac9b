"""Ask of a model that foretells what a stimulus does to a cell: whose response, by which genes.

A network is trained here, in seconds, to give the expression of a cell after interferon from that
before it. Cells are generated, ten of each donor; in them MX1 rises with STAT1, and STAT1 is higher
in cells of women. One number of the profile, the rise of MX1, is a model of the cell: what moves it
is shown gene by gene, and compared between the sexes with the donor as the unit.

    python examples/perturbation_response.py
"""

import numpy as np
import pandas as pd
import torch
from torch import nn

import evenlight as ev

GENES = ("IFNAR1", "STAT1", "MX1", *(f"gene {j}" for j in range(9)))
DONORS, CELLS = 60, 10
STAT1, MX1 = GENES.index("STAT1"), GENES.index("MX1")


def cells(seed):
    """Expression before (n, genes) and after interferon, and whose cell it is."""
    rng = np.random.default_rng(seed)
    donor = np.repeat(np.arange(DONORS), CELLS)
    sex = np.where(donor % 2, "male", "female")
    before = rng.normal(3, 1, (len(donor), len(GENES))) + rng.normal(0, 0.3, (DONORS, 1))[donor]
    before[sex == "female", STAT1] += 0.8
    after = before + rng.normal(0, 0.1, before.shape)
    after[:, MX1] += 1.5 * np.maximum(before[:, STAT1] - 2, 0)
    people = pd.DataFrame(
        {"donor": [f"donor {d}" for d in donor], "sex": sex},
        index=[f"cell {i}" for i in range(len(donor))],
    )
    return before, after, people


def trained():
    """A network from before to after, learned from other donors than are audited."""
    before, after, _ = cells(seed=0)
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(len(GENES), 64), nn.ReLU(), nn.Linear(64, len(GENES)))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.01)
    x, y = (torch.tensor(one, dtype=torch.float32) for one in (before, after - before))
    for _ in range(400):
        optimiser.zero_grad()
        ((network(x) - y) ** 2).mean().backward()
        optimiser.step()
    return network


class Rise(nn.Module):
    """The one number that is asked about; a module keeps the gradients, a function would not."""

    def __init__(self, network):
        """The rise of one gene, as `network` foretells it."""
        super().__init__()
        self.network = network

    def forward(self, x):
        """The rise of MX1 in each cell, (m, 1)."""
        return self.network(x)[:, MX1 : MX1 + 1]


def main() -> int:
    """Train, explain, compare by sex."""
    before, _, people = cells(seed=1)
    cohort = ev.Cohort(before, people, list(GENES), unit="donor", groups=["sex"])
    model = ev.adapt(Rise(trained()), link="identity", targets=["rise of MX1"])
    attributions = ev.explain(model, cohort)
    print(attributions)
    found = ev.compare(attributions, cohort, by="sex", contrasts=ev.contrasts(model, cohort))
    table = found.to_frame().query("view == 'signed' and verdict == 'different'")
    for row in table.itertuples():
        print(f"  {row.subject}, {row.level} less {row.reference}: {row.effect:+.2f} SD(f) "
              f"[{row.low:.2f}, {row.high:.2f}], {row.verdict}, {row.mechanism}")  # fmt: skip
    return 0 if table["subject"].tolist() == ["STAT1"] else 1  # the planted gene, and no other


if __name__ == "__main__":
    raise SystemExit(main())
