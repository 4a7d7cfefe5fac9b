"""Outside formats to cohorts."""
