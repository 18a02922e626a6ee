"""Addresses that machines call."""

from __future__ import annotations

from django.urls import path

from integrations import views

urlpatterns = [
    path("hooks/<str:merchant>/<str:source>/", views.hook, name="hook"),
    path("healthz", views.alive, name="healthz"),
    path("readyz", views.ready, name="readyz"),
]
