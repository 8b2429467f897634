"""Published tables made again: which runs that takes, how long they take, and what they gave."""

from resp.train.reproduction.plan import Plan, PlanRow, Published
from resp.train.reproduction.plans import PLANS, find_plan
from resp.train.reproduction.run import Reproduction, reproduce
from resp.train.reproduction.step_time import Estimate, estimate_time

__all__ = [
    "Estimate",
    "PLANS",
    "Plan",
    "PlanRow",
    "Published",
    "Reproduction",
    "estimate_time",
    "find_plan",
    "reproduce",
]
