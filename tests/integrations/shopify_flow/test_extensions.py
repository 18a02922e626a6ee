"""The extensions of a shop's app: TOML as Shopify's CLI takes it, with just the fields that payloads and runs have."""

from __future__ import annotations

import json
import re
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from pytest_django import Settings

from integrations import onboarding, workflow_actions
from integrations.catalog import catalog
from integrations.destinations.base import Profile
from integrations.destinations.shopify_flow import extensions, payloads
from integrations.models import Merchant
from loyalty import flow_actions
from tests.integrations.klaviyo.examples import parcel

ANN = Profile(email="ann@shopper.example", phone="+4930901820", external_id="4711")
MERCHANT = Merchant(name="Alba", metric_prefix="Malomo's", currency="EUR")
TYPES: dict[str, Any] = {"single_line_text_field": str, "number_decimal": int | float, "boolean": bool}


def read(text: str) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The extension of a file, and its fields by what Flow calls them."""
    document = tomllib.loads(text)
    (head,) = document["extensions"]
    fields = document["settings"]["fields"]
    keys = ["customer_id" if each["type"] == "customer_reference" else each["key"] for each in fields]
    assert len(set(keys)) == len(keys)
    return head, dict(zip(keys, fields, strict=True))


@pytest.mark.parametrize("key", catalog.metrics)
def test_every_trigger_declares_what_its_payload_has(key: str) -> None:
    metric = catalog.metrics[key]
    examples = {each.name: each.example for each in metric.properties}
    amount = {"value": metric.value_example, "value_currency": "EUR" if metric.value_example is not None else ""}
    item = parcel(profile=ANN, metric=key, properties=json.dumps(examples, default=str), **amount)
    made = payloads.payload(item)
    head, fields = read(extensions.trigger(metric, MERCHANT))

    assert head["type"] == "flow_trigger"
    assert head["handle"] == json.loads(payloads.request(item))["variables"]["handle"]
    assert re.fullmatch(r"[\w\s]+", head["name"])
    assert head["description"]
    assert fields.keys() == {*made, "LeftOut"}
    assert all(re.fullmatch("[A-Za-z]+|customer_id", each) for each in fields)
    shapes = {name: TYPES[field["type"]] for name, field in fields.items() if name in made and "key" in field}
    assert [name for name, shape in shapes.items() if not isinstance(made[name], shape)] == []


def test_a_trigger_of_a_metric_with_an_amount() -> None:
    head, fields = read(extensions.trigger(catalog.metrics["shipment_created"], MERCHANT))
    _, amount = read(extensions.trigger(catalog.metrics["return_created"], MERCHANT))

    assert head["name"] == "Malomos ShipmentCreated"
    assert fields["Items"]["type"] == "single_line_text_field"
    assert "Value" not in fields
    assert (amount["Value"]["type"], amount["ValueCurrency"]["type"]) == ("number_decimal", "single_line_text_field")


def test_every_action_has_the_fields_that_its_runs_are_read_by() -> None:
    given = {"customer_id": 4711, "points": 50, "note": "Thanks", "reward_id": "7"}
    runs = {}
    for declared in workflow_actions.declared():
        head, fields = read(extensions.action(declared, "https://tidings.example/hooks/m_1/x/"))
        body = {"action_run_id": "1", "handle": head["handle"], "shopify_domain": "alba.myshopify.com"}
        needed = {name for name, field in fields.items() if field["required"]}
        runs[head["handle"]] = flow_actions.parse_run(body | {"properties": {name: given[name] for name in needed}})
        assert (head["type"], head["runtime_url"]) == ("flow_action", "https://tidings.example/hooks/m_1/x/")
        assert fields.keys() - given.keys() == set()
        assert all("name" in field for name, field in fields.items() if name != "customer_id")

    assert runs.keys() == set(flow_actions.HANDLES)
    assert (runs["add-points"].points, runs["grant-reward"].reward, runs["add-points"].note) == (50, "7", "")


@pytest.fixture
def merchant(db: None, settings: Settings) -> Merchant:
    settings.PUBLIC_BASE_URL = "https://tidings.example"
    return Merchant.objects.create(name='Al"ba', metric_prefix='A\\"lba')


def test_the_command_writes_a_folder_for_each(merchant: Merchant, tmp_path: Path) -> None:
    folder = tmp_path / "extensions"
    call_command("shopify_flow_extensions", merchant=merchant.public_id, directory=folder)
    files = sorted(folder.glob("*/shopify.extension.toml"))
    handles = {read(each.read_text())[0]["handle"]: each.parent.name for each in files}
    head, _ = read((folder / "add-points" / extensions.FILE).read_text())

    assert handles == {name: name for name in handles}
    assert handles.keys() == {*map(payloads.handle, catalog.metrics), *flow_actions.HANDLES}
    assert head["runtime_url"] == onboarding.hook_address(merchant, "shopify_flow_actions")


def test_what_shopifys_cli_wrote_into_a_file_is_kept(merchant: Merchant, tmp_path: Path) -> None:
    path = tmp_path / "add-points" / extensions.FILE
    path.parent.mkdir()
    path.write_text('[[extensions]]\nname = "Old"\ntype = "flow_action"\nuid = "0190-a"\n')
    call_command("shopify_flow_extensions", merchant=merchant.public_id, directory=tmp_path)
    head, _ = read(path.read_text())

    assert (head["uid"], head["name"]) == ("0190-a", "Add points")


@pytest.mark.parametrize("spoilt", ["[[extensions", "extensions = 1", 'extensions = ["x"]'])
def test_a_file_that_cannot_be_read_is_named_and_left(merchant: Merchant, tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / payloads.handle("order_shipped") / extensions.FILE
    path.parent.mkdir()
    path.write_text(spoilt)

    with pytest.raises(CommandError, match=re.escape(str(path))):
        call_command("shopify_flow_extensions", merchant=merchant.public_id, directory=tmp_path)
    assert path.read_text() == spoilt


def test_runs_of_actions_go_nowhere_but_over_tls(merchant: Merchant, tmp_path: Path, settings: Settings) -> None:
    settings.PUBLIC_BASE_URL = "http://127.0.0.1:8000"

    with pytest.raises(CommandError, match="PUBLIC_BASE_URL"):
        call_command("shopify_flow_extensions", merchant=merchant.public_id, directory=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_amounts_have_an_example_where_they_are_sent() -> None:
    """By it a trigger declares `Value`."""
    amounts = {key for key, metric in catalog.metrics.items() if metric.value_example is not None}

    assert amounts >= {"return_created", "return_created_item"}
    assert all(isinstance(catalog.metrics[key].value_example, Decimal) for key in amounts)
