"""Pure functions on arrays: no model, no class that does work, randomness as an argument."""
