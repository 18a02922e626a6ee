"""The pages of orders, parcels, wish lists and settings. Django finds them by the name of this package."""

from tracking.admin import parcels, policies, wishes

__all__ = ["parcels", "policies", "wishes"]
