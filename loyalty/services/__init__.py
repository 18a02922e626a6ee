"""What can be done with members and their points: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request, one batch of a night), changes the rows and
announces what happened. The rules of a programme are in `loyalty.services.programmes`.
"""

from loyalty.services.birthdays import capture_birth_month, due_birthdays, enter_birth_months
from loyalty.services.campaigns import (
    NotNow,
    cancel_campaign,
    discard_campaign,
    draft_campaign,
    give_campaign,
    resume_campaign,
    start_campaign,
)
from loyalty.services.expiry_warnings import forget_warnings, unwarned, warn_of_expiry, windows
from loyalty.services.flow import flow_adds_points, flow_grants_reward
from loyalty.services.members import NoMember, enrol, told_of_customer
from loyalty.services.merging import merge_members
from loyalty.services.nightly import activate_pending, expire_lots
from loyalty.services.offers import add_codes, offer_reward, retire_reward
from loyalty.services.offline import find_offline_code, make_offline_batch, use_offline_code, withdraw_offline_batch
from loyalty.services.points import add_points, adjust, redeem, revert_redemption
from loyalty.services.purchases import follow_order
from loyalty.services.registration import follow_account
from loyalty.services.rewards import (
    Ended,
    NoReward,
    NotToBeHad,
    deactivate_reward,
    expire_rewards,
    expiring,
    issue_reward,
    use_reward,
)
from loyalty.services.tiers import assign_tier, end_tier_periods, place_again

__all__ = [
    "Ended",
    "NoMember",
    "NoReward",
    "NotNow",
    "NotToBeHad",
    "activate_pending",
    "add_codes",
    "add_points",
    "adjust",
    "assign_tier",
    "cancel_campaign",
    "capture_birth_month",
    "deactivate_reward",
    "discard_campaign",
    "draft_campaign",
    "due_birthdays",
    "end_tier_periods",
    "enrol",
    "enter_birth_months",
    "expire_lots",
    "expire_rewards",
    "expiring",
    "find_offline_code",
    "flow_adds_points",
    "flow_grants_reward",
    "follow_account",
    "follow_order",
    "forget_warnings",
    "give_campaign",
    "issue_reward",
    "make_offline_batch",
    "merge_members",
    "offer_reward",
    "place_again",
    "redeem",
    "resume_campaign",
    "retire_reward",
    "revert_redemption",
    "start_campaign",
    "told_of_customer",
    "unwarned",
    "use_offline_code",
    "use_reward",
    "warn_of_expiry",
    "windows",
    "withdraw_offline_batch",
]
