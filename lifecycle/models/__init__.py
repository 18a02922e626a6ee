"""What subscribers have, what was logged of them, and by which rules a merchant's subscription events are handled."""

from lifecycle.models.activity import Activity
from lifecycle.models.feed import LogFeed, LogSync
from lifecycle.models.lists import StatusList
from lifecycle.models.plan import Plan
from lifecycle.models.rules import LifecycleRules, ToldBy
from lifecycle.models.told import ToldRuleset

__all__ = ["Activity", "LifecycleRules", "LogFeed", "LogSync", "Plan", "StatusList", "ToldBy", "ToldRuleset"]
