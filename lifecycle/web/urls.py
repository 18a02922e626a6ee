"""Addresses of the merchants' pages about subscribers."""

from __future__ import annotations

from django.urls import path

from lifecycle.web import rules

urlpatterns = [
    path("m/<str:merchant>/subscribers/rules/", rules.rules, name="subscriber_rules"),
]
