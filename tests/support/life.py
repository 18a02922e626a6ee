"""All that a shop and its systems ever tell of one shopper, in every place where it is kept."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import requests
from django.db import transaction
from django.utils import timezone

from integrations import replays, testing, tokens
from integrations.audit import Actor
from integrations.catalog import catalog
from integrations.models import Connection, Customer, Delivery, DeliveryAttempt
from integrations.people import PersonInput
from integrations.search import Wanted
from loyalty import services as loyalty
from loyalty.models import Member, Programme
from loyalty.services import programmes
from loyalty.services.offline_codes import Named
from tests.support.dump import dump
from tests.support.payloads import easypost_tracker, shopify_fulfillment, shopify_order, shopify_return
from tests.support.world import Shop
from tracking import services as tracking
from tracking.inputs import WishInput
from tracking.models import Follower, Order

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True)
class Person:
    """A shopper. `seed` tells their numbers from others'."""

    seed: int
    email: str
    phone: str
    first_name: str
    last_name: str
    street: str
    city: str

    @property
    def shop_id(self) -> int:
        """Their id in the shop."""
        return 770000000000 + self.seed

    @property
    def canaries(self) -> list[str]:
        """What must be nowhere once they are erased, in every way in which JSON writes it."""
        words = [self.email, self.phone, self.phone[3:], self.first_name, self.last_name, self.street, self.city]
        escaped = [json.dumps(each)[1:-1] for each in words]
        return [each.lower() for each in (*words, *escaped, str(self.shop_id))]

    def address(self) -> dict[str, Any]:
        """As Shopify writes it."""
        names = {"first_name": self.first_name, "last_name": self.last_name}
        place = {"address1": self.street, "city": self.city, "zip": "10115", "country_code": "DE"}
        return {**names, **place, "name": f"{self.first_name} {self.last_name}", "phone": self.phone}

    def order(self, number: int, at: datetime, **more: Any) -> dict[str, Any]:
        """An order of theirs."""
        customer = {"id": self.shop_id, "email": self.email, "default_address": self.address(), **self.address()}
        lines = [(self.seed * 100 + number, f"Mug for {self.first_name}", 1)]
        whole = shopify_order(
            self.seed * 1000 + number, at=at, email=self.email, number=f"#{self.seed}{number}", lines=lines
        )
        whole |= {
            "customer": customer,
            "phone": self.phone,
            "order_status_url": f"https://shop.example/{self.last_name}",
        }
        return whole | {"billing_address": self.address(), "shipping_address": self.address()} | more


EVA = Person(
    71, "eva.canary@shopper.example", "+4930901820", "Evälina", "Canarilla", "Am Kanarienweg 7", "Kanariendorf"
)
BOB = Person(72, "joeva.canary@shopper.example", "+4940428990", "Robert", "Fink", "Spatzengasse 3", "Finkenau")


def traces(person: Person) -> list[str]:
    """Lines of the database in which they can still be found, by any of their names."""
    # His address has hers in it.
    lines = dump().lower().replace(BOB.email, "").splitlines()
    return [line for line in lines if any(each in line for each in person.canaries)]


def live(shop: Shop, person: Person) -> None:
    """A full life: orders, parcels, scans, a return, consent, sign-up, events sent, waiting and failed, and what people did."""
    at = (timezone.now() - DAY).replace(microsecond=0)
    number = f"1Z{person.seed}"
    Connection.objects.filter(pk=shop.connection.pk).update(state="active")
    shop.shopify("orders/create", person.order(1, at))
    shop.shopify("orders/edited", person.order(1, at))
    shop.shopify("checkouts/create", {"id": person.seed, "email": person.email.upper(), "shipping": person.address()})
    shop.shopify("orders/create", {"id": "none", "contact": [{"phone": f"({person.phone[:3]}) {person.phone[3:]}"}]})
    shop.shopify("customers/data_sale_opt_out", {"customer": {"id": person.shop_id}})
    items = [(person.seed * 100 + 1, 1)]
    parcel = shopify_fulfillment(person.seed, person.seed * 1000 + 1, at=at + HOUR, numbers=[number], items=items)
    parcel |= {"destination": person.address(), "email": person.email}
    shop.shopify("fulfillments/create", parcel)
    shop.shopify("fulfillments/create", parcel | {"id": person.seed + 500, "order_id": person.seed + 99000})
    scans = [("in_transit", at + 2 * HOUR), ("delivered", at + 3 * HOUR)]
    seen = easypost_tracker(
        scans, number=number, message=f"Signed by {person.last_name}", event_id=f"evt_{person.seed}"
    )
    for each in seen["result"]["tracking_details"]:
        each["tracking_location"] = {"city": person.city, "zip": "10115", "country": "DE"}
    shop.easypost(seen)
    shop.shopify(
        "returns/request", shopify_return(person.seed, person.seed * 1000 + 1, items=[(person.seed, *items[0])])
    )
    consent = {"state": "subscribed", "consent_updated_at": at.isoformat()}
    word = {"customer_id": person.shop_id, "email_address": person.email, "email_marketing_consent": consent}
    shop.shopify("customers_email_marketing_consent/update", word)
    shop.world.work()
    _by_api(shop, person, at)
    shop.world.work()
    _by_people(shop, person)
    _as_a_member(shop, person, at)
    _in_trouble(shop, person, at)


def _by_api(shop: Shop, person: Person, at: datetime) -> None:
    _, token = tokens.create(shop.merchant, "systems", list(tokens.SCOPES), at=timezone.now())
    who = {"email": person.email, "phone": person.phone, "last_name": person.last_name}
    sign_up = {"channels": ["email", "sms"], "marketing": True, "text": "Offers?", "source": "Checkout"}
    event = {"metric": "custom_wish", "unique_id": f"wish:{person.email}", "customer": who, "properties": {}}
    metric = {"key": "custom_wish", "name": "Wish", "properties": [{"name": "For", "type": "string"}]}
    for path, body in (
        ("customers", who | {"company": f"{person.last_name} GmbH"}),
        ("subscriptions", sign_up | {"customer": who, "occurred_at": at.isoformat(), "origin": f"/{person.last_name}"}),
        ("metrics", metric),
        (
            "events",
            event | {"occurred_at": at.isoformat(), "properties": {"For": f"{person.first_name}, {person.city}"}},
        ),
    ):
        headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"{path} {person.email}"}
        if path == "customers":
            headers["Idempotency-Key"] = f"customer {person.seed}"
        url = f"{shop.world.site}/api/v1/{path}"
        answer = requests.post(url, json=body, headers=headers, timeout=30)
        assert answer.status_code in (200, 201), answer.text


def _by_people(shop: Shop, person: Person) -> None:
    someone = Actor(label="somebody")
    testing.send(shop.merchant, list(catalog.metrics)[:1], person.email, by=someone, at=timezone.now())
    replays.begin(shop.merchant, Wanted(term=person.email), by=someone, at=timezone.now())


def _as_a_member(shop: Shop, person: Person, at: datetime) -> None:
    """A wish, somebody's order that they follow, points with words beside them, and a code that they used."""
    who, someone = PersonInput(email=person.email), Actor(label="somebody")
    mine, order = customer(shop, person), Order.objects.for_merchant(shop.merchant).order_by("pk")[0]
    if not Programme.objects.for_merchant(shop.merchant).exists():
        programmes.change(shop.merchant, by=None, at=at)
    with transaction.atomic():
        wish = WishInput(f"Mug for {person.first_name}")
        tracking.add_wish(merchant=shop.merchant, person=who, wish=wish, added_at=at, at=at)
        Follower.objects.create(merchant=shop.merchant, order=order, customer=mine, since=at)
        loyalty.enrol(shop.merchant, mine, Member.Source.SHOP, at=at)
        said: dict[str, Any] = {"reason": f"Sorry, {person.first_name}", "by": someone, "cause": f"sorry:{person.seed}"}
        loyalty.adjust(merchant=shop.merchant, customer=mine, points=5, at=at, **said)
        loyalty.capture_birth_month(merchant=shop.merchant, customer=mine, month=5, at=at)
    batch = loyalty.make_offline_batch(shop.merchant, by=someone, at=at, name="Tea tins", points=5, size=1)
    code = loyalty.find_offline_code(Named(batch.pk, 1))
    assert code
    loyalty.use_offline_code(code, contact=person.email, at=at)
    shop.world.work()


def _in_trouble(shop: Shop, person: Person, at: datetime) -> None:
    """One event failed, in bulk, with the destination's own words, and others wait."""
    Connection.objects.filter(pk=shop.connection.pk).update(state="paused_operator")
    shop.shopify("orders/create", person.order(2, at + 5 * HOUR))
    shop.world.work()
    failed = Delivery.objects.filter(event__customer=customer(shop, person), state="sent").first()
    assert failed
    words = f"{person.email} is no address"
    attempt = DeliveryAttempt.objects.create(
        merchant=shop.merchant,
        connection=shop.connection,
        started_at=at,
        duration_ms=1,
        status=400,
        outcome="refused",
        is_bulk=True,
        error=words,
    )
    Delivery.objects.filter(pk=failed.pk).update(state="dead", error=words, bulk_attempt=attempt)
    shop.connection.lane.__class__.objects.filter(connection=shop.connection).update(last_error=words)


def customer(shop: Shop, person: Person) -> Customer:
    """Their row."""
    return Customer.objects.for_merchant(shop.merchant).get(email=person.email)


def redact(shop: Shop, person: Person) -> None:
    """The shop passes on that they want to be forgotten."""
    told = {"id": person.shop_id, "email": person.email, "phone": person.phone}
    assert shop.shopify("customers/redact", {"shop_domain": "alba.example", "customer": told}).status_code == 202
