"""Addresses of the merchants' pages about their loyalty programme. A member goes by the customer's key."""

from __future__ import annotations

from django.urls import path

from loyalty.web import campaigns, dashboard, members, programme

urlpatterns = [
    path("m/<str:merchant>/loyalty/", dashboard.dashboard, name="loyalty"),
    path("m/<str:merchant>/loyalty/programme/", programme.programme, name="loyalty_programme"),
    path("m/<str:merchant>/loyalty/members/", members.members, name="loyalty_members"),
    path("m/<str:merchant>/loyalty/members/<int:pk>/", members.member, name="loyalty_member"),
    path("m/<str:merchant>/loyalty/campaigns/", campaigns.campaigns, name="loyalty_campaigns"),
    path("m/<str:merchant>/loyalty/campaigns/new/", campaigns.new_campaign, name="loyalty_campaign_new"),
    path("m/<str:merchant>/loyalty/campaigns/<int:pk>/", campaigns.campaign, name="loyalty_campaign"),
    *(
        path(
            f"m/<str:merchant>/loyalty/campaigns/<int:pk>/{each}/",
            campaigns.act,
            {"action": each},
            name=f"loyalty_campaign_{each}",
        )
        for each in campaigns.ACTIONS
    ),
]
