"""The records: cohort, groups, features, attributions, and what probes return."""
