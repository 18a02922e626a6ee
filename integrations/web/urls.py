"""Addresses of the merchants' pages. `merchant` is a merchant's public id."""

from __future__ import annotations

from django.urls import path

from integrations.web import home, overview

urlpatterns = [
    path("", home.home, name="home"),
    path("invitations/<str:token>/", home.invitation, name="invitation"),
    path("m/<str:merchant>/", overview.overview, name="overview"),
]
