"""The metrics built from orders and parcels, a module for each pack, and one for the problems of `order_tracking`.

Names and properties are those that merchants' flows are built on: they may be extended, never renamed.
"""

from tracking.metrics import issues, order_status, order_tracking, returns_and_tracking

__all__ = ["issues", "order_status", "order_tracking", "returns_and_tracking"]
