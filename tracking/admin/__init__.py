"""The pages of orders, parcels and settings. Django finds them by the name of this package."""

from tracking.admin import parcels, policies

__all__ = ["parcels", "policies"]
