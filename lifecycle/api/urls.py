"""Addresses of the API of subscribers."""

from __future__ import annotations

from django.urls import path

from lifecycle.api import activities

urlpatterns = [
    path("api/v1/activities", activities.Activities.as_view(), name="api_activities"),
    path("api/v1/activities/bulk", activities.ActivitiesInBulk.as_view(), name="api_activities_bulk"),
]
