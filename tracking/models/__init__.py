"""Orders, what they consist of, the parcels they travel in, and the problems that were found with them; and by which
settings they are found. And what shoppers wish for."""

from tracking.models.follower import Follower
from tracking.models.issue import Issue
from tracking.models.order import STATUSES, Order, OrderLine, in_status, stage_of
from tracking.models.page import TrackingPage
from tracking.models.policy import StalledPolicy
from tracking.models.problem import Problem
from tracking.models.shipment import Scan, Shipment, status_choices
from tracking.models.visit import PostCount
from tracking.models.wishlist import WishlistItem

__all__ = [
    "STATUSES",
    "Follower",
    "Issue",
    "Order",
    "OrderLine",
    "PostCount",
    "Problem",
    "Scan",
    "Shipment",
    "StalledPolicy",
    "TrackingPage",
    "WishlistItem",
    "in_status",
    "stage_of",
    "status_choices",
]
