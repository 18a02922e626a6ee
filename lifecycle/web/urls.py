"""Addresses of the merchants' pages about subscribers, and of what shops' pages call."""

from __future__ import annotations

from django.urls import path

from lifecycle.rulesets import RULESETS
from lifecycle.web import activity, calls, feed, onsite, rules, subscribers, told_apart

urlpatterns = [
    path("onsite/<str:key>/", calls.call, name="onsite_call"),
    path("m/<str:merchant>/onsite/", onsite.onsite, name="onsite"),
    path("m/<str:merchant>/subscribers/", subscribers.subscribers, name="subscribers"),
    path("m/<str:merchant>/subscribers/rules/", rules.rules, name="subscribers_rules"),
    *(
        path(
            f"m/<str:merchant>/subscribers/{each.key}/",
            told_apart.page_of,
            {"key": each.key},
            name=f"subscribers_{each.key}",
        )
        for each in RULESETS
    ),
    path("m/<str:merchant>/activity/", activity.activity, name="activity"),
    path("m/<str:merchant>/activity/feed/", feed.feed, name="activity_feed"),
    path("m/<str:merchant>/activity/feed/remove/", feed.remove, name="remove_activity_feed"),
    path("m/<str:merchant>/activity/sync/", feed.begin, name="begin_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/pause/", feed.pause, name="pause_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/resume/", feed.resume, name="resume_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/cancel/", feed.cancel, name="cancel_sync"),
]
