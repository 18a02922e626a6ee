"""The pages of subscribers. Django finds them by the name of this package."""

from lifecycle.admin import activity

__all__ = ["activity"]
