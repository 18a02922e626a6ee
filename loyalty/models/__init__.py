"""Members, the ledger of their points, and the rules by which points are earned and run out."""

from loyalty.models.campaign import Campaign, CampaignRecipient
from loyalty.models.grant import Grant
from loyalty.models.ledger import Allocation, LedgerEntry, Lot, PointSource
from loyalty.models.member import Member
from loyalty.models.offline_code import OfflineBatch, UsedCode
from loyalty.models.programme import LoyaltyClock, Programme
from loyalty.models.reward import ExpiryWarning, IssuedReward, Reward, RewardCode
from loyalty.models.tier import Tier, TierTransition

__all__ = [
    "Allocation",
    "Campaign",
    "CampaignRecipient",
    "ExpiryWarning",
    "Grant",
    "IssuedReward",
    "LedgerEntry",
    "Lot",
    "LoyaltyClock",
    "Member",
    "OfflineBatch",
    "PointSource",
    "Programme",
    "Reward",
    "RewardCode",
    "Tier",
    "TierTransition",
    "UsedCode",
]
