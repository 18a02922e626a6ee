"""Sign-ups and opt-outs by the API: what is kept, what is lined up, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from integrations.models import ConsentRecord, Customer, Delivery, Merchant, ProfileChange
from tests.support import rest as world
from tests.support.rest import AT, Rest

pytestmark = pytest.mark.django_db
TEXT = "Yes, send me offers."
SIGN_UP: dict[str, Any] = {
    "customer": {"email": "ada@example.com", "phone": "030 901820", "country": "DE"},
    "channels": ["sms", "email"],
    "marketing": True,
    "text": TEXT,
    "text_version": "2026-11",
    "source": "Checkout",
    "origin": "https://alba.example/checkout",
    "occurred_at": "2026-11-20T10:00:00Z",
}
OPT_OUT: dict[str, Any] = {
    "customer": {"email": "ada@example.com"},
    "channels": ["email"],
    "occurred_at": "2026-11-20T11:00:00Z",
}


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def changes() -> list[tuple[str, list[str], str, str]]:
    """What was lined up: (kind, channels, e-mail, phone)."""
    told = ProfileChange.objects.order_by("pk").values_list("kind", "channels", "email", "phone")
    return [tuple(each) for each in told]


def test_a_ticked_box_is_kept_as_a_record_and_subscribes(api: Rest) -> None:
    answer = api.post("subscriptions", SIGN_UP)

    kept = ConsentRecord.objects.get()
    assert answer.status_code == 200
    assert answer.json() == {
        "customer_id": str(Customer.objects.get().pk),
        "consent_id": str(kept.pk),
        "subscribed": ["email", "sms"],
        "opted_out": [],
    }
    assert (kept.channels, kept.email, kept.phone) == (["email", "sms"], "ada@example.com", "+4930901820")
    assert (kept.text, kept.version, kept.source) == (TEXT, "2026-11", "Checkout")
    assert (kept.origin, kept.given_at) == ("https://alba.example/checkout", AT - timedelta(hours=5))
    assert changes() == [("subscribe", ["email", "sms"], "ada@example.com", "+4930901820")]
    assert Delivery.objects.get().change == ProfileChange.objects.get(consent=kept, source="Checkout")


def test_a_box_that_was_not_ticked_leaves_no_consent_and_nothing_is_sent(api: Rest) -> None:
    answer = api.post("subscriptions", SIGN_UP | {"marketing": False})
    customer = Customer.objects.get()
    told = api.get(f"customers/{customer.pk}").json()

    assert (answer.json()["consent_id"], answer.json()["subscribed"]) == (None, [])
    assert (told["consent"], told["updates"].keys()) == ({}, {"email", "sms"})
    assert (ConsentRecord.objects.count(), Delivery.objects.count()) == (0, 0)


def test_an_opt_out_unsubscribes_and_an_older_consent_does_not_undo_it(api: Rest) -> None:
    opted_out = api.post("opt-outs", OPT_OUT)
    answer = api.post("subscriptions", SIGN_UP)

    assert opted_out.json()["notes"] == [f"email consent of customer {Customer.objects.get().pk} is unsubscribed"]
    assert (answer.json()["subscribed"], answer.json()["opted_out"]) == (["sms"], ["email"])
    assert changes() == [
        ("unsubscribe", ["email"], "ada@example.com", ""),
        ("subscribe", ["sms"], "ada@example.com", "+4930901820"),
    ]


def test_an_opt_out_that_is_older_than_the_consent_changes_nothing(api: Rest) -> None:
    api.post("subscriptions", SIGN_UP)
    answer = api.post("opt-outs", OPT_OUT | {"occurred_at": "2026-11-20T09:00:00Z"})

    assert answer.json()["notes"] == ["email consent on file is as new: nothing changed"]
    assert [kind for kind, *_ in changes()] == ["subscribe"]


def test_a_sign_up_that_is_sent_twice_with_its_key_is_one(api: Rest) -> None:
    first = api.post("subscriptions", SIGN_UP, Idempotency_Key="a")
    again = api.post("subscriptions", SIGN_UP, Idempotency_Key="a")

    assert first.json() == again.json()
    assert ConsentRecord.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"text": " "}, "/text"),
        ({"channels": []}, "/channels"),
        ({"channels": ["fax"]}, "/channels/0"),
        ({"customer": {"email": "ada@example.com"}}, "/customer/phone"),
        ({"customer": {"phone": "+4930901820"}}, "/customer/email"),
        ({"customer": {"email": "ada@example.com", "phone": "123"}}, "/customer/phone"),
        ({"marketing": "yes"}, "/marketing"),
        ({"occurred_at": (timezone.now() + timedelta(hours=1)).isoformat()}, "/occurred_at"),
        ({"source": ""}, "/source"),
    ],
)
def test_a_sign_up_that_cannot_be_is_refused_and_leaves_nothing(
    api: Rest, change: dict[str, Any], pointer: str
) -> None:
    answer = api.post("subscriptions", SIGN_UP | change)

    assert (answer.status_code, [each["pointer"] for each in answer.json()["errors"]]) == (422, [pointer])
    assert not Customer.objects.exists()


def test_an_opt_out_of_nobody_is_refused(api: Rest) -> None:
    answer = api.post("opt-outs", OPT_OUT | {"customer": {"external_id": "unknown"}})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/customer")


def test_a_sign_up_at_one_merchant_is_nothing_to_another(api: Rest) -> None:
    other = world.rest(world.merchant("Bora"))
    other.post("opt-outs", OPT_OUT)
    answer = api.post("subscriptions", SIGN_UP)

    assert answer.json()["subscribed"] == ["email", "sms"]
    assert ConsentRecord.objects.get().merchant.name == "Alba"
