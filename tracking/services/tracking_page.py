"""What a merchant sets of its shoppers' pages: how they look, and whether an order's page is there at all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Merchant
from tracking.models import Order, TrackingPage
from tracking.page import links
from tracking.services.policies import NOTHING


def of(merchant: Merchant) -> TrackingPage:
    """The merchant's settings; the defaults, not saved, where it has none. One query."""
    found = TrackingPage.objects.for_merchant(merchant).first()
    page: TrackingPage = found or TrackingPage(merchant=merchant)
    page.merchant = merchant
    return page


def change(merchant: Merchant, *, by: Actor, at: datetime, **values: Any) -> TrackingPage:
    """Set `values`, and note in the trail what is new. Raises `ValidationError` that names each field which is wrong."""
    with transaction.atomic():
        # Whoever changes it at the same time waits, so that each change is noted against what it replaced.
        Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        page = of(merchant)
        before = described(page)
        if values.get("consent_texts", page.consent_texts) != page.consent_texts:
            page.consent_version += 1
        for name, value in values.items():
            setattr(page, name, value)
        page.full_clean(validate_unique=False, validate_constraints=False)
        after = described(page)
        changes = [f"{name}: {old} → {after[name]}" for name, old in before.items() if old != after[name]]
        if changes:
            page.save()
            audit.note(merchant, by, "changed the tracking page", changes, at=at)
    return page


def described(page: TrackingPage) -> dict[str, str]:
    """The settings for people: what each is called -> how it is set."""
    fields: list[Any] = [TrackingPage._meta.get_field(name) for name in SHOWN]
    return {str(each.verbose_name).capitalize(): SHOWN[each.name](getattr(page, each.name)) for each in fields}


def find_order(merchant: Merchant, number: str) -> Order | None:
    """The newest order of that name, with or without its "#"."""
    bare = number.strip().lstrip("#")
    mine = Order.objects.for_merchant(merchant).filter(number__in=[bare, f"#{bare}"])
    order: Order | None = mine.order_by("-placed_at", "-pk").first()
    return order


def take_back(order: Order, *, by: Actor, at: datetime) -> None:
    """The order's page is gone for everybody, at once and for good."""
    _give(order, "", "took back the tracking page of an order", by=by, at=at)


def renew(order: Order, *, by: Actor, at: datetime) -> None:
    """The order's page is at a new address; an older one leads nowhere."""
    _give(order, links.new_token(), "gave the tracking page of an order a new address", by=by, at=at)


def _give(order: Order, token: str, what: str, *, by: Actor, at: datetime) -> None:
    with transaction.atomic():
        order.page_token = token
        order.save(update_fields=["page_token"])
        audit.note(order.merchant, by, what, [order.number], at=at)


def _text(text: str) -> str:
    return text or NOTHING


def _flag(flag: bool) -> str:
    return "yes" if flag else "no"


def _by_language(texts: dict[str, str]) -> str:
    return "; ".join(f"{language}: {texts[language]}" for language in sorted(texts)) or NOTHING


def _links(pairs: list[list[str]]) -> str:
    return "; ".join(f"{label} ({address})" for label, address in pairs) or NOTHING


SHOWN: dict[str, Callable[[Any], str]] = {
    "logo_url": _text,
    "ground": _text,
    "card": _text,
    "text": _text,
    "accent": _text,
    "message": _text,
    "footer": _text,
    "links": _links,
    "days": lambda days: f"{days} d",
    "language": _text,
    "by_email": _flag,
    "by_sms": _flag,
    "consent_texts": _by_language,
    "has_wishes": _flag,
}
"""The settings, and how each is written for people."""

SETTINGS = tuple(SHOWN)
