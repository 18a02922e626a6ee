"""Addresses of the merchants' pages about orders and parcels, and of the shoppers'."""

from __future__ import annotations

from django.urls import path

from tracking.web import issues, pages, shoppers, stalled

urlpatterns = [
    path("m/<str:merchant>/issues/", issues.issues, name="issues"),
    path("m/<str:merchant>/stalled/", stalled.stalled, name="stalled"),
    path("m/<str:merchant>/tracking-page/", pages.settings, name="tracking_page"),
    path("m/<str:merchant>/tracking-page/preview/", pages.preview, name="tracking_page_preview"),
    path("m/<str:merchant>/tracking-page/order/", pages.order, name="tracking_page_order"),
    path("t/<str:token>/", shoppers.order, name="follow"),
    path("t/<str:token>/updates/", shoppers.updates, name="follow_updates"),
    path("t/<str:token>/wishes/", shoppers.wishes, name="follow_wishes"),
]
