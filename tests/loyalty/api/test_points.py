"""Points by hand and for rewards by the API: each is done once, and never more is spent than there is."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Event, Merchant
from integrations.people import PersonInput
from loyalty.models import LedgerEntry
from tests.loyalty.telling import ann, balance, order, redeem
from tests.support.rest import Rest
from tests.tracking.telling import ANN

pytestmark = pytest.mark.django_db
KINDS: dict[str, dict[str, Any]] = {
    "adjustments": {"points": 50, "reason": "late parcel"},
    "redemptions": {"points": 50, "note": "at the till"},
}


def send(api: Rest, what: str, external_id: str = "X-1", **more: Any) -> Any:
    return api.post(f"members/{ann().pk}/{what}", {"external_id": external_id, **KINDS[what], **more})


@pytest.mark.parametrize("what", KINDS)
def test_it_is_done_once_and_answered_the_same(merchant: Merchant, api: Rest, what: str) -> None:
    first, again, another = send(api, what), send(api, what), send(api, what, "X-2", points=1)

    assert [each.status_code for each in (first, again, another)] == [201, 200, 201]
    assert again.json() == first.json()
    assert first.json() == {
        "id": str(LedgerEntry.objects.order_by("pk")[1].pk),
        "external_id": "X-1",
        "points": 50 if what == "adjustments" else -50,
        "balance_after": 130 if what == "adjustments" else 30,
        "source": "manual" if what == "adjustments" else "reward_redemption",
        "note": "late parcel" if what == "adjustments" else "at the till",
        "actor": LedgerEntry.objects.order_by("pk")[1].actor,
        "order_external_id": "",
        "order_number": "",
        "effective_at": first.json()["recorded_at"],
        "recorded_at": first.json()["recorded_at"],
    }
    assert "“warehouse”" in first.json()["actor"]
    assert Event.objects.filter(metric__in=["points_added", "points_subtracted"]).count() == 3


@pytest.mark.parametrize("what", KINDS)
@pytest.mark.parametrize("change", [{"points": 49}, {"note": "other"}], ids=["points", "words"])
def test_something_else_under_the_same_id_is_a_conflict(
    merchant: Merchant, api: Rest, what: str, change: dict[str, Any]
) -> None:
    change = {"reason": "other"} if what == "adjustments" and "note" in change else change
    send(api, what)
    before = balance(merchant)

    answer = send(api, what, **change)

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert f"{next(iter(change))} was" in answer.json()["detail"]
    assert balance(merchant) == before


def test_the_id_of_another_members_redemption_is_a_conflict(merchant: Merchant, api: Rest) -> None:
    order(merchant, "2", person=PersonInput(email="ben@shopper.example"))
    ids = [each["customer_id"] for each in api.get("members").json()["items"]]
    answers = [api.post(f"members/{key}/redemptions", {"external_id": "X", "points": 5}) for key in ids]

    assert [each.status_code for each in answers] == [201, 409]


@pytest.mark.parametrize("what", KINDS)
def test_more_than_there_is_is_refused_with_the_balance(merchant: Merchant, api: Rest, what: str) -> None:
    answer = send(api, what, points=-81 if what == "adjustments" else 81)

    assert (answer.status_code, answer.json()["code"]) == (409, "not_enough")
    assert answer.json()["detail"] == "There are 80 points to spend, not 81; the balance is 80."
    assert balance(merchant) == 80


def test_who_owes_points_redeems_none(merchant: Merchant, api: Rest) -> None:
    redeem(merchant, 70)
    order(merchant, refunded="80", hours=0.5)

    answer = send(api, "redemptions", points=1)

    assert answer.json()["detail"] == "There are 0 points to spend, not 1; the balance is -70."
    assert api.get(f"members/{ann().pk}").json()["owed"] == 70


def test_an_idempotency_key_repeats_the_first_answer(merchant: Merchant, api: Rest) -> None:
    path, body = f"members/{ann().pk}/redemptions", {"external_id": "X-1", "points": 50}
    answers = [api.post(path, body, Idempotency_Key="once") for _ in range(2)]

    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert balance(merchant) == 30


def test_a_redemption_is_reverted_once(merchant: Merchant, api: Rest) -> None:
    send(api, "redemptions", "till/3 #1".replace("/", "-"))
    path = f"members/{ann().pk}/redemptions/till-3%20%231/revert"
    first, again = api.post(path, {"note": "voided"}), api.post(path)
    unknown = api.post(f"members/{ann().pk}/redemptions/nosuch/revert")

    assert [each.status_code for each in (first, again, unknown)] == [201, 200, 404]
    assert (first.json()["points"], first.json()["source"], first.json()["note"]) == (
        50,
        "reward_redemption_reverted",
        "voided",
    )
    assert again.json() == first.json()
    assert balance(merchant) == 80


WRONG: dict[str, tuple[str, dict[str, Any], str]] = {
    "no points": ("adjustments", {"points": 0}, "/points"),
    "half a point": ("adjustments", {"points": 0.5}, "/points"),
    "points as text": ("redemptions", {"points": "5"}, "/points"),
    "points below 0": ("redemptions", {"points": -5}, "/points"),
    "no reason": ("adjustments", {"reason": " "}, "/reason"),
    "no id": ("redemptions", {"external_id": ""}, "/external_id"),
}


@pytest.mark.parametrize(("what", "change", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_a_client_is_told_what_would_be_right(
    merchant: Merchant, api: Rest, what: str, change: dict[str, Any], pointer: str
) -> None:
    answer = api.post(f"members/{ann().pk}/{what}", {"external_id": "X", **KINDS[what], **change})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert balance(merchant) == 80


def test_the_shopper_is_named_as_everywhere(merchant: Merchant, api: Rest) -> None:
    assert api.get("members", email=ANN.email).json()["items"][0]["customer_id"] == str(ann().pk)
