"""Staff who look at lists, and a shop that posts: over Django's test client, so that no network is in the figures."""

from __future__ import annotations

from urllib.parse import quote

from django.contrib.auth.models import User
from django.test import Client

from benchmarks.load import PUBLIC_ID, headers, order


def pages(shopper: int) -> dict[str, str]:
    """What a CSM looks at, by name; `shopper` is the number of one whose events are looked for."""
    searched = {
        "events by order number": f"#{shopper}",
        "events by e-mail address": f"shopper-{shopper}@mail.example",
        "events by tracking number": f"1Z999AA1{shopper}",
    }
    return {
        "dashboard": "/admin/",
        "merchants": "/admin/integrations/merchant/",
        "events": "/admin/integrations/event/",
        **{name: f"/admin/integrations/event/?q={quote(term)}" for name, term in searched.items()},
        "events of the largest merchant": "/admin/integrations/event/?merchant__id__exact=1",
        "events of a merchant and a metric": (
            "/admin/integrations/event/?merchant__id__exact=1&metric=shipment_update_received"
        ),
        "deliveries by order number": f"/admin/integrations/delivery/?q={quote(f'#{shopper}')}",
        "messages by order number": f"/admin/integrations/inboundmessage/?q={quote(f'#{shopper}')}",
        "orders by number": f"/admin/tracking/order/?q={quote(f'#{shopper}')}",
        "customers by e-mail address": f"/admin/integrations/customer/?q=shopper-{shopper}@mail.example",
    }


def staff() -> Client:
    """A superuser who is signed in."""
    user, _ = User.objects.get_or_create(username="bench", defaults={"is_staff": True, "is_superuser": True})
    client = Client()
    client.force_login(user)
    return client


def post(number: int) -> None:
    """Post order `number`. Raises `RuntimeError` if it is not taken in."""
    body = order(number)
    answer = Client().post(
        f"/hooks/{PUBLIC_ID}/shopify/", body, content_type="application/json", headers=headers(number, body)
    )
    if answer.status_code != 202:
        raise RuntimeError(f"order {number} was answered {answer.status_code}")
