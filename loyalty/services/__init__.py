"""What can be done with members and their points: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request, one batch of a night), changes the rows and
announces what happened. The rules of a programme are in `loyalty.services.programmes`.
"""

from loyalty.services.members import NoMember, enrol, told_of_customer
from loyalty.services.nightly import activate_pending, expire_lots
from loyalty.services.points import add_points, adjust, redeem, revert_redemption
from loyalty.services.purchases import follow_order
from loyalty.services.tiers import assign_tier, end_tier_periods, place_again

__all__ = [
    "NoMember",
    "activate_pending",
    "add_points",
    "adjust",
    "assign_tier",
    "end_tier_periods",
    "enrol",
    "expire_lots",
    "follow_order",
    "place_again",
    "redeem",
    "revert_redemption",
    "told_of_customer",
]
