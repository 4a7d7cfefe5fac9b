"""A callback for Lightning: audit the network when training ends, and stop where the gate stops.

    python examples/pipelines/lightning_callback.py

Needs `pip install lightning`. The network learns the square root of the warfarin dose on one half
of the patients and is audited on the other; `trainer.fit` raises evenlight's GateFailed or
NoVerdict where the gate did not pass, so that nothing after it runs.
"""

from pathlib import Path

import lightning
import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import evenlight as ev
from evenlight.cohorts import warfarin

PLAN = ev.Plan.from_data(
    {
        "cohort": {"builtin": "warfarin"},
        "question": [{"measure": "performance", "grouping": "sex"}],
        "report": {"title": "Warfarin dose: the network of this training run"},
    }
)


class AuditCallback(lightning.Callback):
    """Audits `network` (of the module, by name) on a cohort when `fit` has ended."""

    def __init__(self, cohort: ev.Cohort, plan: ev.Plan, folder: Path, network: str = "network"):
        self.cohort, self.plan, self.folder, self.network = cohort, plan, folder, network

    def on_fit_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Audit in eval mode on one process, write the page, and raise where the gate stops."""
        if not trainer.is_global_zero:
            return
        network = getattr(pl_module, self.network)
        training = network.training
        try:
            model = ev.adapt(network.eval(), link="square", features=self.cohort.features.names)
            audit = ev.audit(model, self.cohort, plan=self.plan)
        finally:
            network.train(training)
        page = ev.report(audit, audit.save(self.folder))
        print(f"gate: {audit.gate().word}. See {page}")
        audit.gate().raise_for_status()


class Doses(lightning.LightningModule):
    """A small network for the square root of the dose."""

    def __init__(self, columns: int):
        super().__init__()
        self.network = nn.Sequential(nn.Linear(columns, 16), nn.SiLU(), nn.Linear(16, 1))

    def training_step(self, batch: list[torch.Tensor], index: int) -> torch.Tensor:
        """The mean squared error of a batch."""
        x, y = batch
        return nn.functional.mse_loss(self.network(x), y)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam over all parameters."""
        return torch.optim.AdamW(self.parameters(), lr=1e-2)


def main(folder: Path, epochs: int = 5) -> None:
    """Train on one half of the patients, audit on the other."""
    lightning.seed_everything(0, verbose=False)
    cohort = warfarin(split="train", features="without race")
    held_out = warfarin(split="test", features="without race")
    x = torch.tensor(cohort.dense(), dtype=torch.float32)
    y = torch.tensor(np.sqrt(cohort.y), dtype=torch.float32)[:, None]
    trainer = lightning.Trainer(
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[AuditCallback(held_out, PLAN, folder)],
    )
    trainer.fit(Doses(x.shape[1]), DataLoader(TensorDataset(x, y), batch_size=256, shuffle=True))


if __name__ == "__main__":
    main(Path("audit"))
