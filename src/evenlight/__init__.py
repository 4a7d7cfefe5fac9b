"""evenlight."""
