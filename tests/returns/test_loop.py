"""Loop's webhooks: signed, and read whatever types they have."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from integrations.people import PersonInput
from integrations.sources import BadSignature, Malformed
from returns.loop import DELIVERIES, OUTCOMES, Loop, parse_return
from tests.support.messages import load
from tests.support.signing import accepts

RECEIVED_AT = datetime(2026, 11, 24, 8, tzinfo=UTC)
CREATED_AT = datetime(2026, 11, 20, 16, 7, 31, tzinfo=UTC)
EDITED_AT = "2026-11-22T09:00:00+00:00"
BODY = b'{"order_name":"#5\\/7 \\u0026 caf\xc3\xa9"}'


def read(**changes: Any) -> Any:
    """The fixture's return with some fields changed, as it is read."""
    return parse_return(load("loop/return_created") | changes, RECEIVED_AT)


def test_a_return_is_read_whole() -> None:
    told = read()

    assert (told.external_id, told.order_external_id, told.order_number) == ("18200451", "820982911946154508", "#1001")
    assert (told.created_at, told.updated_at, told.is_open) == (CREATED_AT, CREATED_AT, True)
    assert told.person == PersonInput(email="ann@shopper.example", first_name="Ann", last_name="Shopper")
    assert (told.delivery, told.new_order_number, told.coverage) == ("label", "#1044", "")
    assert (told.currency, told.value) == ("USD", Decimal("126.56"))
    assert told.expires_at == CREATED_AT + timedelta(days=28)
    assert dict(told.reached) == {"approved": CREATED_AT}
    jumper, socks = told.items
    assert (jumper.external_id, jumper.line_external_id, jumper.quantity) == ("7001", "466157049", 1)
    assert (jumper.type, jumper.sku, jumper.product_name, jumper.value) == (
        "exchange",
        "WJ-BL-L",
        "Wool jumper",
        Decimal("94.87"),
    )
    assert (jumper.new_sku, jumper.new_product_name) == ("WJ-BL-M", "Wool jumper")
    assert (socks.external_id, socks.line_external_id, socks.type, socks.sku) == ("7002", "518995019", "refund", "")
    assert (socks.value, socks.new_sku) == (Decimal("31.69"), "")


@pytest.mark.parametrize(
    ("changes", "reached"),
    [
        ({"state": "review"}, {}),
        ({"state": "needs review"}, {}),
        ({"state": "a new word"}, {}),
        ({"state": "expired", "edited_at": EDITED_AT}, {"approved": CREATED_AT, "expired": "edited"}),
        ({"state": "cancelled"}, {"approved": CREATED_AT, "cancelled": "received"}),
        ({"state": "closed", "refund": "0.00"}, {"approved": CREATED_AT, "closed": "received"}),
        ({"state": "Closed"}, {"approved": CREATED_AT, "closed": "received", "refunded": "received"}),
        ({"label_status": "pre_transit"}, {"approved": CREATED_AT}),
        (
            {"label_status": "in_transit", "label_updated_at": EDITED_AT},
            {"approved": CREATED_AT, "in_transit": "edited"},
        ),
        (
            {"label_status": "delivered"},
            {"approved": CREATED_AT, "in_transit": "received", "received": "received"},
        ),
    ],
)
def test_what_a_state_says(changes: dict[str, Any], reached: dict[str, Any]) -> None:
    instants = {"edited": datetime.fromisoformat(EDITED_AT), "received": RECEIVED_AT}

    assert dict(read(**changes).reached) == {name: instants.get(when, when) for name, when in reached.items()}


@pytest.mark.parametrize(("word", "meaning"), OUTCOMES.items())
def test_every_outcome(word: str, meaning: str) -> None:
    line = load("loop/return_created")["line_items"][0] | {"outcome": word.upper()}

    assert [each.type for each in read(line_items=[line]).items] == [meaning]


def test_a_word_that_is_not_known_stays_unknown() -> None:
    line = load("loop/return_created")["line_items"][0] | {"outcome": "teleport", "tax": "x", "discount": None}
    [item] = read(line_items=[line, "x", None]).items

    assert (item.type, item.value, item.new_sku) == ("", Decimal("89.50"), "")


@pytest.mark.parametrize(("word", "meaning"), DELIVERIES.items())
def test_every_way_of_sending(word: str, meaning: str) -> None:
    assert read(return_method=word).delivery == meaning


def test_without_a_label_the_way_is_not_known_and_nothing_expires() -> None:
    told = read(labels=[], tracking_number="N/A")

    assert (told.delivery, told.expires_at) == ("", None)


def test_of_several_exchanges_it_is_not_guessed_which_is_for_which() -> None:
    payload = load("loop/return_created")
    lines = [each | {"outcome": "exchange"} for each in payload["line_items"]]

    assert [each.new_sku for each in read(line_items=lines, exchanges=payload["exchanges"] * 2).items] == ["", ""]
    assert [each.new_sku for each in read(exchanges=payload["exchanges"] * 2).items] == ["", ""]


@pytest.mark.parametrize("value", [None, "", "N/A", [], {}, "x" * 300, -1, True])
def test_a_field_without_which_it_can_do_is_read_whatever_is_in_it(value: Any) -> None:
    vital = {"id", "line_items"}
    for name in load("loop/return_created").keys() - vital:
        assert read(**{name: value}).external_id == "18200451"


@pytest.mark.parametrize("value", [None, "", [], True])
def test_a_return_without_an_id_is_malformed(value: Any) -> None:
    with pytest.raises(Malformed, match="id must be text"):
        read(id=value)


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ({"topic": "return", "trigger": "return.created"}, "return.created"),
        ({"topic": "return", "trigger": "created"}, "return.created"),
        ({"topic": "return"}, "return"),
        ({"trigger": "label.updated"}, "label.updated"),
    ],
)
def test_the_body_says_its_topic(said: dict[str, Any], topic: str) -> None:
    assert Loop().envelope(said, {}).topic == topic


def test_a_body_that_says_no_topic_is_malformed() -> None:
    with pytest.raises(Malformed, match="trigger"):
        Loop().envelope({"id": 1}, {})


def test_another_topic_is_not_used() -> None:
    handled = Loop().handle(None, "label.updated", {}, received_at=RECEIVED_AT, at=RECEIVED_AT)  # type: ignore[arg-type]

    assert handled.note == "topic label.updated is not used"


def test_the_signature_is_over_the_raw_body() -> None:
    assert accepts(Loop(), BODY, Loop().sign(BODY, "secret"), ["other", "secret"])
    assert Loop().sign(b"foo=anything", "secret") == {
        "x-loop-signature": "yCGX/RrK4fcuNtr3ztk5tQGsOBjcAzHpGLdMUrbV8yI="
    }
    with pytest.raises(BadSignature, match="does not match"):
        Loop().verify(BODY + b" ", Loop().sign(BODY, "secret"), ["secret"])
    with pytest.raises(BadSignature, match="does not match"):
        Loop().verify(json.dumps(json.loads(BODY)).encode(), Loop().sign(BODY, "secret"), ["secret"])
    with pytest.raises(BadSignature, match="is missing"):
        Loop().verify(BODY, {}, ["secret"])
