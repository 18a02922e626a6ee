"""The pages of subscribers. Django finds them by the name of this package."""

from lifecycle.admin import activity, plans, rules

__all__ = ["activity", "plans", "rules"]
