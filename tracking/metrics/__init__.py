"""The metrics built from orders and parcels, a module for each pack.

Names and properties are those that merchants' flows are built on: they may be extended, never renamed.
"""

from tracking.metrics import order_status, order_tracking, returns_and_tracking

__all__ = ["order_status", "order_tracking", "returns_and_tracking"]
