"""Audit two small transformers: one that reads DNA, and one that reads cells as ranked genes.

Both are trained here, in seconds, on made people in which something beside the disease can be
learned: in the DNA a marker that is common in one ancestry, in the cells a gene that is expressed
in one sex. Each audit says what the model reads, position by position or gene by gene, and whether
that differs between groups. Needs the extra hf:

    pip install "evenlight[hf]"
    python examples/cell_transformer.py
"""

import numpy as np
import pandas as pd
import torch
from transformers import BertConfig, BertForSequenceClassification

import evenlight as ev
from evenlight.models.transformers.encoding import Special
from evenlight.models.transformers.tokens import ranked_genes, sequences

PAD, BASELINE, START, END = 0, 1, 2, 3
SPECIAL = Special(PAD, BASELINE, (START,), (END,))
BASES = {"A": 4, "C": 5, "G": 6, "T": 7}

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


def dna(n, seed):
    """Twenty bases a person: G at position 6 is the disease's; position 15 marks the ancestry."""
    rng = np.random.default_rng(seed)
    ancestry = np.where(rng.random(n) < 0.5, "north", "south")
    x = rng.integers(4, 8, size=(n, 20)).astype(float)
    x[:, 15] = np.where(rng.random(n) < np.where(ancestry == "north", 0.85, 0.15), 6.0, 4.0)
    risk = 2.5 * (x[:, 6] == BASES["G"]) - 2.0 + 1.5 * (ancestry == "north")
    y = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
    people = pd.DataFrame({"ancestry": ancestry, "disease": y}, index=[f"p{i}" for i in range(n)])
    names = [f"position {j}" for j in range(20)]
    return ev.Cohort(x, people, names, outcome="disease", groups=["ancestry"], unit="row")


def cells(donors, each, seed):
    """Cells of donors: GENE7 is raised in diseased cells, XIST is expressed in women."""
    rng = np.random.default_rng(seed)
    donor = np.repeat(np.arange(donors), each)
    n = len(donor)
    sex = np.where(np.arange(donors) % 2, "female", "male")[donor]
    sick = rng.random(n) < np.where(sex == "female", 0.6, 0.4)
    x = rng.gamma(2.0, size=(n, len(GENES))) * (rng.random((n, len(GENES))) < 0.9)
    x[:, 0] = rng.gamma(2.0, size=n) * np.where(sick, 4.0, 0.5)
    x[:, 1] = np.where(sex == "female", rng.gamma(4.0, size=n), 0.0)
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


def main() -> int:
    """Train and audit both."""
    held = dna(400, seed=2)
    model = sequences(network(8, 24), special=SPECIAL, features=held.features.names)
    seen = dna(1500, seed=1)
    train(model.module, torch.tensor(seen.x, dtype=torch.int64), torch.tensor(seen.y).long())
    print("DNA, largest:", largest(ev.explain(model, held, target="1")))
    plan = ev.Plan.from_data({"model": {"target": "1"}})
    told("A classifier of DNA, by ancestry", ev.audit(model, held, plan=plan))

    held = cells(60, 6, seed=2)
    model = ranked_genes(network(4 + len(GENES), 28), GENES, VOCABULARY, special=SPECIAL)
    seen = cells(200, 10, seed=1)
    train(model.module, torch.tensor(seen.x, dtype=torch.float32), torch.tensor(seen.y).long())
    print("\nCells, largest:", largest(ev.explain(model, held, target="1")))
    told("A model of cells, by sex", ev.audit(model, held, plan=plan))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
