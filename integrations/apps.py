"""The bottom layer: tenants, customers, history, inbound and delivery."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class IntegrationsConfig(AppConfig):
    """Finds what domain apps declare in `metrics`, `sources`, `timeline`, `figures`, `daily_list`, `checklist`, `alerts`,
    `privacy`, `merging`, as Django does `admin.py`.
    """

    name = "integrations"

    def ready(self) -> None:
        """Load the declarations of every installed app."""
        autodiscover_modules("metrics")
        autodiscover_modules("sources")
        autodiscover_modules("timeline")
        autodiscover_modules("daily_list")
        autodiscover_modules("checklist")
        autodiscover_modules("alerts")
        autodiscover_modules("figures")
        autodiscover_modules("privacy")
        autodiscover_modules("merging")
