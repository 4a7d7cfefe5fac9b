"""Audit a small transformer that reads cells as ranked genes, and see whether its answers hold.

It is trained here, in seconds, on cells of made donors in which something beside the disease can
be learned: a gene that is expressed in one sex. The audit says what the model reads, gene by gene,
and whether that differs between the sexes. Then cells are changed as droplets and sequencers change
them (reads lost, reads of the ambient soup, gene ids that another annotation does not know), to
show whose outputs that moves. Needs the extra hf:

    pip install "evenlight[hf]"
    python examples/cell_transformer.py
"""

import numpy as np
import pandas as pd
import torch
from transformers import BertConfig, BertForSequenceClassification

import evenlight as ev

PAD, BASELINE, START, END = 0, 1, 2, 3
SPECIAL = ev.hf.Special(PAD, BASELINE, (START,), (END,))
GENES = ["GENE7", "XIST", *(f"G{j:02d}" for j in range(22))]
VOCABULARY = {gene: 4 + j for j, gene in enumerate(GENES)}


def network(codes, positions):
    """One layer, 16 wide."""
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=codes, hidden_size=16, num_hidden_layers=1, num_attention_heads=2,
        intermediate_size=32, max_position_embeddings=positions, pad_token_id=PAD,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, initializer_range=0.1,
    )  # fmt: skip
    return BertForSequenceClassification(config)


def train(reader, x, y, steps=500):
    """Fit by Adam on random batches in which some tokens are masked, as in pretraining.

    Attributions start at the mask token. A network that has never seen it answers at random there,
    and `ev.faithfulness` then finds that attributions and deletions disagree.
    """
    rng = np.random.default_rng(0)
    step = torch.optim.Adam(reader.parameters(), lr=5e-3)
    reader.train()
    for _ in range(steps):
        some = torch.as_tensor(rng.integers(len(x), size=128))
        tokens = reader.encoding(x[some])
        hidden = torch.as_tensor(rng.random(tokens.ids.shape) < 0.6 * rng.random((128, 1)))
        ids = torch.where(hidden & (tokens.owner >= 0), BASELINE, tokens.ids)
        said = reader.network(input_ids=ids, attention_mask=tokens.mask.long()).logits
        step.zero_grad()
        torch.nn.functional.cross_entropy(said, y[some]).backward()
        step.step()
    reader.eval()


def cells(donors, each, seed):
    """Counts of donors' cells: GENE7 is raised in diseased cells, XIST is expressed in women."""
    rng = np.random.default_rng(seed)
    donor = np.repeat(np.arange(donors), each)
    n = len(donor)
    sex = np.where(np.arange(donors) % 2, "female", "male")[donor]
    sick = rng.random(n) < np.where(sex == "female", 0.6, 0.4)
    level = rng.gamma(2.0, size=(n, len(GENES)))
    level[:, 0] *= np.where(sick, 4.0, 0.5)
    level[:, 1] = np.where(sex == "female", rng.gamma(4.0, size=n), 0.0)
    x = rng.poisson(5 * level).astype(float)
    people = pd.DataFrame(
        {"donor": [f"d{d}" for d in donor], "sex": sex, "sick": sick.astype(int)},
        index=[f"c{i}" for i in range(n)],
    )
    return ev.Cohort(x, people, GENES, outcome="sick", groups=["sex"], unit="donor")


def told(name, audit):
    """The answers of an audit, in words."""
    print(f"\n{name}")
    for answer in audit.answers:
        print(f"  {answer.verdict:14s} {answer.question}")
    for finding in list(audit.findings)[:4]:
        print(f"  - {finding.sentence}")


def largest(attributions, k=3):
    """Features by mean |attribution|."""
    size = np.abs(attributions.values).mean(axis=0)
    return ", ".join(
        f"{attributions.features.names[j]} {size[j]:.2f}" for j in np.argsort(-size)[:k]
    )


def moved(found):
    """What each perturbation does at its largest strength, and whether the sexes differ."""
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
    """Train, audit, perturb."""
    held, seen = cells(100, 4, seed=2), cells(200, 10, seed=1)
    net = network(4 + len(GENES), 28)
    model = ev.hf.ranked_genes(net, GENES, VOCABULARY, special=SPECIAL)
    train(model.module, torch.tensor(seen.x, dtype=torch.float32), torch.tensor(seen.y).long())
    print("Largest:", largest(ev.explain(model, held, target="1")))
    plan = ev.Plan.from_data({"model": {"target": "1"}})
    told("A model of cells, by sex", ev.audit(model, held, plan=plan))
    print("\nDoes it hold? Size of change of the output")
    names = ("dropout", "sequencing depth", "ambient RNA", "gene-id loss")
    asked = ev.suite("counts", held).taking(*names)
    again = ev.perturb_again(model, held, suite=asked, target="1")
    found = ev.fragility(
        ev.perturb(model, held, suite=asked, target="1"), held, by="sex", repeats=again
    )
    moved(found)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
