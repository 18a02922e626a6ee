"""What pages of shops call: who may, what is refused with a reason, and what is never kept."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.test import Client, RequestFactory

from integrations import doors, inbound, merchants, sources
from integrations.models import (
    Connection,
    Customer,
    CustomerExternalId,
    Event,
    InboundMessage,
    Lane,
    Merchant,
    ShopDomain,
    Suppression,
)
from lifecycle import services
from lifecycle.models import LifecycleRules, Plan
from lifecycle.onsite import calls, identity
from lifecycle.web import calls as endpoint
from tests.support.bodies import BODIES
from tracking.page.visitors import Limit

pytestmark = pytest.mark.django_db
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=5)
ORIGIN = "https://alba.example"
SECRET = "a secret of the shop"
METRICS = ["started_checkout", "completed_signup", "cancelled_account"]
ITEM = {
    "ProductID": "705",
    "SKU": "BOX",
    "ProductName": "Small box",
    "Quantity": 1,
    "ItemPrice": 47.95,
    "RowTotal": 47.95,
}


@pytest.fixture
def merchant() -> Merchant:
    return make_merchant("Alba", "alba.example")


def make_merchant(name: str, domain: str) -> Merchant:
    """A launched merchant with a shop."""
    made = Merchant.objects.create(name=name, timezone="America/New_York")
    ShopDomain.objects.create(merchant=made, domain=domain)
    day = timedelta(days=30)
    connection = Connection.objects.create(
        merchant=made, enabled_metrics=METRICS, launch_at=AT - day, launched_at=AT - day
    )
    Lane.objects.create(merchant=made, connection=connection)
    doors.forget(made)
    return made


def a_call(**more: Any) -> dict[str, Any]:
    """A checkout that was started."""
    return {
        "call": "track",
        "metric": "Started Checkout",
        "consent": True,
        "email": "ann@shopper.example",
        "first_name": "Ann",
        "last_name": "Example",
        "customer_id": "1141260",
        "time": AT.isoformat(),
        "value": 47.95,
        "properties": {"ItemNames": ["Small box"], "Items": [ITEM], "CheckoutURL": "https://alba.example/sign-up"},
    } | more


def post(merchant: Merchant, payload: Any, *, origin: str = ORIGIN, kind: str = "text/plain", **headers: str) -> Any:
    """Call as a page does."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {"Origin": origin, **headers}
    return Client().post(f"/onsite/{merchant.public_id}/", body, content_type=kind, headers=headers)


def work() -> None:
    inbound.handle_due(seconds=20)


def test_a_call_becomes_an_event_once(merchant: Merchant) -> None:
    answers = [post(merchant, a_call()) for _ in range(2)]
    work()

    assert [(each.status_code, each.json()["status"]) for each in answers] == [(202, "accepted"), (200, "duplicate")]
    event = Event.objects.for_merchant(merchant).get()
    assert (event.unique_id, event.occurred_at) == (f"1141260_{int(AT.timestamp())}", AT)
    assert (float(event.value or 0), event.value_currency) == (47.95, "USD")
    assert event.properties["Items"] == [ITEM]
    assert str(event.customer) == "Ann Example"
    assert answers[0].headers["Access-Control-Allow-Origin"] == ORIGIN
    assert not answers[0].cookies


def test_a_sign_up_and_a_cancellation_update_the_plan(merchant: Merchant) -> None:
    signed_up = {"Schedule": "Weekly", "SignUpDate": "2020-05-15 12:35:32", "HasFilledOutProfile": True}
    post(merchant, a_call(metric="Completed Signup", properties=signed_up))
    work()

    plan = Plan.objects.for_merchant(merchant).get()
    assert (plan.status, plan.schedule, plan.has_filled_out_profile) == ("Active", "Weekly", True)
    assert plan.signed_up_at == datetime(2020, 5, 15, 16, 35, 32, tzinfo=UTC)

    post(merchant, a_call(metric="Cancelled Account", properties={}))
    work()

    plan.refresh_from_db()
    assert (plan.status, plan.schedule) == ("Stopped", "Weekly")
    told = Event.objects.for_merchant(merchant).order_by("occurred_at").values_list("unique_id", "properties")
    epoch = int(AT.timestamp())
    assert list(told) == [
        ("signup:1141260:1589560532", {"Completed Signup": True}),
        (f"account_cancel:1141260:{epoch}", {"Cancellation Date": AT.isoformat()}),
    ]


@pytest.mark.parametrize("refusal", ["consent", "Sec-GPC", "DNT"])
def test_of_whom_does_not_want_to_be_tracked_nothing_is_kept(merchant: Merchant, refusal: str) -> None:
    headers = {} if refusal == "consent" else {refusal: "1"}

    answer = post(merchant, a_call(consent=refusal != "consent"), **headers)

    assert (answer.status_code, answer.json()) == (200, endpoint.NOT_KEPT)
    assert not InboundMessage.objects.exists()


@pytest.mark.parametrize(
    "origin", ["", "null", "https://bora.example", "https://alba.example.evil.example", "alba.example"]
)
def test_pages_of_others_are_refused(merchant: Merchant, origin: str) -> None:
    make_merchant("Bora", "bora.example")

    answer = post(merchant, a_call(), origin=origin)

    assert answer.status_code == 403
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert not InboundMessage.objects.exists()


def test_a_browser_asks_before_it_sends_json(merchant: Merchant) -> None:
    headers = {"Origin": "https://www.alba.example", "Access-Control-Request-Method": "POST"}

    answer = Client().options(f"/onsite/{merchant.public_id}/", headers=headers)

    assert (answer.status_code, answer.headers["Access-Control-Allow-Headers"]) == (204, "Content-Type")
    assert answer.headers["Access-Control-Allow-Origin"] == "https://www.alba.example"
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    ("payload", "kind", "status", "said"),
    [
        (b"{", "text/plain", 400, "must be JSON"),
        (b"[]", "text/plain", 400, "must be an object"),
        (a_call(consent="yes"), "text/plain", 400, "consent must be true or false"),
        (a_call(call="forget"), "text/plain", 400, "call must be identify or track"),
        (a_call(metric="Placed Order"), "text/plain", 400, "metric must be one of"),
        (a_call(email="no address"), "text/plain", 400, "email must be"),
        (a_call(customer_id=None), "text/plain", 400, "customer_id must be"),
        (a_call(customer_id="x" * 65), "text/plain", 400, "customer_id must be"),
        (a_call(time="yesterday"), "text/plain", 400, "time must be a date"),
        (a_call(time="2199-01-01T00:00:00Z"), "text/plain", 400, "time must be a date and time that has come"),
        (a_call(value="much"), "text/plain", 400, "value must be an amount"),
        (a_call(currency="euros"), "text/plain", 400, "currency must be three letters"),
        (a_call(first_name="x" * 40_000), "text/plain", 413, "at most 32 KB"),
        (a_call(), "application/xml", 415, "Content-Type must be"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_the_field(
    merchant: Merchant, payload: Any, kind: str, status: int, said: str
) -> None:
    answer = post(merchant, payload, kind=kind)

    assert (answer.status_code, said in answer.json()["error"]) == (status, True), answer.json()
    assert not InboundMessage.objects.exists()


def test_who_has_no_id_in_the_shop_yet_is_identified(merchant: Merchant) -> None:
    """They sent the contact form: a theme writes what it has not as nothing."""
    answer = post(merchant, a_call(call="identify", customer_id="", properties={"SignUpDate": "", "Status": ""}))
    work()

    assert answer.status_code == 202, answer.json()
    assert Customer.objects.get().full_name == "Ann Example"
    assert not CustomerExternalId.objects.exists()


def test_a_shopper_whose_clock_is_ahead_is_identified_now(merchant: Merchant) -> None:
    """An identification bears the time of the shopper's own machine. What a later word says holds all the same."""
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()

    answer = post(merchant, a_call(call="identify", time=ahead, properties={"Status": "Active"}))
    work()

    assert answer.status_code == 202, answer.json()
    plan = Plan.objects.get()
    assert (plan.status, plan.told_at <= datetime.now(UTC)) == ("Active", True)


def test_a_page_that_is_closed_in_the_midst_costs_no_alarm(merchant: Merchant) -> None:
    class Torn(BytesIO):
        def read(self, *args: Any) -> bytes:
            raise OSError("the client went away")

    request = RequestFactory(headers={"Origin": ORIGIN}).post("/", b"{}", content_type="text/plain")
    request.environ["wsgi.input"] = Torn()

    answer = endpoint.call(WSGIRequest(request.environ), merchant.public_id)

    assert answer.status_code == 503
    assert not InboundMessage.objects.exists()


def test_hostile_bodies_are_refused(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "CALLS", Limit("onsite", 10_000, 10_000))

    taken = [body[:80] for body in BODIES if not 400 <= post(merchant, body).status_code < 500]

    assert taken == []
    assert not InboundMessage.objects.exists()


def test_an_unknown_key_and_another_verb_are_refused(merchant: Merchant) -> None:
    assert Client().post("/onsite/m_nobody/", b"{}", content_type="text/plain").status_code == 404
    assert Client().get(f"/onsite/{merchant.public_id}/", headers={"Origin": ORIGIN}).status_code == 405


def test_whoever_calls_too_often_waits(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoint, "CALLS", Limit("onsite", 100, 2))

    answers = [post(merchant, a_call(value=number)) for number in range(3)]

    assert [each.status_code for each in answers] == [202, 202, 429]
    assert answers[2].headers["Retry-After"] == "3600"


# Identities


def keep_secret(merchant: Merchant) -> None:
    merchants.set_source_secret(merchant, "onsite", SECRET, at=AT)


def test_once_there_is_a_secret_nobody_is_named_without_a_signature(merchant: Merchant) -> None:
    keep_secret(merchant)
    mine = identity.sign("ann@shopper.example", "1141260", SECRET)

    answers = {
        "unsigned": post(merchant, a_call()),
        "somebody else's": post(merchant, a_call(email="bob@shopper.example", hmac=mine)),
        "another id": post(merchant, a_call(customer_id="7", hmac=mine)),
        "another secret": post(merchant, a_call(hmac=identity.sign("ann@shopper.example", "1141260", "guessed"))),
        "mine": post(merchant, a_call(email=" Ann@Shopper.example", hmac=mine)),
    }

    assert {name: each.status_code for name, each in answers.items()} == {
        "unsigned": 403,
        "somebody else's": 403,
        "another id": 403,
        "another secret": 403,
        "mine": 202,
    }
    work()
    assert list(CustomerExternalId.objects.values_list("customer__email", "external_id")) == [
        ("ann@shopper.example", "1141260")
    ]


def test_a_merchant_may_take_unsigned_calls_all_the_same(merchant: Merchant) -> None:
    keep_secret(merchant)
    LifecycleRules.objects.create(merchant=merchant, signed_identities_only=False)

    assert post(merchant, a_call()).status_code == 202
    assert post(merchant, a_call(hmac="0" * 64)).status_code == 403


def test_another_merchants_secret_signs_nobody_here(merchant: Merchant) -> None:
    other = make_merchant("Bora", "bora.example")
    keep_secret(merchant)
    merchants.set_source_secret(other, "onsite", "the other's secret", at=AT)

    mine = identity.sign("ann@shopper.example", "1141260", SECRET)

    assert post(other, a_call(hmac=mine), origin="https://bora.example").status_code == 403


def test_the_secret_before_is_good_for_a_day(merchant: Merchant) -> None:
    """Signed anew by the next one it is the same call. Neither signature is kept."""
    keep_secret(merchant)
    mine, newer = (identity.sign("ann@shopper.example", "1141260", each) for each in (SECRET, "a newer secret"))
    merchants.set_source_secret(merchant, "onsite", "a newer secret", at=datetime.now(UTC))

    assert [post(merchant, a_call(hmac=each)).status_code for each in (mine, newer)] == [202, 200]
    assert b"hmac" not in bytes(InboundMessage.objects.get().body)


def test_an_address_that_only_looks_like_anothers_is_none(merchant: Merchant) -> None:
    """The small letter of the Kelvin sign is a k. Whoever the shop has under such an address is not Kate."""
    keep_secret(merchant)
    mallory = "\u212aate@shopper.example"

    answer = post(merchant, a_call(email=mallory, hmac=identity.sign(mallory, "1141260", SECRET)))

    assert (answer.status_code, "email must be" in answer.json()["error"]) == (400, True)


def test_on_a_pages_own_word_nobody_is_renamed_and_no_id_changes_hands(merchant: Merchant) -> None:
    ann = Customer.objects.create(merchant=merchant, email="ann@shopper.example", first_name="Ann", last_name="Known")
    bob = Customer.objects.create(merchant=merchant, email="bob@shopper.example")
    CustomerExternalId.objects.create(merchant=merchant, customer=bob, source="shop", external_id="1141260")

    post(merchant, a_call(first_name="Mallory"))
    work()

    ann.refresh_from_db()
    assert ann.full_name == "Ann Known"
    assert CustomerExternalId.objects.get().customer == bob


@pytest.mark.parametrize("word", ["Dead", "dEAD ", "\u0001Dead"])
def test_on_a_pages_own_word_nobody_is_suppressed(merchant: Merchant, word: str) -> None:
    """Nothing takes anybody out of suppression again: only the shop itself says that somebody is dead."""
    dead = {"properties": {"Status": word, "Schedule": "Weekly"}}
    signed = identity.sign("ann@shopper.example", "1141260", SECRET)

    post(merchant, a_call(call="identify", **dead))
    work()
    assert (Plan.objects.get().status, Plan.objects.get().schedule) == ("", "Weekly")
    assert not Suppression.objects.exists()

    keep_secret(merchant)
    post(merchant, a_call(call="identify", hmac=signed, **dead))
    work()
    assert Suppression.objects.get().reason == Suppression.Reason.DEAD


def test_the_shops_server_calls_the_hook_and_vouches_for_who_it_is(merchant: Merchant) -> None:
    keep_secret(merchant)
    body = json.dumps(a_call()).encode()
    headers = {"X-Tidings-Signature": sources.get("onsite").sign(body, SECRET)["x-tidings-signature"]}
    address = f"/hooks/{merchant.public_id}/onsite/"

    answers = [
        Client().post(address, body, content_type="application/json", headers=headers),
        Client().post(address, body + b" ", content_type="application/json", headers=headers),
    ]
    work()

    assert [each.status_code for each in answers] == [202, 401]
    assert InboundMessage.objects.get().topic == "track.signed"
    assert Event.objects.get().unique_id == f"1141260_{int(AT.timestamp())}"


def test_what_the_shops_server_tells_without_consent_is_not_kept(merchant: Merchant) -> None:
    keep_secret(merchant)
    bodies = [json.dumps(a_call(consent=each)).encode() for each in (False, None)]

    answers = [
        Client().post(
            f"/hooks/{merchant.public_id}/onsite/",
            body,
            content_type="application/json",
            headers={"X-Tidings-Signature": sources.get("onsite").sign(body, SECRET)["x-tidings-signature"]},
        )
        for body in bodies
    ]
    work()

    assert [each.status_code for each in answers] == [202, 400]
    assert "consent must be true or false" in answers[1].json()["error"]
    message = InboundMessage.objects.get()
    assert (message.state, bytes(message.body), message.customer_id) == ("handled", b"", None)
    assert not Customer.objects.exists()


def test_a_message_that_names_nobody_who_could_be_mailed_is_not_kept(merchant: Merchant) -> None:
    call = calls.read(a_call(email="x@y"), tz=UTC, received_at=datetime.now(UTC))

    handled = services.take_call(merchant=merchant, call=call, is_signed=True, at=AT)

    assert (handled.customer_id, handled.forgets_body) == (None, True)
