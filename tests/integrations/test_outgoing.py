"""From claimed deliveries to what a destination is handed: last checks, freshness, names."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext

from integrations.catalog import catalog
from integrations.delivery import outgoing
from integrations.delivery.claim import Claimed
from integrations.destinations import registry
from integrations.destinations.base import Outgoing, Profile
from integrations.models import Connection, Customer, Merchant
from tracking.models import Order

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)


@pytest.fixture
def connection(db: None) -> Connection:
    """With every metric on, and the usual limit of 72 hours."""
    return Connection.objects.create(
        merchant=Merchant.objects.create(name="Alba"), enabled_metrics=list(catalog.metrics)
    )


def claimed(number: int = 1, **more: Any) -> Claimed:
    """A delivery in a worker's hands."""
    given: dict[str, Any] = {
        "id": number,
        "subject": f"order:{number}",
        "attempts": 1,
        "is_ambiguous": False,
        "is_backfill": False,
        "identifier": "ann@shopper.example",
        "first_attempt_at": AT,
        "metric": "order_shipped",
        "metric_name": "Order shipped",
        "unique_id": f"order:{number}:shipped",
        "occurred_at": AT - HOUR,
        "fresh_until": None,
        "value": None,
        "value_currency": "",
        "customer_id": None,
        "first_name": "Ann",
        "last_name": "Shopper",
        "company": "Acme",
        "properties": '{"OrderNumber": "#1"}',
    }
    return Claimed(**{**given, **more})


def prepared(connection: Connection, **more: Any) -> Outgoing:
    """What is sent of one delivery."""
    (item,), refused = outgoing.prepare(connection, [claimed(**more)], destination=registry.get("klaviyo"), at=AT)
    assert refused == {}
    return item


def refused(connection: Connection, **more: Any) -> tuple[str, str, bool]:
    """What becomes of one delivery that is not sent: state, reason, and whether the attempt is given back."""
    ready, verdicts = outgoing.prepare(connection, [claimed(**more)], destination=registry.get("klaviyo"), at=AT)
    assert ready == []
    return verdicts[1].state, verdicts[1].reason, verdicts[1].gives_back


def test_everything_that_was_recorded_is_handed_on_unchanged(connection: Connection) -> None:
    item = prepared(connection, value=Decimal("12.50"), value_currency="EUR")

    assert item == Outgoing(
        delivery_id=1,
        unique_id="order:1:shipped",
        metric_name="Order shipped",
        occurred_at=AT - HOUR,
        properties='{"OrderNumber": "#1"}',
        profile=Profile(
            email="ann@shopper.example",
            phone="",
            first_name="Ann",
            last_name="Shopper",
            organization="Acme",
            properties={},
        ),
        value=Decimal("12.50"),
        value_currency="EUR",
        backfill=False,
        metric="order_shipped",
    )


@pytest.mark.parametrize(
    ("given", "is_backfill"),
    [
        ({"occurred_at": AT - 72 * HOUR}, False),
        ({"occurred_at": AT - 72 * HOUR - SECOND}, True),
        ({"is_backfill": True}, True),
        ({"fresh_until": AT}, False),
        ({"fresh_until": AT - SECOND}, True),
        ({"fresh_until": AT + HOUR, "occurred_at": AT - 73 * HOUR}, True),
        ({"occurred_at": AT + HOUR}, False),
    ],
)
def test_what_is_stale_when_it_is_sent_starts_no_flow(
    connection: Connection, given: dict[str, Any], is_backfill: bool
) -> None:
    assert prepared(connection, **given).backfill is is_backfill


def test_a_merchant_may_set_another_limit(connection: Connection) -> None:
    connection.freshness_hours = 1

    assert prepared(connection, occurred_at=AT - HOUR - SECOND).backfill is True


NAMES = [
    ("processing_order", ("Ann", "Shopper", "Acme"), ("Ann", "Shopper")),
    ("processing_order", ("Ann", "", "Acme"), ("Ann", "")),
    ("processing_order", ("", "Shopper", "Acme"), ("", "Shopper")),
    ("processing_order", ("", "", "Acme"), ("Acme", "")),
    ("processing_order", ("", "", ""), ("ann@shopper.example", "")),
    ("processing_order", (None, None, None), ("ann@shopper.example", "")),
    ("shipment_created", ("Ann", "Shopper", ""), ("Ann", "Shopper")),
    ("shipment_created", ("", "", "Acme"), ("", "")),
]


@pytest.mark.parametrize(("metric", "known", "sent"), NAMES)
def test_full_name_else_company_else_address(
    connection: Connection, metric: str, known: tuple[str | None, ...], sent: tuple[str, str]
) -> None:
    first, last, company = known

    profile = prepared(connection, metric=metric, first_name=first, last_name=last, company=company).profile

    assert (profile.first_name, profile.last_name) == sent


def test_a_phone_is_sent_as_a_phone(connection: Connection) -> None:
    profile = prepared(connection, identifier="+4930901820").profile

    assert (profile.email, profile.phone) == ("", "+4930901820")


def test_the_identifier_is_that_of_the_delivery_and_not_the_customers_present_one(connection: Connection) -> None:
    customer = Customer.objects.create(merchant=connection.merchant, email="ann@new.example")

    assert prepared(connection, customer_id=customer.pk).profile.email == "ann@shopper.example"


REFUSALS = [
    ("nobody", {"identifier": ""}, ("held", "no_identity", True)),
    ("metric turned off", {"metric": "gone"}, ("skipped", "metric_off", True)),
    (
        "long in doubt",
        {"is_ambiguous": True, "first_attempt_at": AT - 72 * HOUR - SECOND},
        ("expired", "uncertain", True),
    ),
]


@pytest.mark.parametrize(("given", "verdict"), [row[1:] for row in REFUSALS], ids=[str(row[0]) for row in REFUSALS])
def test_what_is_not_sent_and_why(
    connection: Connection, given: dict[str, Any], verdict: tuple[str, str, bool]
) -> None:
    assert refused(connection, **given) == verdict


@pytest.mark.parametrize(
    "given",
    [
        {"is_ambiguous": True, "first_attempt_at": AT - 72 * HOUR},
        {"is_ambiguous": False, "first_attempt_at": AT - 100 * HOUR},
    ],
)
def test_doubt_is_repeated_for_three_days_and_certainty_for_ever(connection: Connection, given: dict[str, Any]) -> None:
    assert prepared(connection, **given).delivery_id == 1


def test_a_metric_that_left_the_catalogue_is_skipped_though_it_is_enabled(connection: Connection) -> None:
    connection.enabled_metrics = ["long_gone"]

    assert refused(connection, metric="long_gone")[:2] == ("skipped", "metric_off")


def test_the_profile_is_the_shoppers_present_state_on_backfill_too(connection: Connection) -> None:
    customer = Customer.objects.create(merchant=connection.merchant, email="ann@shopper.example")
    Order.objects.create(
        merchant=connection.merchant,
        external_id="2",
        number="#2",
        customer=customer,
        placed_at=AT,
        source_updated_at=AT,
        recorded_at=AT,
        cancelled_at=AT,
    )

    item = prepared(connection, customer_id=customer.pk, occurred_at=AT - 100 * HOUR)

    assert item.backfill
    assert item.profile.properties == {"LastOrderNumber": "#2", "LastOrderStatus": "cancelled"}


@pytest.mark.parametrize("how_many", [1, 200])
def test_profiles_of_any_number_of_shoppers_cost_one_query_a_reader(connection: Connection, how_many: int) -> None:
    shoppers = Customer.objects.bulk_create(
        Customer(merchant=connection.merchant, email=f"{n}@shopper.example") for n in range(how_many)
    )
    rows = [claimed(number, customer_id=shopper.pk) for number, shopper in enumerate(shoppers)]

    with CaptureQueriesContext(database) as queries:
        outgoing.prepare(connection, rows, destination=registry.get("klaviyo"), at=AT)

    assert len(queries) == 1
