"""Addresses of the merchants' pages about orders and parcels."""

from __future__ import annotations

from django.urls import path

from tracking.web import issues, stalled

urlpatterns = [
    path("m/<str:merchant>/issues/", issues.issues, name="issues"),
    path("m/<str:merchant>/stalled/", stalled.stalled, name="stalled"),
]
