"""Addresses of the merchants' pages about their loyalty programme. A member goes by the customer's key."""

from __future__ import annotations

from django.urls import path

from loyalty.web import dashboard, members, programme

urlpatterns = [
    path("m/<str:merchant>/loyalty/", dashboard.dashboard, name="loyalty"),
    path("m/<str:merchant>/loyalty/programme/", programme.programme, name="loyalty_programme"),
    path("m/<str:merchant>/loyalty/members/", members.members, name="loyalty_members"),
    path("m/<str:merchant>/loyalty/members/<int:pk>/", members.member, name="loyalty_member"),
]
