"""The step after training: audit the model that was just trained, and stop the pipeline if it must.

Trains a linear model for the square root of the warfarin dose on one half of the patients, audits
it by sex and by race on the other half, writes audit/, and exits with the gate's code: 0 passed,
1 a question that blocks was answered *different*, 3 no verdict. A pipeline reads audit/gate.json.

    python examples/audit_step.py
"""

import sys

import numpy as np
from sklearn.linear_model import LinearRegression

import evenlight as ev
from evenlight.cohorts import warfarin

PLAN = ev.Plan.from_data(
    {
        "cohort": {"builtin": "warfarin"},
        "question": [
            {"measure": "performance", "grouping": "sex"},  # reported; does not block
            {"measure": "use", "grouping": "sex", "blocks": True},
            {
                "measure": "use",
                "grouping": "race",
                "contrast": "Black or African American / White",
            },
        ],
        "report": {"title": "Warfarin dose: the model of this training run"},
    }
)


def train() -> ev.CoefficientTable:
    """Fit on the training half; the formula is what goes on to the audit."""
    cohort = warfarin(split="train", features="without race")
    fitted = LinearRegression().fit(cohort.dense(), np.sqrt(cohort.y))
    weights = dict(zip(cohort.features.names, fitted.coef_.tolist(), strict=True))
    return ev.CoefficientTable(
        "linear warfarin model",
        float(fitted.intercept_),
        weights,
        link="square",
        target="weekly dose",
        unit="mg a week",
    )


def main() -> int:
    """Train, audit on held-out patients, write the page, return the gate's exit code."""
    held_out = warfarin(split="test", features="without race")
    audit = ev.audit(train(), held_out, plan=PLAN)
    page = ev.report(audit, audit.save("audit"))
    for answer in audit.answers:
        print(f"{answer.verdict:14s} {answer.question}")
    print(f"gate: {audit.gate().word}. {audit.gate().reason} See {page}.")
    return audit.gate().exit_code


if __name__ == "__main__":
    sys.exit(main())
