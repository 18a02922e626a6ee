"""What shoppers send back."""

from __future__ import annotations

from django.apps import AppConfig


class ReturnsConfig(AppConfig):
    """Its metrics and sources are found by `integrations`."""

    name = "returns"
