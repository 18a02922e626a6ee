"""The admin's front page: all merchants at a glance."""

from __future__ import annotations

from typing import Any

from django.core.cache import caches
from django.http import HttpRequest
from django.utils import timezone

from integrations import vitals
from integrations.admin import show
from integrations.models import Delivery, Event, InboundMessage, Merchant

CACHE_KEY = "dashboard"
CACHE_SECONDS = 10
MOST_TROUBLED = 12
PERMISSION = "integrations.view_merchant"


def context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What `templates/admin/index.html` shows, for those who may see merchants."""
    if not request.user.has_perm(PERMISSION):
        return context
    found = caches["process"].get(CACHE_KEY)
    if found is None:
        found = vitals.overview(at=timezone.now())
        caches["process"].set(CACHE_KEY, found, CACHE_SECONDS)
    return {
        **context,
        "title": "Dashboard",
        "overview": found,
        "heartbeat": show.ago(found.heartbeat_at, "never"),
        "tiles": _tiles(found),
        "bars": _bars(found),
        "busiest": max((hour.sent + hour.failed for hour in found.hours), default=0),
        "troubled": [(show.link(merchant), wrong) for merchant, wrong in found.troubled[:MOST_TROUBLED]],
        "more_troubled": max(len(found.troubled) - MOST_TROUBLED, 0),
    }


def _tiles(found: vitals.Overview) -> list[dict[str, Any]]:
    merchants = show.list_address(Merchant)
    waited = show.short(found.at - found.oldest_waiting_at) if found.oldest_waiting_at else ""
    return [
        _tile("Events, 24 h", found.events, "happened at the sources", show.list_address(Event)),
        _tile("Delivered, 24 h", found.sent, "accepted by Klaviyo", show.list_address(Delivery, state__exact="sent")),
        _tile(
            "Waiting",
            found.backlog,
            f"the oldest for {waited}" if waited else "nothing waits",
            f"{merchants}?attention=waiting",
            "warn" if found.oldest_waiting_at and found.at - found.oldest_waiting_at > vitals.LATE_AFTER else "",
        ),
        _tile("Failed, 24 h", found.failed, "refused or given up", f"{merchants}?attention=failures", "bad"),
        _tile("Connections paused", found.paused, "need a person", f"{merchants}?attention=paused", "bad"),
        _tile("Silent merchants", found.silent, "nothing in for 24 h", f"{merchants}?attention=silent", "warn"),
        _tile(
            "Messages to handle",
            found.unhandled,
            "received, not handled yet",
            show.list_address(InboundMessage, state__exact="received"),
        ),
        _tile(
            "Messages failed",
            found.failed_messages,
            "can be handled again",
            show.list_address(InboundMessage, state__exact="failed"),
            "bad",
        ),
    ]


def _tile(label: str, number: int, note: str, address: str, tone: str = "") -> dict[str, Any]:
    return {"label": label, "number": f"{number:,}", "note": note, "address": address, "tone": tone if number else ""}


def _bars(found: vitals.Overview) -> list[dict[str, Any]]:
    """Each hour's bar, in percent of the tallest; an hour that had anything is never invisible."""
    tallest = max((hour.sent + hour.failed for hour in found.hours), default=0)
    return [
        {
            "hour": f"{hour.start:%H}",
            "label": f"{hour.start:%H}:00 UTC: {hour.sent:,} accepted, {hour.failed:,} failed",
            "sent": _percent(hour.sent, tallest),
            "failed": _percent(hour.failed, tallest),
        }
        for hour in found.hours
    ]


def _percent(number: int, tallest: int) -> float:
    return max(round(100 * number / tallest, 1), 1.5) if number else 0
