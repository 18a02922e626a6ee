"""Sign-ups and opt-outs, as a client tells them: the same as on the shop's own pages."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpResponseBase
from rest_framework import serializers

from integrations import consent
from integrations.api import bodies, examples, rendering, schemas
from integrations.api.activity import require_past
from integrations.api.bodies import Body, Choice, Flag, Instant, Text
from integrations.api.endpoint import Call, Endpoint, operation
from integrations.api.people import Person
from integrations.consent import NothingShown, NotReachable, SignUp
from integrations.people import ConsentInput, PersonInput

PLACES = {"email": ("customer", "email"), "sms": ("customer", "phone"), "": ("channels",)}
"""Where in a body the address of a channel stands."""


class NewOptOut(Body):
    """A shopper wants no more marketing."""

    customer = Person()
    channels = serializers.ListField(child=Choice(choices=consent.CHANNELS), min_length=1, max_length=2)
    occurred_at = Instant(help_text="When they said so.")


class NewSubscription(NewOptOut):
    """A shopper's sign-up."""

    marketing = Flag(help_text="Whether they ticked the box for marketing. It must not have been ticked before.")
    # A serializer has a `source` of its own; a declared field is taken out before it could replace it.
    source = Text(max_length=80, help_text="Where that was, as Klaviyo shows it: “Checkout”.")  # type: ignore[assignment]
    text = Text(
        required=False,
        allow_blank=True,
        max_length=consent.LONGEST_TEXT,
        help_text="What stood beside the box, word for word. Needed where `marketing` is true.",
    )
    text_version = Text(required=False, allow_blank=True, max_length=80, help_text="The name of that wording.")
    origin = Text(
        required=False, allow_blank=True, max_length=200, help_text="What else tells of it: the page's address."
    )


class Subscriptions(Endpoint):
    """`/subscriptions`"""

    @operation(
        id="create_subscription",
        tag="Customers",
        scope="customers:write",
        summary="Sign a customer up",
        body=NewSubscription,
        body_example=examples.NEW_SUBSCRIPTION,
        answer=schemas.Subscription,
        example=examples.SUBSCRIPTION,
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Note that a shopper wants to hear of their orders. Only where they ticked the box, the consent is kept as a record, and
        they are subscribed to the merchant's list at Klaviyo; double opt-in is the list's own. From whatever channel they opted
        out later than they consented, they stay out (`opted_out`).
        """
        said = call.body
        require_past(call, said["occurred_at"])
        sign_up = SignUp(
            person=PersonInput(**said["customer"]),
            channels=said["channels"],
            is_marketing=said["marketing"],
            source=said["source"],
            given_at=said["occurred_at"],
            text=said.get("text", ""),
            version=said.get("text_version", ""),
            origin=said.get("origin", ""),
        )
        try:
            done = consent.subscribe(merchant=call.merchant, sign_up=sign_up, at=call.at)
        except NotReachable as error:
            raise bodies.invalid([{"pointer": bodies.pointer(*PLACES[error.channel]), "detail": str(error)}]) from None
        except NothingShown as error:
            raise bodies.invalid([{"pointer": bodies.pointer("text"), "detail": str(error)}]) from None
        told: dict[str, Any] = {
            "customer_id": str(done.customer.pk),
            "consent_id": str(done.record.pk) if done.record else None,
            "subscribed": list(done.subscribed),
            "opted_out": list(done.opted_out),
        }
        return rendering.answer(told)


class OptOuts(Endpoint):
    """`/opt-outs`"""

    @operation(
        id="create_opt_out",
        tag="Customers",
        scope="customers:write",
        summary="Opt a customer out",
        body=NewOptOut,
        body_example=examples.NEW_OPT_OUT,
        answer=schemas.OptOut,
        example=examples.OPT_OUT,
    )
    def post(self, call: Call) -> HttpResponseBase:
        """Unsubscribe a shopper from marketing on some channels, here and at Klaviyo: from every list. An opt-out that is older
        than a consent on file changes nothing.
        """
        said = call.body
        require_past(call, said["occurred_at"])
        notes, key = [], None
        with transaction.atomic():
            for channel in said["channels"]:
                word = ConsentInput(
                    PersonInput(**said["customer"]), channel, consent.UNSUBSCRIBED, at=said["occurred_at"]
                )
                handled = consent.record(merchant=call.merchant, consent=word, at=call.at)
                notes.append(handled.note)
                key = handled.customer_id
        if key is None:
            raise bodies.invalid([{"pointer": bodies.pointer("customer"), "detail": notes[0]}])
        return rendering.answer({"customer_id": str(key), "notes": notes})
