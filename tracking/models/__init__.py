"""Orders, what they consist of, the parcels they travel in, and the problems that were found with them."""

from tracking.models.issue import Issue
from tracking.models.order import Order, OrderLine, stage_of
from tracking.models.shipment import Scan, Shipment, status_choices

__all__ = [
    "Issue",
    "Order",
    "OrderLine",
    "Scan",
    "Shipment",
    "stage_of",
    "status_choices",
]
