"""Orders, shipments and scans."""

from __future__ import annotations

from django.apps import AppConfig


class TrackingConfig(AppConfig):
    """Its metrics and sources are found by `integrations`."""

    name = "tracking"
