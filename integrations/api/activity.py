"""What a shopper does, as a client tells it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework import serializers

from integrations import consent
from integrations.api import bodies, rendering, schemas
from integrations.api.bodies import Body, Choice, Instant
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.people import Person
from integrations.models import Merchant
from integrations.people import ConsentInput, PersonInput
from integrations.sources import CLOCKS_DIFFER, Handled


class Consent(Body):
    """The shopper consents to marketing on a channel, or not any more."""

    channel = Choice(choices=["email", "sms"])
    state = Choice(choices=["subscribed", "unsubscribed", "pending"])


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of entry: what its `details` hold, and the service that it is handed to."""

    details: type[Body]
    act: Callable[[Merchant, PersonInput, datetime, Mapping[str, Any], datetime], Handled]


def _consent(
    merchant: Merchant, person: PersonInput, occurred_at: datetime, details: Mapping[str, Any], at: datetime
) -> Handled:
    return consent.record(merchant=merchant, consent=ConsentInput(person, **details, at=occurred_at), at=at)


KINDS: dict[str, Kind] = {"consent": Kind(Consent, _consent)}


class NewActivity(Body):
    """An entry in a shopper's log."""

    kind = Choice(choices=list(KINDS))
    customer = Person()
    occurred_at = Instant(help_text="When it happened.")
    details = serializers.DictField(help_text="By the kind; of `consent`: `channel` and `state`.")


def require_past(call: Call, occurred_at: datetime) -> None:
    """Raises `Problem` for what is dated later than a client's clock may differ."""
    if occurred_at > call.at + CLOCKS_DIFFER:
        raise bodies.invalid([{"pointer": bodies.pointer("occurred_at"), "detail": "must not be in the future"}])


class Activity(Endpoint):
    """`/activity`"""

    @operation(
        id="record_activity",
        tag="Customers",
        scope="customers:write",
        summary="Record what a customer did",
        body=NewActivity,
        body_example={
            "kind": "consent",
            "customer": {"email": "ada@example.com"},
            "occurred_at": "2026-11-20T10:00:00Z",
            "details": {"channel": "email", "state": "subscribed"},
        },
        answer=schemas.Activity,
        example={"kind": "consent", "customer_id": "77", "note": "email consent of customer 77 is subscribed"},
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Record an entry of a customer, who is made where they are not known. What is older than what is on file changes
        nothing. Everything else that a shopper may do is an event of a custom metric (`POST /events`).
        """
        said = call.body
        kind = KINDS[said["kind"]]
        details = bodies.check(kind.details, said["details"], pointer=bodies.pointer("details"))
        require_past(call, said["occurred_at"])
        with transaction.atomic():
            handled = kind.act(call.merchant, PersonInput(**said["customer"]), said["occurred_at"], details, call.at)
        if handled.customer_id is None:
            raise bodies.invalid([{"pointer": bodies.pointer("customer"), "detail": handled.note}])
        return rendering.answer({"kind": said["kind"], "customer_id": str(handled.customer_id), "note": handled.note})
