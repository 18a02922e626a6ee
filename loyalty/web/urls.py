"""Addresses of the merchants' pages about their loyalty programme, and of the shoppers'. A member goes by the customer's key."""

from __future__ import annotations

from django.urls import path

from loyalty.web import campaigns, dashboard, members, offline, programme, rewards, shoppers, tiers

HERE = "m/<str:merchant>/loyalty/"
MEMBER = f"{HERE}members/<int:pk>/"

urlpatterns = [
    path(HERE, dashboard.dashboard, name="loyalty"),
    path(f"{MEMBER}tier/", members.member, {"part": "tier"}, name="loyalty_member_tier"),
    path(f"{MEMBER}rewards/", members.member, {"part": "reward"}, name="loyalty_member_reward"),
    path(f"{MEMBER}birth-month/", members.member, {"part": "month"}, name="loyalty_member_month"),
    path(f"{HERE}rewards/", rewards.rewards, name="loyalty_rewards"),
    path(f"{HERE}rewards/new/", rewards.new, name="loyalty_reward_new"),
    path(f"{HERE}rewards/<int:pk>/", rewards.reward, name="loyalty_reward"),
    path(f"{HERE}rewards/<int:pk>/retire/", rewards.retire, name="loyalty_reward_retire"),
    path(f"{HERE}issued/<int:pk>/use/", rewards.end, {"is_used": True}, name="loyalty_issued_use"),
    path(f"{HERE}issued/<int:pk>/deactivate/", rewards.end, {"is_used": False}, name="loyalty_issued_deactivate"),
    path(f"{HERE}tiers/", tiers.tiers, name="loyalty_tiers"),
    path(f"{HERE}tiers/new/", tiers.new, name="loyalty_tier_new"),
    path(f"{HERE}tiers/place/", tiers.placing, name="loyalty_placing"),
    path(f"{HERE}tiers/<int:pk>/", tiers.tier, name="loyalty_tier"),
    path(f"{HERE}tiers/<int:pk>/retire/", tiers.retire, name="loyalty_tier_retire"),
    path(f"{HERE}programme/", programme.programme, name="loyalty_programme"),
    path(f"{HERE}members/", members.members, name="loyalty_members"),
    path(f"{HERE}members/<int:pk>/", members.member, name="loyalty_member"),
    path(f"{HERE}codes/", offline.batches, name="offline_batches"),
    path(f"{HERE}codes/<int:pk>/", offline.batch, name="offline_batch"),
    path(f"{HERE}codes/<int:pk>/sheet/", offline.sheet, name="offline_sheet"),
    path(f"{HERE}codes/<int:pk>/addresses.csv", offline.addresses, name="offline_addresses"),
    path(f"{HERE}codes/<int:pk>/withdraw/", offline.withdraw, name="withdraw_offline_batch"),
    path(f"{HERE}campaigns/", campaigns.campaigns, name="loyalty_campaigns"),
    path(f"{HERE}campaigns/new/", campaigns.new_campaign, name="loyalty_campaign_new"),
    path(f"{HERE}campaigns/<int:pk>/", campaigns.campaign, name="loyalty_campaign"),
    *(
        path(
            f"{HERE}campaigns/<int:pk>/{each}/",
            campaigns.act,
            {"action": each},
            name=f"loyalty_campaign_{each}",
        )
        for each in campaigns.ACTIONS
    ),
    path("p/", shoppers.type_code, name="type_offline_code"),
    path("p/<str:code>/", shoppers.use_code, name="offline_code"),
]
