"""Addresses of the API of the loyalty programme. A member goes by the customer's key."""

from __future__ import annotations

from django.urls import path

from loyalty.api import member_rewards, members, points, programme, rewards, tiers

MEMBER = "api/v1/members/<key:key>"

urlpatterns = [
    path("api/v1/members", members.Members.as_view(), name="api_members"),
    path(MEMBER, members.MemberDetail.as_view(), name="api_member"),
    path(f"{MEMBER}/ledger", members.MemberLedger.as_view(), name="api_member_ledger"),
    path(f"{MEMBER}/lots", members.MemberLots.as_view(), name="api_member_lots"),
    path(f"{MEMBER}/birth-month", members.MemberBirthMonth.as_view(), name="api_member_birth_month"),
    path(f"{MEMBER}/tier", members.MemberTier.as_view(), name="api_member_tier"),
    path(f"{MEMBER}/adjustments", points.Adjustments.as_view(), name="api_adjustments"),
    path(f"{MEMBER}/redemptions", points.Redemptions.as_view(), name="api_redemptions"),
    path(
        f"{MEMBER}/redemptions/<external_id:external_id>/revert",
        points.RevertRedemption.as_view(),
        name="api_revert_redemption",
    ),
    path(f"{MEMBER}/rewards", member_rewards.MemberRewards.as_view(), name="api_member_rewards"),
    path(f"{MEMBER}/rewards/<key:issued>/use", member_rewards.UseReward.as_view(), name="api_use_reward"),
    path(
        f"{MEMBER}/rewards/<key:issued>/deactivate",
        member_rewards.DeactivateReward.as_view(),
        name="api_deactivate_reward",
    ),
    path("api/v1/rewards", rewards.Rewards.as_view(), name="api_rewards"),
    path("api/v1/rewards/<key:key>/codes", rewards.RewardCodes.as_view(), name="api_reward_codes"),
    path("api/v1/rewards/<key:key>/retire", rewards.RetireReward.as_view(), name="api_retire_reward"),
    path("api/v1/tiers", tiers.Tiers.as_view(), name="api_tiers"),
    path("api/v1/loyalty-programme", programme.LoyaltyProgramme.as_view(), name="api_loyalty_programme"),
    path("api/v1/loyalty-programme/figures", programme.LoyaltyFigures.as_view(), name="api_loyalty_figures"),
]
