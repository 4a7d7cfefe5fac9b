"""How the policy reaches each measure: error rates, margins, what performance is judged by."""

from __future__ import annotations

from collections.abc import Mapping

from evenlight.measures.judging import MARGINS, Judging
from evenlight.measures.map_testing import MapTesting
from evenlight.measures.testing import Testing
from evenlight.plan import Plan
from evenlight.policy import Policy, error_rates


def share_testing(plan: Plan, grouping: str) -> Testing:
    """How a share of variance is tested."""
    rates = error_rates(plan.question, plan.policy.alpha)
    return testing(plan.policy, plan.policy.margins.reliance, grouping, rates)


def map_testing(plan: Plan, grouping: str) -> MapTesting:
    """How maps are compared: at the smallest part of alpha that a question about them has."""
    rates = error_rates(plan.question, plan.policy.alpha)
    own = [a for (kind, by, _), a in rates.items() if (kind, by) == ("map", grouping)]
    asked = plan.maps
    alpha = min(own, default=plan.policy.alpha)
    return MapTesting(asked.forming, alpha, asked.draws, asked.smooth)


def testing(
    policy: Policy, margin: float, grouping: str, rates: Mapping[tuple[str, str, str], float]
) -> Testing:
    """The policy's error rate, and the part of it that a primary question about a view has."""
    here = {(kind, given): a for (kind, by, given), a in rates.items() if by == grouping}
    own = {f"{kind}|{given}": a for (kind, given), a in here.items() if kind != "map"}
    if "use|nothing" in own:  # without common contrasts, location and slope answer for them
        own |= {"location|value": own["use|nothing"], "slope|value": own["use|nothing"]}
    return Testing(margin=margin, alpha=policy.alpha, alphas=own)


def judging_by(policy: Policy, alpha: float | None) -> Judging:
    """How performance is judged: the policy's threshold and margins; `alpha` None for its own."""
    margins = policy.margins.model_dump()
    share = margins.pop("mae_share")
    own = {name: value for name, value in margins.items() if name in MARGINS}
    return Judging(
        threshold=policy.threshold, margins=own, mae_share=share, alpha=alpha or policy.alpha
    )
