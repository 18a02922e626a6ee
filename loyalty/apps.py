"""Points for what members buy and do, and what they are worth."""

from __future__ import annotations

from django.apps import AppConfig


class LoyaltyConfig(AppConfig):
    """Its metrics and sources are found by `integrations`."""

    name = "loyalty"
