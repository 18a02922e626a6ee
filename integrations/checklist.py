"""The way to going live: what is done for a merchant, and what is still to be done, for the CSM and the merchant alike."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from integrations.models import Connection, Delivery, Event, InboundMessage, Membership, Merchant, SourceSecret


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to be done. `page` is the name of the page on which it is settled; `detail` says how it stands."""

    text: str
    is_done: bool
    page: str
    detail: str = ""


def points(merchant: Merchant, *, at: datetime) -> list[Point]:
    """The list, in the order in which one would go about it: a fixed number of statements, each of which finds one row."""
    connection = Connection.objects.for_merchant(merchant).order_by("pk").first()
    if connection is None:
        return [Point("Connect the Klaviyo account", False, "connection")]
    works = connection.state == Connection.State.ACTIVE
    scopes = connection.missing_scopes
    mine = SourceSecret.objects.for_merchant(merchant).filter(disconnected_at=None)
    heard = InboundMessage.objects.for_merchant(merchant).order_by("-received_at", "-pk").first()
    happened = Event.objects.for_merchant(merchant).exists()
    sent = Delivery.objects.filter(connection=connection, state=Delivery.State.SENT).exists()
    is_live = connection.launch_at <= at
    day = f"{connection.launch_at.astimezone(merchant.tz):%Y-%m-%d %H:%M}"
    launch = f"{day}; the {connection.backfill_days} days before it are sent as history"
    return [
        Point("The key works", works, "connection", "" if works else str(connection.get_state_display())),
        Point("The key has every scope", not scopes, "connection", f"lacks {', '.join(scopes)}" if scopes else ""),
        Point("Metrics are on", bool(connection.enabled_metrics), "metrics", f"{len(connection.enabled_metrics)} on"),
        Point("A source is connected", mine.exists(), "data_sources"),
        Point("A source was heard from", heard is not None, "data_sources"),
        Point("Somebody of the merchant's can sign in", Membership.objects.for_merchant(merchant).exists(), "team"),
        Point("The launch date has come", is_live, "connection", launch),
        Point("Something happened that is worth telling", happened, "events"),
        Point("Klaviyo accepted an event", sent, "events"),
    ]
