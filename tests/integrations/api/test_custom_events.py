"""Metrics that a merchant declares, and their events: recorded, sent, shown and turned off as those of the catalogue are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import custom_metrics
from integrations.catalog import catalog
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import AuditEntry, Connection, Customer, CustomMetric, Delivery, Event, Merchant
from tests.support import rest as world
from tests.support.rest import Rest
from tests.support.world import World

pytestmark = pytest.mark.django_db
KEY = "custom_gift_wrapped"
PAPER = {"name": "Paper", "type": "string", "is_required": True}
TYPED = [{"name": name.capitalize(), "type": name} for name in custom_metrics.TYPES]


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def declaration(**values: Any) -> dict[str, Any]:
    return {"key": KEY, "name": "Gift wrapped", "description": "As a gift.", "properties": [PAPER]} | values


def report(**values: Any) -> dict[str, Any]:
    return {
        "metric": KEY,
        "unique_id": "wrap-1",
        "occurred_at": "2026-11-20T16:00:00+01:00",
        "customer": {"email": "Ada@Example.com", "first_name": "Ada"},
        "order_number": "#1001",
        "value": "3.50",
        "value_currency": "EUR",
        "properties": {"Paper": "Stars"},
    } | values


def test_a_declared_metric_is_on_and_listed_after_the_catalogue_s(merchant: Merchant, api: Rest) -> None:
    made = api.post("metrics", declaration())

    listed = api.get("metrics").json()["items"]
    assert made.status_code == 201
    assert listed[-1] == made.json()
    assert [each["key"] for each in listed] == [*(each.key for each in catalog.in_order()), KEY]
    assert (listed[-1]["is_on"], listed[0]["is_on"], listed[-1]["pack"]) == (True, False, "custom")
    assert listed[-1]["properties"] == [{"name": "Paper", "type": "string", "description": "", "is_required": True}]
    assert merchant.connections.get().enabled_metrics == [KEY]
    assert AuditEntry.objects.get().details == [f"Gift wrapped ({KEY})"]


def test_a_metric_that_is_declared_again_keeps_its_name_and_stays_off(merchant: Merchant, api: Rest) -> None:
    api.post("metrics", declaration())
    Connection.objects.update(enabled_metrics=[])

    again = api.post("metrics", declaration(properties=[]))
    renamed = api.post("metrics", declaration(name="Wrapped"))

    assert (again.status_code, again.json()["properties"], again.json()["is_on"]) == (200, [], False)
    assert (renamed.status_code, renamed.json()["code"]) == (409, "conflict")
    assert CustomMetric.objects.get().name == "Gift wrapped"


TAKEN = {
    "the catalogue's": "order delivered",
    "the catalogue's with the merchant's prefix": "Tidings: ShopifyOrderCreated",
    "another custom one's": "GIFT WRAPPED",
}


@pytest.mark.parametrize("name", TAKEN.values(), ids=TAKEN.keys())
def test_a_name_that_is_taken_is_refused(api: Rest, name: str) -> None:
    api.post("metrics", declaration())

    answer = api.post("metrics", declaration(key="custom_other", name=name))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"key": "shipment_created"}, "/key"),
        ({"key": "custom_"}, "/key"),
        ({"key": "custom_" + "x" * 34}, "/key"),
        ({"name": "{prefix}: x"}, "/name"),
        ({"name": ""}, "/name"),
        ({"properties": [PAPER, PAPER]}, "/properties"),
        ({"properties": [PAPER | {"type": "text"}]}, "/properties/0/type"),
        ({"properties": [PAPER | {"is_required": "yes"}]}, "/properties/0/is_required"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_wrong_declaration_is_refused_at_its_place(api: Rest, values: dict[str, Any], pointer: str) -> None:
    answer = api.post("metrics", declaration(**values))

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]


def test_no_metric_of_the_catalogue_can_take_a_custom_key() -> None:
    metric = custom_metrics.as_metric(CustomMetric(key=KEY, name="x", properties=[]))

    with pytest.raises(ValueError, match="the merchants' own"):
        catalog.register(metric)


def test_an_event_is_recorded_and_read_as_every_other(merchant: Merchant, api: Rest) -> None:
    api.post("metrics", declaration())

    made = api.post("events", report())

    told, customer = made.json(), Customer.objects.get()
    assert (made.status_code, made.headers["Location"]) == (201, f"/api/v1/events/{told['id']}")
    assert (customer.email, customer.first_name, told["customer_id"]) == ("ada@example.com", "Ada", str(customer.pk))
    assert told | {"id": "", "recorded_at": "", "customer_id": ""} == {
        "id": "",
        "metric": KEY,
        "metric_name": "Gift wrapped",
        "occurred_at": "2026-11-20T15:00:00Z",
        "recorded_at": "",
        "customer_id": "",
        "order_number": "#1001",
        "tracking_number": "",
        "unique_id": "wrap-1",
        "value": "3.5",
        "value_currency": "EUR",
        "properties": {"Paper": "Stars"},
    }
    assert api.get("events", metric=KEY, email="ada@example.com", pack="custom").json()["items"] == [told]
    assert Delivery.objects.get().state == Delivery.State.PENDING


def test_the_same_unique_id_is_the_same_event(api: Rest) -> None:
    api.post("metrics", declaration())
    first = api.post("events", report()).json()

    again = api.post("events", report(properties={"Paper": "Dots"}, customer={"email": "bob@example.com"}))

    assert (again.status_code, again.json()) == (200, first)
    assert (Event.objects.count(), Delivery.objects.count(), Customer.objects.count()) == (1, 1, 1)


@pytest.mark.parametrize(
    ("values", "pointer"),
    [
        ({"metric": "custom_unknown"}, "/metric"),
        ({"metric": "shipment_created"}, "/metric"),
        ({"properties": {}}, "/properties/Paper"),
        ({"properties": {"Paper": ""}}, "/properties/Paper"),
        ({"properties": {"Paper": 7}}, "/properties/Paper"),
        ({"properties": {"Paper": "x", "a/b~": 1}}, "/properties/a~1b~0"),
        ({"properties": {"Paper": "x" * 100_000}}, "/properties"),
        ({"properties": []}, "/properties"),
        ({"occurred_at": "1999-12-31T00:00:00Z"}, "/occurred_at"),
        ({"occurred_at": "2999-01-01T00:00:00Z"}, "/occurred_at"),
        ({"occurred_at": "2026-11-20T10:00:00"}, "/occurred_at"),
        ({"value_currency": ""}, "/value_currency"),
        ({"value": "1e99"}, "/value"),
        ({"unique_id": "x" * 129}, "/unique_id"),
        ({"customer": {}}, "/customer"),
        ({"customer": {"first_name": "Ada"}}, "/customer"),
        ({"customer": {"email": "ada@localhost"}}, "/customer/email"),
        ({"customer": {"phone": "030 901820"}}, "/customer/phone"),
        ({"customer": {"external_id": "unknown"}}, "/customer"),
    ],
)
def test_a_wrong_report_is_refused_at_its_place(api: Rest, values: dict[str, Any], pointer: str) -> None:
    api.post("metrics", declaration())

    answer = api.post("events", report(**values))

    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["errors"]] == [pointer]
    assert (Event.objects.count(), Customer.objects.count()) == (0, 0)


FITTING: dict[str, list[Any]] = {
    "string": ["x"],
    "number": [7, -0.5],
    "boolean": [True],
    "datetime": ["2026-11-20T10:00:00Z"],
    "array": [[1, "x"]],
    "object": [{"a": 1}],
}


@pytest.mark.parametrize("type_", FITTING)
def test_a_property_takes_values_of_its_type_and_no_others(api: Rest, type_: str) -> None:
    api.post("metrics", declaration(properties=TYPED))
    name = type_.capitalize()
    others = [value for other, values in FITTING.items() for value in values if other not in (type_, "datetime")]
    if type_ == "datetime":
        others.append("2026-11-20T10:00:00")

    taken = [
        api.post("events", report(unique_id=f"{number}", properties={name: value})).status_code
        for number, value in enumerate(FITTING[type_])
    ]
    refused = [api.post("events", report(unique_id="x", properties={name: value})).status_code for value in others]

    assert (set(taken), set(refused)) == ({201}, {422})


def test_a_metric_that_is_off_records_nothing(api: Rest) -> None:
    api.post("metrics", declaration())
    Connection.objects.update(enabled_metrics=["shipment_created"])

    answer = api.post("events", report())

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert not Customer.objects.exists()


def test_many_at_once_are_answered_one_by_one(api: Rest) -> None:
    api.post("metrics", declaration())
    items = [report(), report(), report(unique_id="wrap-2"), report(unique_id="", metric=7), "x"]

    answer = api.post("events/bulk", {"items": items})

    told = answer.json()
    assert (answer.status_code, told["failed"]) == (200, 2)
    assert [each["status"] for each in told["results"]] == [201, 200, 201, 422, 422]
    assert [each["pointer"] for each in told["results"][3]["problem"]["errors"]] == ["/metric", "/unique_id"]
    assert Event.objects.count() == 2


def test_what_an_event_costs_does_not_grow_with_the_history(merchant: Merchant, api: Rest) -> None:
    api.post("metrics", declaration())
    api.post("events", report())
    counts = []
    for number in (2, 100):
        with CaptureQueriesContext(connection) as queries:
            assert api.post("events", report(unique_id=f"wrap-{number}")).status_code == 201
        counts.append(len(queries))
        world.events(merchant, [world.AT] * 50)

    assert counts[0] == counts[1] <= 16


@pytest.fixture
def sandboxed(settings: Any) -> Iterator[World]:
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        yield World(sandbox, "http://site.invalid")


def test_klaviyo_gets_it_and_the_pages_name_it(sandboxed: World, admin_user: User) -> None:
    shop = sandboxed.shop("Alba")
    api = world.rest(shop.merchant)
    api.post("metrics", declaration())
    at = timezone.now().replace(microsecond=0)
    key = api.post("events", report(occurred_at=at.isoformat())).json()["id"]

    Engine().run(seconds=20)

    [received] = shop.received
    assert "Gift wrapped" in repr(received)
    assert "Stars" in repr(received)
    [delivery] = api.get(f"events/{key}").json()["deliveries"]
    assert delivery["state"] == "sent"
    client, at_m = Client(), f"/m/{shop.merchant.public_id}"
    client.force_login(admin_user)
    for page in ("/", "/events/", f"/events/?metric={KEY}", f"/events/{key}/", "/metrics/"):
        assert "Gift wrapped" in client.get(at_m + page).content.decode(), page
    merchant, account = shop.merchant.pk, shop.merchant.connections.get().pk
    history = client.get(f"/admin/integrations/event/?merchant__id__exact={merchant}").content.decode()
    form = client.get(f"/admin/integrations/connection/{account}/change/").content.decode()
    assert "Gift wrapped (Custom)" in history
    assert re.search(rf'name="metrics" value="{KEY}"[^>]* checked', form)


def test_it_is_turned_off_and_stays_on_by_the_pages(merchant: Merchant, api: Rest, admin_user: User) -> None:
    api.post("metrics", declaration())
    client = Client()
    client.force_login(admin_user)
    path = f"/m/{merchant.public_id}/metrics/"
    given = {"freshness_hours": "72", "metric_prefix": "Tidings"}

    client.post(path, given | {"metrics": ["order_shipped", KEY]})
    assert Connection.objects.get().enabled_metrics == ["order_shipped", KEY]
    client.post(path, given | {"metrics": ["order_shipped"]})
    assert Connection.objects.get().enabled_metrics == ["order_shipped"]
    assert AuditEntry.objects.order_by("-pk")[0].details == ["off: Gift wrapped"]
