"""Returns: found by what people know, and entered by a person where no source tells of one."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.models import AuditEntry, Connection, Event, Merchant
from returns.inputs import ItemInput, ReturnInput
from returns.models import Return, ReturnItem
from returns.services import ingest_return

from . import rows
from .test_orders import order

LIST = "/admin/returns/return/"


def send_back(of: Merchant, external_id: str, order_id: str) -> Return:
    items = (ItemInput("i1", "1", quantity=1),)
    told = ReturnInput(external_id, rows.AT, rows.AT, order_external_id=order_id, items=items)
    ingest_return(merchant=of, told=told, at=rows.AT)
    return Return.objects.get(external_id=external_id)


def enter(client: Client, merchant: Merchant, number: str = "#1001", **values: Any) -> Any:
    """Send the form."""
    address = f"{LIST}add/?merchant={merchant.pk}&order={number.replace('#', '%23')}"
    return client.post(address, {"external_id": "R1", "quantity_0": "1", **values}, follow=True)


@pytest.mark.parametrize("term", ["#1001", "1001", "ada@example.com", "R1"])
def test_found_by_id_order_and_shopper(csm: Client, merchant: Merchant, term: str) -> None:
    for number, email, key in (("#1001", "ada@example.com", "R1"), ("#1002", "ben@example.com", "R2")):
        order(merchant, number, email, f"1Z{key}")
        send_back(merchant, key, number)

    found = csm.get(LIST, {"q": term}).context["cl"].result_list

    assert [each.external_id for each in found] == ["R1"]


def test_a_return_that_waits_says_what_for(csm: Client, merchant: Merchant) -> None:
    waiting = send_back(merchant, "R1", "#1001")

    pages = [csm.get(LIST), csm.get(reverse("admin:returns_return_change", args=[waiting.pk]))]

    assert ["its order #1001" in each.content.decode() for each in pages] == [True, True]


def test_the_page_of_a_return_shows_its_items(csm: Client, merchant: Merchant) -> None:
    order(merchant, "#1001", "ada@example.com", "1Z999")
    row = send_back(merchant, "R1", "#1001")

    page = csm.get(reverse("admin:returns_return_change", args=[row.pk])).content.decode()

    assert ("Canvas tent" in page, "ada@example.com" in page) == (True, True)


def test_the_list_costs_the_same_however_long_it_is(csm: Client, merchant: Merchant) -> None:
    counts = []
    for number in range(2):
        for each in range(10):
            order(merchant, f"#{number}{each}", f"a{number}{each}@example.com", f"1Z{number}{each}")
            send_back(merchant, f"R{number}{each}", f"#{number}{each}")
        csm.get(LIST)
        with CaptureQueriesContext(connection) as queries:
            csm.get(LIST)
        counts.append(len(queries))

    assert counts[0] == counts[1]


def test_a_person_enters_a_return_of_a_known_order(csm: Client, merchant: Merchant) -> None:
    Connection.objects.update(enabled_metrics=["return_created", "return_created_item"])
    order(merchant, "#1001", "ada@example.com", "1Z999")

    form = csm.get(f"{LIST}add/?merchant={merchant.pk}&order=1001").content.decode()
    enter(csm, merchant, created_at="2026-11-19 10:00", coverage="covered", delivery="none", type_0="refund")

    assert "Canvas tent" in form
    row, item = Return.objects.get(), ReturnItem.objects.get()
    assert (row.external_id, row.coverage, row.delivery, row.order_number) == ("R1", "covered", "none", "#1001")
    assert row.created_at.isoformat() == "2026-11-19T10:00:00+00:00"
    assert (item.external_id, item.quantity, item.type, item.product_name) == ("1", 1, "refund", "Canvas tent")
    assert sorted(Event.objects.values_list("unique_id", flat=True)) == ["return:R1", "return:R1:item:1"]
    assert AuditEntry.objects.get().what == "entered a return"


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({"quantity_0": "0"}, "at least one line"),
        ({"quantity_0": "3"}, "less than or equal to 2"),
        ({"external_id": "a/b"}, "Enter a valid value"),
        ({"external_id": ""}, "required"),
        ({"created_at": "soon"}, "Enter a valid date/time"),
        ({"type_0": "cash"}, "Select a valid choice"),
    ],
)
def test_what_is_wrong_is_said_and_changes_nothing(
    csm: Client, merchant: Merchant, values: dict[str, str], complaint: str
) -> None:
    order(merchant, "#1001", "ada@example.com", "1Z999")

    page = enter(csm, merchant, **values).content.decode()

    assert (complaint in page, Return.objects.count()) == (True, 0)


def test_the_id_of_another_orders_return_is_refused(csm: Client, merchant: Merchant) -> None:
    for number in ("#1001", "#1002"):
        order(merchant, number, f"{number[1:]}@example.com", f"1Z{number[1:]}")
    send_back(merchant, "R1", "#1002")

    assert "is of the order #1002" in enter(csm, merchant).content.decode()


def test_an_order_that_is_not_known_is_said(csm: Client, merchant: Merchant) -> None:
    page = csm.get(f"{LIST}add/?merchant={merchant.pk}&order=9").content.decode()

    assert "no order with that number" in page
