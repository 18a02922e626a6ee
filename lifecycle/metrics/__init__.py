"""The metrics of pack `subscription_lifecycle` (Kiva Logic), and the profile properties that travel with them."""

from lifecycle import profile

__all__ = ["profile"]
