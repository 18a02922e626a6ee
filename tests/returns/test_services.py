"""Returns: told of once, when their order and their items are known, whoever tells of them, in whatever order."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from integrations.catalog import catalog
from integrations.models import Connection, Customer, Event, Merchant
from integrations.people import NOBODY, PersonInput
from returns import services, stages
from returns.inputs import ItemInput, RefundedInput
from returns.models import Return, ReturnItem
from tests.returns.telling import JUMPER, SOCKS, merchant_with_returns, order, send_back
from tests.tracking.telling import ANN, AT, DAY, HOUR, told
from tracking import services as tracking
from tracking.inputs import LineInput
from tracking.services import Contradiction

ALL = ["return:r1", "return:r1:item:i1", "return:r1:item:i2"]
LATER = AT + 4 * DAY


@pytest.fixture
def merchant(db: None) -> Merchant:
    return merchant_with_returns()


def happened() -> list[str]:
    """Identities of the events of returns."""
    return [each for each in told() if each.startswith("return:")]


def event(metric: str, unique_id: str) -> Event:
    return Event.objects.get(metric=metric, unique_id=unique_id)


def move(merchant: Merchant, status: str, hours: float = 1, key: str = "r1") -> Any:
    with transaction.atomic():
        return services.move_return(
            merchant=merchant, return_external_id=key, status=status, when=LATER + hours * HOUR, at=LATER
        )


def test_a_return_is_told_whole_and_by_item_with_what_each_is_worth(merchant: Merchant) -> None:
    order(merchant)

    handled = send_back(
        merchant,
        coverage=stages.COVERED,
        delivery=stages.LABEL,
        items=(replace(JUMPER, type=stages.EXCHANGE, new_sku="WJ-BL-M", new_variant_name="Blue / M"), SOCKS),
    )

    whole, jumper, socks = event("return_created", ALL[0]), *(event("return_created_item", each) for each in ALL[1:])
    assert whole.properties == {
        "ReturnId": "r1",
        "OrderRef": "#1",
        "Coverage": "covered",
        "Delivery": "label",
        "Quantity": 3,
    }
    assert jumper.properties == {
        "ReturnId": "r1",
        "Type": "exchange",
        "OrderRef": "#1",
        "Coverage": "covered",
        "SKU": "WJ-BL-L",
        "NewSKU": "WJ-BL-M",
        "ProductName": "Wool jumper",
        "VariantName": "Blue / L",
        "NewVariantName": "Blue / M",
        "Quantity": 1,
    }
    assert [(each.value, each.value_currency) for each in (whole, jumper, socks)] == [
        (Decimal("109.40"), "USD"),
        (Decimal("89.50"), "USD"),
        (Decimal("19.90"), "USD"),
    ]
    assert {each.occurred_at for each in (whole, jumper, socks)} == {AT + 2 * DAY}
    assert {each.subject for each in (whole, jumper, socks)} == {"order:1"}
    assert {each.customer for each in (whole, jumper, socks)} == {Customer.objects.get()}
    assert handled.event_ids == tuple(sorted(each.pk for each in (whole, jumper, socks)))
    assert handled.is_new


def test_what_is_told_of_an_item_counts_more_than_what_its_line_says(merchant: Merchant) -> None:
    order(merchant)

    send_back(merchant, items=(replace(JUMPER, sku="OTHER", value=Decimal("70.10"), coverage=stages.NOT_COVERED),))

    jumper = event("return_created_item", ALL[1])
    assert (jumper.properties["SKU"], jumper.properties["ProductName"]) == ("OTHER", "Wool jumper")
    assert (jumper.properties["Coverage"], jumper.value) == ("not covered", Decimal("70.10"))


def test_the_total_that_a_source_tells_counts_more_than_the_sum(merchant: Merchant) -> None:
    order(merchant)

    send_back(merchant, value=Decimal("99.99"), currency="USD")

    assert event("return_created", ALL[0]).value == Decimal("99.99")


@pytest.mark.parametrize(
    ("currency", "amount", "minor"), [("EUR", "10.005", 1001), ("JPY", "1200", 1200), ("KWD", "1.2345", 1235)]
)
def test_money_is_kept_in_minor_units_of_its_currency(
    merchant: Merchant, currency: str, amount: str, minor: int
) -> None:
    order(merchant, currency=currency)

    send_back(merchant, items=(replace(JUMPER, value=Decimal(amount)),))

    digits = {"EUR": Decimal("0.01"), "JPY": Decimal(1), "KWD": Decimal("0.001")}[currency]
    assert ReturnItem.objects.get().value_minor == minor
    assert event("return_created_item", ALL[1]).value == minor * digits


def test_a_return_that_comes_before_its_order_waits_and_is_completed_by_it(merchant: Merchant) -> None:
    handled = send_back(merchant, reached={stages.APPROVED: LATER}, items=(JUMPER, SOCKS))

    waiting = Return.objects.get()
    assert (waiting.waits_for, waiting.order, happened(), handled.waits_for) == ("order", None, [], "")
    assert "waits for its order 1" in handled.note

    came = order(merchant)

    waiting.refresh_from_db()
    assert (waiting.waits_for, waiting.order_number, waiting.customer) == ("", "#1", Customer.objects.get())
    assert happened() == [*ALL, "return:r1:approved"]
    assert event("return_created", ALL[0]).value == Decimal("109.40")
    assert set(came.event_ids) >= set(Event.objects.filter(unique_id__in=ALL).values_list("pk", flat=True))


def test_an_order_that_comes_completes_its_own_returns_only(merchant: Merchant) -> None:
    send_back(merchant, "r1")
    send_back(merchant, "r2", order_external_id="2")

    order(merchant)

    assert [(each.external_id, each.waits_for) for each in Return.objects.order_by("external_id")] == [
        ("r1", ""),
        ("r2", "order"),
    ]


def test_an_order_is_found_by_its_number_where_that_is_only_one(merchant: Merchant) -> None:
    order(merchant, "5")
    send_back(merchant, "r5", order_external_id="", order_number="#5")
    send_back(merchant, "r6", order_external_id="", order_number="#6")
    assert {each.external_id: each.waits_for for each in Return.objects.all()} == {"r5": "", "r6": "order"}

    order(merchant, "6")

    assert Return.objects.get(external_id="r6").order_external_id == "6"


def test_a_return_without_items_waits_for_them(merchant: Merchant) -> None:
    order(merchant)
    handled = send_back(merchant, items=())
    assert ("waits for its items" in handled.note, happened()) == (True, [])

    with transaction.atomic():
        services.add_items(merchant=merchant, return_external_id="r1", told=[JUMPER], at=LATER)
    with transaction.atomic():
        services.add_items(merchant=merchant, return_external_id="r1", told=[JUMPER, SOCKS], at=LATER)

    assert happened() == ALL
    assert event("return_created", ALL[0]).properties["Quantity"] == 1


def test_items_of_a_return_that_is_not_known_wait_for_it(merchant: Merchant) -> None:
    with transaction.atomic():
        handled = services.add_items(merchant=merchant, return_external_id="r9", told=[JUMPER], at=LATER)

    assert handled.waits_for == "return:r9"


def test_the_same_return_again_tells_nothing_again(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant)

    again = send_back(merchant, hours=1)

    assert (again.event_ids, again.is_new) == ((), False)
    assert happened() == ALL
    assert (Return.objects.count(), ReturnItem.objects.count()) == (1, 2)


def test_older_news_change_nothing_and_add_what_was_missed(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, hours=2, coverage=stages.COVERED, items=(replace(SOCKS, quantity=1),))

    send_back(merchant, hours=1, coverage=stages.NOT_COVERED, delivery=stages.PICKUP, items=(SOCKS, JUMPER))

    row = Return.objects.get()
    assert (row.coverage, row.delivery) == ("covered", "pickup")
    assert dict(ReturnItem.objects.values_list("external_id", "quantity")) == {"i1": 1, "i2": 1}
    assert sorted(happened()) == ALL


def test_each_status_is_told_once_and_only_where_its_metric_is_on(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant)
    for _ in range(2):
        for number, status in enumerate(stages.REACHABLE[::-1]):
            move(merchant, status, number)

    names = ["approved", "in_transit", "received", "refunded", "closed"]
    assert happened()[3:] == [f"return:r1:{name}" for name in names]
    assert Return.objects.get().status == "cancelled"
    assert event("return_received", "return:r1:received").properties["Status"] == "received"


def test_metrics_of_statuses_are_off_until_they_are_asked_for() -> None:
    on = {each.key for each in catalog.turned_on_with("returns_and_tracking")}

    assert {key for key in catalog.metrics if key.startswith("return_")} - on == {
        f"return_{each}" for each in ("approved", "in_transit", "received", "refunded", "closed", "expiring")
    }
    assert {"return_created", "return_created_item"} <= on


def test_what_is_opened_again_goes_on_and_is_not_told_again(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant)
    move(merchant, stages.CLOSED, 1)
    with transaction.atomic():
        services.reopen_return(merchant=merchant, return_external_id="r1", when=LATER + 2 * HOUR, at=LATER)
    assert Return.objects.get().status == "requested"

    move(merchant, stages.CLOSED, 3)

    assert (Return.objects.get().status, happened().count("return:r1:closed")) == ("closed", 1)


def test_a_test_order_tells_nothing_of_its_returns(merchant: Merchant) -> None:
    send_back(merchant)
    order(merchant, is_test=True)
    move(merchant, stages.APPROVED)

    assert happened() == []


def test_a_return_keeps_its_order_and_its_currency(merchant: Merchant) -> None:
    order(merchant)
    order(merchant, "2")
    send_back(merchant)

    with pytest.raises(Contradiction, match="is of the order 1"):
        send_back(merchant, order_external_id="2")
    with pytest.raises(Contradiction, match="is in USD, not in EUR"):
        send_back(merchant, currency="EUR", value=Decimal(1))


def test_whoever_the_return_names_stands_in_where_the_order_has_nobody(merchant: Merchant) -> None:
    order(merchant, person=NOBODY)
    send_back(merchant, person=PersonInput(email="bob@shopper.example"))

    assert {each.email for each in Customer.objects.all()} == {"bob@shopper.example"}
    assert event("return_created", ALL[0]).customer == Customer.objects.get()


def test_a_shopper_who_becomes_known_with_the_order_is_the_returns_too(merchant: Merchant) -> None:
    order(merchant, person=NOBODY)
    send_back(merchant)
    assert event("return_created", ALL[0]).customer is None

    order(merchant, person=ANN, hours=1)

    ann = Customer.objects.get()
    assert (Return.objects.get().customer, event("return_created", ALL[0]).customer) == (ann, ann)


def test_the_profile_has_the_newest_return_as_it_is_now(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, "r1", created_at=AT + 3 * DAY)
    send_back(merchant, "r2", created_at=AT + 2 * DAY)
    send_back(merchant, "r3", order_external_id="unknown", created_at=AT + 9 * DAY)
    ann = Customer.objects.get()

    read = catalog.profile_properties(merchant.pk, {ann.pk: {"LastReturnId", "LastReturnAt"}})

    assert read == {ann.pk: {"LastReturnId": "r1", "LastReturnAt": "2026-11-23T10:00:00+00:00"}}


def refund(merchant: Merchant, *lines: str, key: str = "", hours: float = 0) -> Any:
    given = RefundedInput("1", LATER + hours * HOUR, return_external_id=key, line_external_ids=lines)
    with transaction.atomic():
        return services.refund(merchant=merchant, told=given, at=LATER)


def test_a_refund_is_of_the_return_that_it_names(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, "r1")
    send_back(merchant, "r2")

    refund(merchant, key="r2")

    assert [each.external_id for each in Return.objects.exclude(refunded_at=None)] == ["r2"]
    assert refund(merchant, key="r9").waits_for == "return:r9"


def test_a_refund_that_names_none_is_of_the_only_return_with_those_lines(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, "r1", items=(JUMPER,))
    send_back(merchant, "r2", items=(SOCKS,))

    assert refund(merchant, "12") is not None
    assert refund(merchant, "12") is None
    assert refund(merchant) is None
    assert [each.external_id for each in Return.objects.exclude(refunded_at=None)] == ["r2"]

    send_back(merchant, "r3", items=(JUMPER,))
    assert refund(merchant, "11") is None


def test_units_that_are_taken_out_take_their_worth_along(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant, value=Decimal(100))

    with transaction.atomic():
        services.take_out_items(merchant=merchant, return_external_id="r1", removed=[("i2", 1), ("x", 1)], at=LATER)

    assert list(ReturnItem.objects.order_by("pk").values_list("quantity", "value_minor")) == [(1, 8950), (1, 995)]
    assert Return.objects.get().value_minor is None


def test_an_order_that_the_shop_deletes_takes_its_returns_along(merchant: Merchant) -> None:
    order(merchant)
    send_back(merchant)

    with transaction.atomic():
        tracking.forget_order(merchant=merchant, order_external_id="1", at=LATER)

    assert (Return.objects.count(), ReturnItem.objects.count(), happened()) == (0, 0, ALL)


def many(count: int) -> tuple[tuple[LineInput, ...], tuple[ItemInput, ...]]:
    lines = [LineInput(str(key), f"Thing {key}", price=Decimal("1.25")) for key in range(1, count + 1)]
    return tuple(lines), tuple(ItemInput(f"i{line.external_id}", line.external_id, quantity=1) for line in lines)


@pytest.mark.postgres
@pytest.mark.parametrize("is_first", ["order", "return"])
def test_statements_do_not_grow_with_the_items(merchant: Merchant, is_first: str) -> None:
    # The shopper is known from an order before.
    order(merchant, "0")
    counts = []
    for number, count in enumerate((2, 400), start=1):
        lines, items = many(count)
        key = str(number)
        tell = [
            lambda lines=lines, key=key: order(merchant, key, lines=lines),
            lambda items=items, key=key: send_back(merchant, f"r{key}", order_external_id=key, items=items),
        ]
        for each in tell if is_first == "order" else tell[::-1]:
            with CaptureQueriesContext(connection) as queries:
                each()
            counts.append(len(queries))

    assert counts[0] == counts[2]
    assert counts[1] == counts[3]
    assert Event.objects.filter(metric="return_created_item").count() == 402
    assert Event.objects.get(unique_id="return:r2").value == Decimal(500)


def test_metrics_that_are_off_build_nothing(merchant: Merchant) -> None:
    Connection.objects.update(enabled_metrics=[])
    off = Merchant.objects.prefetch_related("connections").get()

    order(off)
    assert send_back(off).event_ids == ()
    assert (Return.objects.get().completed_at, happened()) == (AT + 3 * DAY, [])
