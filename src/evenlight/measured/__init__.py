"""Every measure of an audit, by every grouping, from one explanation of one model.

`verb` calls them; `given` is what goes in, `grouped` what is judged by one grouping, `beyond` what
stands beside, `moved` what calls the model again, `rules` how the policy reaches each. `perturbing`
and `doubting` ask whether it holds: of the audit alone, not of its forks. `assembled` makes the
audit of what was found, with a model and without (`attributed`).
"""

from evenlight.measured.given import Aside, Explained, Progress
from evenlight.measured.verb import Found, measured

__all__ = ["Aside", "Explained", "Found", "Progress", "measured"]
