"""The ticks of subscribers: no arguments, no results, one call each."""

from __future__ import annotations

from django.utils import timezone

from integrations import ticks
from integrations.tasks import SECONDS
from lifecycle.services import lists


def fill_lists() -> None:
    """Put on the lists per status whoever had the status before there was the list."""
    with ticks.running("fill_lists"):
        lists.fill(at=timezone.now(), seconds=SECONDS)
