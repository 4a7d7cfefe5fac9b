"""Fixed words of annexes on frameworks."""

from __future__ import annotations

ANNEX_HEADS = ("Item", "What is asked", "State", "What the record says", "Author must add")
RISK_HEADS = ("Finding", "Severity in the audit", "What was found", "Entry in the risk file")
RISKS = "Findings above info, with the entry that the author names for each."
STATUS = "Status on {date}: {status}"
COUNTS = (
    "Items in our words, each in one of three states. Counts of states say how much is written "
    "down; they are no degree of conformity, and what is missing is unknown."
)
NO_ENTRY = "no entry; the risk is unknown"
NO_FINDING = "an entry in about.toml that names no finding of this audit"
