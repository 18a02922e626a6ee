"""People who subscribe to boxes: what the merchant's own system logs of them, and what becomes of their subscription."""

from __future__ import annotations

from django.apps import AppConfig


class LifecycleConfig(AppConfig):
    """Its metrics and sources are found by `integrations`."""

    name = "lifecycle"
