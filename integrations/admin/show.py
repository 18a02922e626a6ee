"""How the admin shows instants, states, JSON and links. All of it returns escaped HTML."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from integrations.admin.theme import display
from integrations.models import Connection, Delivery, InboundMessage, Merchant

LONGEST = 200_000
"""Characters of JSON or text that one page shows."""

NOTHING = "\u2013"

TONES = {
    Merchant.State: {"active": "good", "paused": "warn", "closing": "bad"},
    Connection.State: {"active": "good"},
    Delivery.State: {"sent": "good", "pending": "info", "sending": "info", "dead": "bad", "expired": "bad"},
    InboundMessage.State: {"handled": "good", "received": "info", "waiting": "warn", "failed": "bad"},
}
"""Kind of state -> state -> tone; a state that is not named is neutral."""

UNITS = ((86400, "d"), (3600, "h"), (60, "min"))


def chip(text: str, tone: str = "plain", title: str = "") -> SafeString:
    """A short word in a colour: good, warn, bad, info or plain."""
    return format_html('<span class="td-chip td-{}" title="{}">{}</span>', tone, title, text)


def state_chip(states: Any, value: str, title: str = "") -> SafeString:
    """A state's label in the colour of its tone. A connection that is not active is always bad."""
    tone = TONES[states].get(value, "bad" if states is Connection.State else "plain")
    return chip(str(states(value).label), tone, title)


def short(span: timedelta) -> str:
    """A length of time in one unit: "3 min", "2 d"."""
    seconds = max(int(span.total_seconds()), 0)
    for size, unit in UNITS:
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def ago(moment: datetime | None, empty: str = NOTHING) -> SafeString | str:
    """How long ago, or how far ahead, with the exact instant on hovering."""
    if moment is None:
        return empty
    span = timezone.now() - moment
    text = f"in {short(-span)}" if span < timedelta(seconds=-1) else f"{short(span)} ago"
    return format_html(
        '<time class="td-time" datetime="{}" title="{}">{}</time>', moment.isoformat(), exact(moment), text
    )


def exact(moment: datetime | None) -> str:
    """An instant in UTC, to the second."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else NOTHING


def moment(field: str, label: str) -> Any:
    """A read-only field of an admin page: an instant of the row, exact and relative."""

    @display(description=label)
    def shown(admin: Any, row: Any) -> Any:
        return instant(getattr(row, field))

    return shown


def since(field: str, label: str) -> Any:
    """A column of an admin list: how long ago an instant of the row was."""

    @display(description=label)
    def shown(admin: Any, row: Any) -> Any:
        return ago(getattr(row, field))

    return shown


def instant(moment: datetime | None) -> SafeString | str:
    """The exact instant, and how long ago that is."""
    return format_html("{} <span class='td-quiet'>({})</span>", exact(moment), ago(moment)) if moment else NOTHING


def link(target: Model | None, text: str = "") -> SafeString | str:
    """A link to an object's page in the admin."""
    if target is None:
        return NOTHING
    meta = target._meta
    address = reverse(f"admin:{meta.app_label}_{meta.model_name}_change", args=[target.pk])
    return format_html('<a class="td-link" href="{}">{}</a>', address, text or str(target))


def list_link(model: type[Model], text: str, **parameters: object) -> SafeString:
    """A link to a model's list, filtered."""
    return format_html('<a class="td-link" href="{}">{}</a>', list_address(model, **parameters), text)


def list_address(model: type[Model], **parameters: object) -> str:
    """The address of a model's list, filtered."""
    query = {name: str(value) for name, value in parameters.items()}
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=query)


def block(text: str) -> SafeString | str:
    """Text in a box of its own, in the letters of a terminal, cut where it is too long for a page."""
    if not text:
        return NOTHING
    cut = f"\n… and {len(text) - LONGEST:,} more characters" if len(text) > LONGEST else ""
    return format_html('<pre class="td-code" tabindex="0">{}{}</pre>', text[:LONGEST], cut)


def json_block(value: Any) -> SafeString | str:
    """JSON with indents."""
    return block(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def raw_block(body: bytes) -> SafeString | str:
    """A message's body: with indents where it is JSON, as it is where it is not."""
    if not body:
        return "erased, or never there"
    try:
        return json_block(json.loads(body))
    except ValueError:
        return block(body.decode("utf-8", "replace"))


def lines(items: Iterable[object]) -> SafeString | str:
    """One thing on each line."""
    return format_html_join(mark_safe("<br>"), "{}", ((item,) for item in items)) or NOTHING
