from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from config.demo import expected
from config.demo import verdict as verdicts
from config.demo.expected import Expected, Key
from config.demo.orders import Start, new_order, pack
from config.demo.shops import LARKSPUR, NORTHLIGHT, QUINCE, SHOPS, TEEKONTOR, Shop
from config.demo.verdict import Verdict
from tracking import business_time
from tracking.business_time import Calendar

BEGAN_AT = datetime(2026, 11, 20, 12, tzinfo=UTC)
RECENTLY = BEGAN_AT - timedelta(hours=3)
LAUNCHED_AGO = NORTHLIGHT.launched_ago


def placed(shop: Shop, at: datetime = RECENTLY) -> Expected:
    return expected.placed(new_order(shop, shop.shoppers[0], Start(at)))[0]


def record(event: Expected, **changes: Any) -> dict[str, Any]:
    account, metric, unique_id = event.key
    told = {"account": account, "metric": metric, "unique_id": unique_id, "time": event.occurred_at.isoformat()}
    return {**told, "backfill": False, **changes}


def judge(
    due: list[Expected], recorded: list[dict[str, Any]], receipts: Mapping[tuple[str, str], int] | None = None
) -> dict[str, list[Key]]:
    return verdict(due, recorded, receipts).complaints


def verdict(
    due: list[Expected], recorded: list[dict[str, Any]], receipts: Mapping[tuple[str, str], int] | None = None
) -> Verdict:
    return verdicts.judge(due, recorded, receipts or {}, BEGAN_AT)


def test_all_that_was_due_and_nothing_else_is_no_complaint() -> None:
    due = [placed(LARKSPUR), placed(NORTHLIGHT)]
    found = verdict(due, [record(each) for each in due], {(due[0].shop.account, due[0].unique_id): 1})
    assert (found.expected, found.complaints) == (2, {})


def test_an_event_that_did_not_come_is_missing() -> None:
    one, other = placed(LARKSPUR), placed(LARKSPUR)
    assert judge([one, other], [record(one)]) == {"missing": [other.key]}


def test_an_event_that_nothing_led_to_is_unexpected() -> None:
    one, other = placed(LARKSPUR), placed(LARKSPUR)
    assert judge([one], [record(one), record(other)]) == {"unexpected": [other.key]}


def test_an_event_in_the_wrong_account_is_missing_and_unexpected() -> None:
    one = placed(LARKSPUR)
    assert judge([one], [record(one, account=NORTHLIGHT.account)]).keys() == {"missing", "unexpected"}


def test_an_event_that_was_recorded_twice_is_doubled() -> None:
    one = placed(LARKSPUR)
    assert judge([one], [record(one), record(one)]) == {"doubled": [one.key]}


def test_an_event_that_was_sent_twice_and_recorded_once_is_doubled() -> None:
    one = placed(LARKSPUR)
    assert judge([one], [record(one)], {(LARKSPUR.account, one.unique_id): 2}) == {"doubled": [one.key]}


def test_events_of_one_id_are_told_apart_by_their_metrics() -> None:
    order = new_order(QUINCE, QUINCE.shoppers[0], Start(RECENTLY))
    due = [expected.box_placed(order), expected.box_fulfilled(order, 60)]
    assert judge(due, [record(each) for each in due], {(QUINCE.account, order.key): 2}) == {}
    again = judge(due, [record(each) for each in due], {(QUINCE.account, order.key): 3})
    assert again == {"doubled": sorted(each.key for each in due)}


def test_whom_nobody_may_mail_is_suppressed_and_nobody_else() -> None:
    one, other = (LARKSPUR.account, "one@example.com"), (LARKSPUR.account, "other@example.com")
    found = verdicts.judge([], [], {}, BEGAN_AT, to_suppress={one}, suppressed={one})
    assert (found.suppressed, found.complaints) == (1, {})
    assert verdicts.judge([], [], {}, BEGAN_AT, to_suppress={one}, suppressed={other}).complaints == {
        "not suppressed": [(LARKSPUR.account, "suppression", "one@example.com")],
        "suppressed without a reason": [(LARKSPUR.account, "suppression", "other@example.com")],
    }


def test_events_of_a_pack_that_the_shop_does_not_use_are_not_due() -> None:
    assert judge([placed(TEEKONTOR)], []) == {}


def test_events_from_before_the_launch_window_are_not_due() -> None:
    assert judge([placed(NORTHLIGHT, BEGAN_AT - LAUNCHED_AGO - timedelta(days=3, minutes=1))], []) == {}


def test_events_from_the_backfill_days_may_start_no_flow() -> None:
    one = placed(NORTHLIGHT, BEGAN_AT - LAUNCHED_AGO - timedelta(days=2))
    assert judge([one], [record(one, backfill=True)]) == {}
    assert judge([one], [record(one)]) == {"sent as news though it is from before the launch": [one.key]}


def test_news_may_not_be_sent_as_backfill() -> None:
    one = placed(NORTHLIGHT)
    assert judge([one], [record(one, backfill=True)]) == {"sent as backfill though it is news": [one.key]}


def test_an_event_may_not_tell_of_another_instant() -> None:
    one = expected.never_shipped(new_order(LARKSPUR, LARKSPUR.shoppers[0], Start(RECENTLY)))
    early = one.counts_from - timedelta(seconds=1)
    assert judge([one], [record(one)]) == {}
    assert judge([one], [record(one, time=early.isoformat())]) == {"told of another instant": [one.key]}


@pytest.mark.parametrize("shop", SHOPS, ids=lambda shop: shop.name)
def test_business_hours_are_counted_as_the_product_counts_them(shop: Shop) -> None:
    calendar = Calendar(shop.timezone, frozenset({5, 6}))
    for hour in range(0, 24 * 7 * 52, 5):
        start = BEGAN_AT + timedelta(hours=hour, minutes=hour % 60)
        assert expected.business_hours_after(start, 72, shop) == business_time.due(start, 72, calendar)


def test_recipes_are_those_of_the_catalogue_of_events() -> None:
    order = new_order(LARKSPUR, LARKSPUR.shoppers[0], Start(RECENTLY))
    boxes = pack(order, 20, parcels=2)
    second = f"{boxes.id}:{boxes.tracking_numbers[1]}"
    epoch = int((RECENTLY + timedelta(minutes=90)).timestamp())
    told = [*expected.packed(boxes), *expected.attempted(boxes, 90, parcel=1), expected.delivered(order, 155)]
    assert [(each.metric, each.unique_id) for each in told] == [
        ("Parcelbird: ShipmentCreated", f"shipment:{boxes.id}:created"),
        ("Parcelbird: ShipmentCreated", f"shipment:{second}:created"),
        ("Parcelbird: ShipmentUpdateReceived", f"shipment:{second}:failure:{epoch}"),
        ("Order Tracking Update", f"track:{second}:delivery_attempted:{epoch}"),
        ("Order Tracking Update Item", f"track:{second}:delivery_attempted:{epoch}:item:{order.lines[0].id}"),
        ("Parcelbird: OrderIssueCreated", f"issue:ShipmentDeliveryAttempted:{second}"),
        ("Order delivered", f"order:{order.id}:delivered"),
    ]


def test_recipes_of_subscribers_are_those_of_the_catalogue() -> None:
    order = new_order(QUINCE, QUINCE.shoppers[0], Start(RECENTLY))
    at, epoch = RECENTLY, int(RECENTLY.timestamp())
    pages = [recipe(QUINCE, "1141260", at) for recipe in (expected.began_sign_up, expected.signed_up, expected.left)]
    orders = [expected.box_placed(order), expected.box_cancelled(order, 20), expected.box_fulfilled(order, 60)]
    told = [expected.logged(QUINCE, "failed.payment", "88213", at), *pages, *orders]
    assert [(each.metric, each.unique_id, each.occurred_at - at) for each in told] == [
        ("failed.payment", "log:88213", timedelta()),
        ("Started Checkout", f"1141260_{epoch}", timedelta()),
        ("Completed Signup", f"signup:1141260:{epoch}", timedelta()),
        ("Cancelled Account", f"account_cancel:1141260:{epoch}", timedelta()),
        ("Placed Order", str(order.number), timedelta()),
        ("Cancelled Order", str(order.number), timedelta(minutes=20)),
        ("Fulfilled Order", str(order.number), timedelta(minutes=60)),
    ]


def test_what_a_sync_reads_is_told_however_old_it_is_and_starts_no_flow() -> None:
    old = BEGAN_AT - QUINCE.launched_ago - timedelta(days=60)
    synced = expected.logged(QUINCE, "cancelled", "1", old, read_at=BEGAN_AT)
    assert synced.is_sent(BEGAN_AT)
    assert synced.is_backfill(BEGAN_AT)
    assert not expected.logged(QUINCE, "cancelled", "1", old).is_sent(BEGAN_AT)


def test_what_stands_still_is_due_when_its_time_has_run_out() -> None:
    order = new_order(TEEKONTOR, TEEKONTOR.shoppers[0], Start(RECENTLY))
    box = pack(order, 20)
    scanned, promise = order.after(60), datetime(2026, 11, 21, tzinfo=UTC)
    told = [*expected.overdue(box, promise.date()), *expected.stood_still(box, 60)]
    assert [(each.unique_id, each.counts_from) for each in told if "Item" not in each.metric] == [
        (f"track:{box.id}:delayed:{int(promise.timestamp())}", datetime(2026, 11, 21, 23, tzinfo=UTC)),
        (f"issue:ShipmentStalled:{box.id}", scanned + timedelta(days=5)),
        (f"track:{box.id}:stalled_in_transit:{int(scanned.timestamp())}", scanned + timedelta(days=5)),
    ]
