"""Cohorts with planted truth, and the self-test that measures false alarms and power."""
