"""Sites combined from suppressed summaries, with how far they differ."""

from evenlight.pooling.pool import pool, save_pool
from evenlight.pooling.record import Pool

__all__ = ["Pool", "pool", "save_pool"]
