"""The metrics of pack `subscription_lifecycle` (Kiva Logic), and the profile properties that travel with them."""

from lifecycle import profile
from lifecycle.metrics import activity, onsite, orders

__all__ = ["activity", "onsite", "orders", "profile"]
