"""What tells of the API: its description is current, and its page needs nothing from elsewhere."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from django.conf import settings
from django.core.management import call_command
from django.test import Client
from playwright.sync_api import Browser
from pytest_django.live_server_helper import LiveServer

from integrations import tokens
from integrations.api import problems, reference
from integrations.catalog import catalog
from integrations.models import Connection
from tests.support import rest as world
from tests.support.browsing import DESKTOP, Watched, browser

from .addresses import ALL

__all__ = ["browser"]

DOCS = Path(settings.BASE_DIR) / "docs"


def test_the_description_is_current_and_without_a_doubt(tmp_path: Path) -> None:
    made = tmp_path / "openapi.json"
    call_command("spectacular", "--validate", "--fail-on-warn", "--format", "openapi-json", "--file", str(made))

    assert made.read_text() == (DOCS / "openapi.json").read_text(), "run `make openapi`"
    assert orjson.loads(made.read_bytes()) == orjson.loads(reference.description())


def test_every_operation_is_described_with_its_scope_an_example_and_every_refusal() -> None:
    described = orjson.loads(reference.description())
    said = {
        operation["operationId"]: operation for methods in described["paths"].values() for operation in methods.values()
    }

    assert described["openapi"].startswith("3.1")
    assert said.keys() == {address.operation.id for address in ALL}
    for address in ALL:
        told = said[address.operation.id]
        success = told["responses"][str(address.operation.status)]["content"]
        assert f"`{address.operation.scope}`" in told["description"]
        assert all(each.get("examples") for each in [success[address.operation.media_types[0]]])
        assert {"400", "401", "403", "404", "405", "406", "429", "500", "503"} <= told["responses"].keys()


def test_the_page_of_conventions_lists_every_code_and_scope() -> None:
    text = (DOCS / "api.md").read_text()

    assert [code for code in problems.KINDS if f"`{code}`" not in text] == []
    assert [scope for scope, words in tokens.SCOPES.items() if f"| `{scope}` | {words} |" not in text] == []


def test_the_metrics_are_the_catalogues_under_the_merchants_names(db: None) -> None:
    merchant = world.merchant()
    merchant.metric_prefix = "Parcelbird"
    merchant.save()
    Connection.objects.update(enabled_metrics=["shipment_created"])

    told = world.rest(merchant).get("metrics").json()["items"]

    assert [each["key"] for each in told] == sorted(catalog.metrics, key=lambda key: catalog.metrics[key].number)
    assert [each["key"] for each in told if each["is_on"]] == ["shipment_created"]
    assert any(each["name"].startswith("Parcelbird: ") for each in told)


def test_the_description_is_served(db: None) -> None:
    answer = Client().get("/api/openapi.json")

    assert (answer.status_code, answer.json()["info"]["title"]) == (200, "Tidings")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_the_page_shows_every_operation_and_loads_nothing_from_elsewhere(
    browser: Browser, live_server: LiveServer
) -> None:
    watched = Watched(browser.new_page(viewport=DESKTOP), live_server.url)
    watched.open("/api/docs/")
    page = watched.page
    page.wait_for_selector(".opblock")

    assert page.locator(".opblock").count() == len(ALL)
    page.locator(".opblock-summary").first.click()
    page.wait_for_selector(".opblock-body")
    assert watched.faults == []
