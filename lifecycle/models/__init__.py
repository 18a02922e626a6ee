"""What subscribers have, and by which rules a merchant's subscription events are handled."""

from lifecycle.models.lists import StatusList
from lifecycle.models.plan import Plan
from lifecycle.models.rules import LifecycleRules

__all__ = ["LifecycleRules", "Plan", "StatusList"]
