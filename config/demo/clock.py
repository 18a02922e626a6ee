"""The second act: nobody posts anything any more, only the clock moves, and the product finds by itself what stands still.

The demo sweeps and delivers here, with a clock of its own. The worker goes by the real one: for it nothing of this is due yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from integrations.models import Event
from tracking import stalled

ITEM = "order_tracking_update_item"


def standing_at(at: datetime) -> Callable[[], datetime]:
    """A clock that shows that instant now, and goes on."""
    ahead = at - timezone.now()
    return lambda: timezone.now() + ahead


def sweep(at: datetime) -> list[str]:
    """Look for what is due by that instant, as the worker does every minute; what was found, in words."""
    stalled.sweep(at=at)
    found = Event.objects.filter(recorded_at=at).exclude(metric=ITEM).select_related("merchant", "customer")
    return [_says(event) for event in found.order_by("pk")]


def shown(at: datetime, time_zone: str | None = None) -> str:
    """An instant in a time zone, else in this machine's: Tue 1 Dec 2026, 10:03 EST."""
    local = at.astimezone(ZoneInfo(time_zone) if time_zone else None)
    return f"{_day(local)} {local:%Y, %H:%M %Z}"


def _says(event: Event) -> str:
    kind = event.properties.get("ProblemType") or event.properties["Trigger"]
    return (
        f"  {event.merchant.name:<20}{event.order_number} of {event.customer} {_found(kind, event.properties)}:\n"
        f"  {'':<20}{event.metric_name} {kind}, due {shown(event.occurred_at, event.merchant.timezone)}"
    )


def _found(kind: str, told: Mapping[str, Any]) -> str:
    match kind:
        case "FulfillmentStalled":
            return f"was not fulfilled within {told['WindowHours']} business hours"
        case "ShipmentStalled":
            return f"was shipped, and not scanned for {told['WindowHours']} business hours"
        case "delayed":
            return f"did not arrive by {_day(date.fromisoformat(told['EstimatedDeliveryDate']))}, as was promised"
    return "was shipped, and stands still on its way"


def _day(day: date) -> str:
    return f"{day:%a} {day.day} {day:%b}"
