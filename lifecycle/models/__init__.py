"""What subscribers have, and by which rules a merchant's subscription events are handled."""

from lifecycle.models.plan import Plan
from lifecycle.models.rules import LifecycleRules, ToldBy

__all__ = ["LifecycleRules", "Plan", "ToldBy"]
