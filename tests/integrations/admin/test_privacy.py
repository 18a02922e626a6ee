"""Staff erase a shopper, fetch their data, and have a merchant removed: each after a second thought, and written down."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import reverse

from integrations import disclosure, removal
from integrations.audit import Actor
from integrations.models import AuditEntry, Customer, DataRequest, Erasure, Merchant, MerchantRemoval, ProfileChange
from integrations.people import PersonInput

from . import rows


@pytest.fixture
def ada(merchant: Merchant) -> Customer:
    """A shopper with an event."""
    rows.delivery(rows.event(merchant), "sent")
    return Customer.objects.get()


def press(client: Client, row: Any, name: str, **data: Any) -> Any:
    """Press a button on the page of a row."""
    return client.post(
        reverse(f"admin:integrations_{row._meta.model_name}_deed", args=[row.pk, name]), data, follow=True
    )


def test_a_shopper_is_erased_after_a_second_thought(csm: Client, ada: Customer) -> None:
    asked = press(csm, ada, "erase")
    assert b"Leave the profile at Klaviyo alone" in asked.content
    assert not Erasure.objects.exists()

    done = press(csm, ada, "erase", confirmed="yes")

    record = Erasure.objects.get()
    assert b"The shopper is erased. Klaviyo is asked to delete the profile." in done.content
    assert (record.as_staff, record.actor, record.emptied["events"]) == (True, "carla", 1)
    assert not LogEntry.objects.filter(object_repr__contains="ada").exists()
    shown = csm.get(reverse("admin:integrations_erasure_change", args=[record.pk]))
    assert b"events: 1" in shown.content
    assert b"Waiting" in shown.content
    assert b"ada@example.com" not in shown.content


def test_the_profile_is_left_alone_where_staff_say_so(csm: Client, ada: Customer) -> None:
    press(csm, ada, "erase", confirmed="yes", choice="keep")

    assert Erasure.objects.get().is_passed_on is False
    assert not ProfileChange.objects.exists()


def test_no_list_erases_at_one_click(csm: Client, ada: Customer) -> None:
    page = reverse("admin:integrations_customer_changelist")
    csm.post(page, {"action": "erase", "_selected_action": [ada.pk], "confirmed": "yes"})

    assert not Erasure.objects.exists()


def test_the_data_of_a_shopper_is_fetched_once_it_was_asked_for(csm: Client, merchant: Merchant, ada: Customer) -> None:
    disclosure.requested(merchant=merchant, person=PersonInput(email=ada.email), at=rows.AT)
    concern = b"a shopper asked for their data on 2026-11-20"
    page = reverse("admin:integrations_merchant_change", args=[merchant.pk])
    assert concern in csm.get(page).content.replace(b"A shopper", b"a shopper")
    assert str(ada).encode() in csm.get(reverse("admin:integrations_datarequest_changelist")).content

    answer: Any = csm.post(reverse("admin:integrations_customer_data", args=[ada.pk]))

    assert orjson.loads(b"".join(answer.streaming_content))["customer"]["email"] == ada.email
    assert DataRequest.objects.get().answered_by == "carla"
    assert AuditEntry.objects.get().what == "fetched a shopper's data"
    assert b"asked for their data" not in csm.get(page).content


@pytest.mark.parametrize("who", ["nobody", "no csm"])
def test_it_is_a_csms_to_do(who: str, client: Client, ada: Customer, django_user_model: Any) -> None:
    if who == "no csm":
        client.force_login(django_user_model.objects.create_user("clerk", is_staff=True))

    for path, data in (("data", {}), ("do/erase", {"confirmed": "yes"})):
        answer = client.post(f"/admin/integrations/customer/{ada.pk}/{path}/", data)
        assert answer.status_code in (302, 403)
    assert not AuditEntry.objects.exists()


def test_a_merchant_is_removed_after_a_second_thought_and_may_be_kept(csm: Client, merchant: Merchant) -> None:
    press(csm, merchant, "remove")
    assert not MerchantRemoval.objects.exists()

    press(csm, merchant, "remove", confirmed="yes")
    page = csm.get(reverse("admin:integrations_merchant_change", args=[merchant.pk]))
    assert b"All its data is removed on" in page.content
    assert Merchant.objects.get().state == "closing"

    press(csm, merchant, "keep", confirmed="yes")

    assert Merchant.objects.get().state == "active"
    assert MerchantRemoval.objects.get().stopped_by == "carla"
    removal.request(merchant, by=Actor(label="a shop"), at=rows.AT)
    assert csm.get(reverse("admin:integrations_merchantremoval_changelist")).status_code == 200
