"""Addresses of the merchants' pages about their loyalty programme, and of the shoppers'. A member goes by the customer's key."""

from __future__ import annotations

from django.urls import path

from loyalty.web import dashboard, members, offline, programme, shoppers

urlpatterns = [
    path("m/<str:merchant>/loyalty/", dashboard.dashboard, name="loyalty"),
    path("m/<str:merchant>/loyalty/programme/", programme.programme, name="loyalty_programme"),
    path("m/<str:merchant>/loyalty/members/", members.members, name="loyalty_members"),
    path("m/<str:merchant>/loyalty/members/<int:pk>/", members.member, name="loyalty_member"),
    path("m/<str:merchant>/loyalty/codes/", offline.batches, name="offline_batches"),
    path("m/<str:merchant>/loyalty/codes/<int:pk>/", offline.batch, name="offline_batch"),
    path("m/<str:merchant>/loyalty/codes/<int:pk>/sheet/", offline.sheet, name="offline_sheet"),
    path("m/<str:merchant>/loyalty/codes/<int:pk>/addresses.csv", offline.addresses, name="offline_addresses"),
    path("m/<str:merchant>/loyalty/codes/<int:pk>/withdraw/", offline.withdraw, name="withdraw_offline_batch"),
    path("p/", shoppers.type_code, name="type_offline_code"),
    path("p/<str:code>/", shoppers.use_code, name="offline_code"),
]
