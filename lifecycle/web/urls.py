"""Addresses of the merchants' pages about subscribers."""

from __future__ import annotations

from django.urls import path

from lifecycle.web import activity, feed

urlpatterns = [
    path("m/<str:merchant>/activity/", activity.activity, name="activity"),
    path("m/<str:merchant>/activity/feed/", feed.feed, name="activity_feed"),
    path("m/<str:merchant>/activity/feed/remove/", feed.remove, name="remove_activity_feed"),
    path("m/<str:merchant>/activity/sync/", feed.begin, name="begin_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/pause/", feed.pause, name="pause_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/resume/", feed.resume, name="resume_sync"),
    path("m/<str:merchant>/activity/sync/<int:pk>/cancel/", feed.cancel, name="cancel_sync"),
]
