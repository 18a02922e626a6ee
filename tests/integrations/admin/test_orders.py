"""Orders, parcels, scans and issues: found by what people know, and never changed."""

from __future__ import annotations

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from tracking import services
from tracking.inputs import WishInput
from tracking.models import Issue, Order, OrderLine, Scan, Shipment

from . import rows


def order(of: Merchant, number: str, email: str, tracking_number: str) -> Order:
    """An order with one line and one scanned parcel that has an issue."""
    made = Order.objects.create(
        merchant=of,
        external_id=number,
        number=number,
        customer=Customer.objects.create(merchant=of, email=email),
        placed_at=rows.AT,
        source_updated_at=rows.AT,
        recorded_at=rows.AT,
    )
    OrderLine.objects.create(
        merchant=of, order=made, external_id="1", product_name="Canvas tent", quantity=1, ordered=2
    )
    shipment = Shipment.objects.create(
        merchant=of,
        order=made,
        external_id=f"s{number}",
        fulfillment_id=f"f{number}",
        tracking_number=tracking_number,
        status="in_transit",
        status_at=rows.AT,
        shipped_at=rows.AT,
        source_updated_at=rows.AT,
        recorded_at=rows.AT,
    )
    Scan.objects.create(
        merchant=of,
        shipment=shipment,
        fingerprint="f",
        status="in_transit",
        message="Left the depot",
        occurred_at=rows.AT,
        recorded_at=rows.AT,
    )
    Issue.objects.create(
        merchant=of,
        problem="ShipmentDeliveryAttempted",
        order=made,
        shipment=shipment,
        occurred_at=rows.AT,
        recorded_at=rows.AT,
    )
    return made


@pytest.mark.parametrize("term", ["#1001", "1001", "ada@example.com", "1z999"])
@pytest.mark.parametrize("name", ["order", "shipment", "scan", "issue"])
def test_found_by_order_shopper_and_parcel(csm: Client, merchant: Merchant, name: str, term: str) -> None:
    order(merchant, "#1001", "ada@example.com", "1Z999")
    order(merchant, "#1002", "ben@example.com", "1Z000")
    answer = csm.get(f"/admin/tracking/{name}/", {"q": term})

    assert len(answer.context["cl"].result_list) == 1


def test_order_page_shows_lines_and_parcels(csm: Client, merchant: Merchant) -> None:
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    page = csm.get(reverse("admin:tracking_order_change", args=[made.pk])).content.decode()

    assert ("Canvas tent" in page, "1Z999" in page) == (True, True)


def test_order_page_leads_to_the_shoppers_page_and_to_where_it_is_taken_back(csm: Client, merchant: Merchant) -> None:
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    path, shown = reverse("admin:tracking_order_change", args=[made.pk]), []
    for token in (None, "secret-token", ""):
        Order.objects.update(page_token=token)
        shown.append(csm.get(path).content.decode())
    settings = f"/m/{merchant.public_id}/tracking-page/?order=%231001"

    assert ["/t/secret-token/" in page for page in shown] == [False, True, False]
    assert [f'href="{settings}"' in page for page in shown] == [True, True, True]
    assert "/t/" not in csm.get(settings).content.decode()


def test_wishes_are_found_by_shopper(csm: Client, merchant: Merchant) -> None:
    for email in ("ada@example.com", "ben@example.com"):
        with transaction.atomic():
            services.add_wish(
                merchant=merchant,
                person=PersonInput(email=email),
                wish=WishInput("Canvas tent"),
                added_at=rows.AT,
                at=rows.AT,
            )
    found = csm.get("/admin/tracking/wishlistitem/", {"q": "ada@example.com"}).context["cl"].result_list
    mine = csm.get("/admin/tracking/wishlistitem/", {"merchant__id__exact": merchant.pk}).context["cl"].result_list

    assert ([each.customer.email for each in found], len(mine)) == (["ada@example.com"], 2)
    page = csm.get(reverse("admin:tracking_wishlistitem_change", args=[found[0].pk])).content.decode()
    assert ("Canvas tent" in page, "ada@example.com" in page) == (True, True)


def test_parcel_page_shows_its_scans(csm: Client, merchant: Merchant) -> None:
    made = order(merchant, "#1001", "ada@example.com", "1Z999")
    page = csm.get(reverse("admin:tracking_shipment_change", args=[made.shipments.get().pk])).content.decode()

    assert "Left the depot" in page


def test_merchant_s_lists_hold_its_own_rows_only(csm: Client, merchant: Merchant) -> None:
    mine = order(merchant, "#1001", "ada@example.com", "1Z999")
    order(rows.merchant("Other"), "#1002", "ben@example.com", "1Z000")
    answer = csm.get("/admin/tracking/shipment/", {"merchant__id__exact": merchant.pk})

    assert [each.order_id for each in answer.context["cl"].result_list] == [mine.pk]
