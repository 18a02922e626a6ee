"""The pages of members, their points, and what a merchant's programme is. Django finds them by the name of this package."""

from loyalty.admin import issued, ledger, members, programmes, rewards, tiers

__all__ = ["issued", "ledger", "members", "programmes", "rewards", "tiers"]
