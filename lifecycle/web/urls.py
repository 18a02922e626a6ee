"""Addresses of the merchants' pages about subscribers, and of what shops' pages call."""

from __future__ import annotations

from django.urls import path

from lifecycle.rulesets import RULESETS
from lifecycle.web import calls, onsite, told_apart

urlpatterns = [
    path("onsite/<str:key>/", calls.call, name="onsite_call"),
    path("m/<str:merchant>/onsite/", onsite.onsite, name="onsite"),
    *(
        path(
            f"m/<str:merchant>/subscribers/{each.key}/",
            told_apart.page_of,
            {"key": each.key},
            name=f"subscribers_{each.key}",
        )
        for each in RULESETS
    ),
]
