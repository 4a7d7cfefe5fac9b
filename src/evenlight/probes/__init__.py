"""Probes: everything else that calls the model; what they return needs no model any more."""
