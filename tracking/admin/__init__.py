"""The pages of orders and parcels. Django finds them by the name of this package."""

from tracking.admin import parcels

__all__ = ["parcels"]
