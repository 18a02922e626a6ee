"""Samples and schemas: what is shown and promised of a metric is what is sent."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from integrations import samples
from integrations.catalog import catalog
from integrations.models import Merchant
from tests.integrations.test_catalog import metric
from tests.support.schemas import objections

MERCHANT = Merchant(name="Alba", metric_prefix="Malomo", currency="EUR")


@pytest.mark.parametrize("key", catalog.metrics)
def test_every_sample_is_as_its_schema_says(key: str) -> None:
    declared = catalog.metrics[key]
    shown = samples.sample(declared, MERCHANT)

    assert list(objections(key, shown.properties)) == []
    assert shown.metric_name == declared.name_for(MERCHANT)
    assert shown.properties.keys() | {name for name, value in declared.examples.items() if value is None} == {
        each.name for each in declared.properties
    }
    assert json.loads(shown.as_json())["properties"] == shown.properties


def test_a_schema_tells_what_is_promised_and_stays_open() -> None:
    schema = samples.schema(catalog.metrics["order_shipped"])

    assert schema["required"] == ["OrderId", "Status", "StatusAt"]
    assert schema["properties"]["Status"]["enum"] == ["shipped"]
    assert schema["properties"]["StatusAt"]["format"] == "date-time"
    missing, wrong = {"OrderId": "1", "Status": "shipped"}, {"StatusAt": "soon", "OrderId": 1, "Status": "lost"}
    assert len(list(objections("order_shipped", missing))) == 1
    assert len(list(objections("order_shipped", wrong))) == 3
    good = {"OrderId": "1", "Status": "shipped", "StatusAt": "2026-11-20T10:00:00Z"}
    assert list(objections("order_shipped", good | {"MoreThanBefore": [1]})) == []


def test_what_is_in_lists_has_the_types_of_the_example() -> None:
    items = samples.schema(catalog.metrics["shopify_order_created"])["properties"]["Items"]["items"]

    assert (items["properties"]["Quantity"]["type"], items["properties"]["ItemPrice"]["type"]) == ("integer", "number")


def test_money_is_in_the_merchants_currency() -> None:
    shown = samples.sample(metric(value_example=Decimal("12.50")), MERCHANT)

    assert (shown.value, shown.value_currency) == (Decimal("12.50"), "EUR")
    assert (json.loads(shown.as_json())["value"], json.loads(shown.as_json())["value_currency"]) == (12.5, "EUR")
