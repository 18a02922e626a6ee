"""See before you save: the preview's figures are those of the sweep, told by the stored history alone."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import Merchant
from tests.tracking.stalling import NEW_YORK, PLACED, TEA, at, many, merchant_in_new_york, place, scan, ship
from tests.tracking.telling import DAY, HOUR, make_merchant
from tracking import deadlines, preview, stalled
from tracking.inputs import LineInput
from tracking.models import Issue, Order, Shipment, StalledPolicy
from tracking.models.policy import WEEKDAYS
from tracking.preview import figures
from tracking.services import policies

NOW = at("2026-12-20 10:00")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with every metric on."""
    return merchant_in_new_york()


def look(merchant: Merchant, days: int = 60, **settings: Any) -> preview.Preview:
    """The preview of settings that are not saved, beside the defaults."""
    new = StalledPolicy(merchant=merchant, **settings)
    return preview.preview(merchant, new, policies.defaults(merchant), days=days, at=NOW)


def rows(merchant: Merchant, bar: str, days: int = 60, **settings: Any) -> list[preview.Row]:
    """What is behind a bar of it."""
    new = StalledPolicy(merchant=merchant, **settings)
    return preview.behind(merchant, new, policies.defaults(merchant), days=days, at=NOW, bar=bar)


# A month, lived through and looked back upon


@dataclass(frozen=True, slots=True)
class News:
    """Something that a source tells at its own time."""

    at: datetime
    what: str
    key: str
    about: dict[str, Any]


CARRIERS = ("UPS", "usps", "DHL", "")
ON_THE_WAY = ("pre_transit", "in_transit", "unknown", "out_for_delivery", "failure", "available_for_pickup", "error")
AFTER_THE_END = ("in_transit", "return_to_sender")
AT_THE_END = ("delivered", "delivered", "return_to_sender", "cancelled", "")


def a_month(seed: int, count: int) -> list[News]:
    """What happens to some orders, in the order of time."""
    chance = random.Random(seed)
    news = []
    for number in range(count):
        key, moment = str(number), PLACED - 15 * DAY + chance.randrange(30 * 24 * 60) * MINUTE
        country = chance.choice(("US", "CA", ""))
        lines = (TEA,) if chance.random() < 0.9 else (LineInput("12", "Voucher", requires_shipping=False),)
        about = {"is_test": chance.random() < 0.1, "lines": lines, "destination_country": country}
        news.append(News(moment, "place", key, about))
        moment += chance.randrange(1, 120 * 60) * MINUTE
        if chance.random() < 0.1:
            news.append(News(moment, "cancel", key, {**about, "created_at": news[-1].at}))
        if chance.random() < 0.8:
            carrier = chance.choice(CARRIERS)
            news.append(News(moment, "ship", key, {"carrier": carrier}))
            news += scans_of(chance, key, moment, carrier)
    return sorted(news, key=lambda each: each.at)


def scans_of(chance: random.Random, key: str, moment: datetime, carrier: str) -> list[News]:
    """A parcel's way, some of it told with the fulfilment, and words after its end."""
    told = []
    for early in sorted(chance.sample(range(1, 150), chance.choice((0, 0, 1, 2))), reverse=True):
        about = {"word": "pre_transit", "when": moment - early * HOUR, "carrier": carrier}
        told.append(News(moment, "scan", key, about))
    words = [chance.choice(ON_THE_WAY) for _ in range(chance.randrange(5))] + [chance.choice(AT_THE_END)]
    for word in [*filter(None, words), *([chance.choice(AFTER_THE_END)] if chance.random() < 0.2 else [])]:
        moment += chance.randrange(1, 110 * 60) * MINUTE
        told.append(News(moment, "scan", key, {"word": word, "when": moment, "carrier": carrier}))
    return told


def live(merchant: Merchant, news: list[News], *, until: datetime) -> None:
    """Tell everything at its time; the sweep comes at every instant at which something is due, after the news of that instant."""
    now = news[0].at
    for each in [*[each for each in news if each.at < until], News(until, "end", "", {})]:
        while now < each.at and (due := next_deadline()) is not None and due < each.at:
            stalled.sweep(at=max(now, due))
        now = each.at
        if each.what != "end":
            tell(merchant, each)
    stalled.sweep(at=until)


def next_deadline() -> datetime | None:
    """When the next order or parcel is due."""
    due = [model.objects.order_by("stalls_at").exclude(stalls_at=None).first() for model in (Order, Shipment)]
    return min((each.stalls_at for each in due if each and each.stalls_at), default=None)


def tell(merchant: Merchant, news: News) -> None:
    """Hand it to the services."""
    about = dict(news.about)
    if news.what == "place":
        place(merchant, news.at, key=news.key, **about)
    elif news.what == "cancel":
        place(merchant, about.pop("created_at"), key=news.key, updated=news.at, cancelled_at=news.at, **about)
    elif news.what == "ship":
        ship(merchant, news.at, key=news.key, **about)
    else:
        scan(merchant, about.pop("word"), about.pop("when"), key=news.key, **about)


NEVER_IN_TRANSIT = {"carrier": "ups", "destination": "", "before_pickup": 30, "in_transit": None}
MONTHS: list[dict[str, Any]] = [
    {},
    {"excluded_weekdays": [], "hours_in_transit": 36, "hours_until_fulfillment": 24},
    {"excluded_weekdays": [4, 6], "own_dates": ["2026-11-12"], "holiday_country": "US", "hours_before_pickup": 20},
    {"overrides": [NEVER_IN_TRANSIT, {**NEVER_IN_TRANSIT, "carrier": "", "destination": "CA", "in_transit": 50}]},
    {"hours_until_fulfillment": None, "hours_in_transit": 24, "problems_off": ["ShipmentDeliveryAttempted"]},
    {"problems_off": ["ShipmentStalled"], "hours_until_fulfillment": 1},
]


@pytest.mark.parametrize("orders", [10, pytest.param(100, marks=pytest.mark.full)])
@pytest.mark.parametrize(("seed", "days"), list(enumerate((60, 25, 60, 25, 60, 25))))
def test_its_figures_are_what_the_sweep_flagged(merchant: Merchant, seed: int, days: int, orders: int) -> None:
    settings = {"home_country": "US", **MONTHS[seed % len(MONTHS)]}
    policies.change(merchant, by=None, at=PLACED - 99 * DAY, **settings)
    live(merchant, a_month(seed, orders), until=NOW)
    seen = look(merchant, days, **settings)

    for part in seen.parts:
        really = {issue.shipment_id or issue.order_id: issue for issue in flagged(part.kind, seen.start)}
        told = [row for bar in part.weekdays for row in rows(merchant, bar.key, days, **settings)]
        assert {row.key: row.flagged_at for row in told} == {key: each.occurred_at for key, each in really.items()}
        assert part.flagged == len(really) == sum(bar.flagged for bar in part.hours)
        weekdays = Counter(WEEKDAYS[each.occurred_at.astimezone(NEW_YORK).weekday()] for each in really.values())
        assert {bar.label: bar.flagged for bar in part.weekdays if bar.flagged} == dict(weekdays)
        in_bars = {bar.key: rows(merchant, bar.key, days, **settings) for bar in part.hours}
        assert {row.key for found in in_bars.values() for row in found if row.flagged_at} == set(really)
        for bar in part.hours:
            low = int(bar.key.rsplit(":")[-1]) * part.width
            high = float("inf") if bar is part.hours[-1] else low + part.width
            found = in_bars[bar.key]
            assert (len(found), [row for row in found if not low <= row.hours < high]) == (bar.count, [])


def flagged(kind: str, since: datetime) -> list[Issue]:
    """What the sweep really found."""
    problem = "ShipmentStalled" if kind == "parcels" else "FulfillmentStalled"
    return list(Issue.objects.filter(problem=problem, occurred_at__gt=since))


# By weekday and carrier, and whose

NOON = at("2026-11-16 12:00")
"""A Monday."""


def a_week_of_parcels(merchant: Merchant) -> None:
    """Parcels that leave on each working day, whose carriers scan them at noon on each of the next five and at no weekend."""
    working_days = [NOON + day * DAY for day in range(14) if day % 7 < 5]
    for number, left in enumerate(working_days[:5]):
        key = str(number)
        place(merchant, left, key=key)
        ship(merchant, left, key=key, carrier="usps" if number == 4 else "ups")
        for scanned in working_days[number + 1 : number + 5]:
            scan(merchant, "in_transit", scanned, key=key, carrier="")
        scan(merchant, "delivered", working_days[number + 5], key=key, carrier="")


@pytest.mark.parametrize(
    ("settings", "flagged_on"),
    [
        ({"excluded_weekdays": [], "hours_in_transit": 48}, {"Sunday": 5}),
        ({"excluded_weekdays": [], "hours_in_transit": 60, "hours_before_pickup": 60}, {"Monday": 5}),
        ({"excluded_weekdays": [5, 6], "hours_in_transit": 25, "hours_before_pickup": 25}, {}),
    ],
)
def test_a_weekend_that_counts_shows_on_sunday_and_monday(
    merchant: Merchant, settings: dict[str, Any], flagged_on: dict[str, int]
) -> None:
    """Malomo's spike: nobody scans at the weekend."""
    settings = {"hours_before_pickup": 48, **settings}
    a_week_of_parcels(merchant)
    _, parcels = look(merchant, **settings).parts

    assert {bar.label: bar.flagged for bar in parcels.weekdays if bar.flagged} == flagged_on
    assert (parcels.count, parcels.flagged, parcels.today) == (5, sum(flagged_on.values()), 0)
    if flagged_on:
        assert {bar.label: bar.flagged for bar in parcels.carriers} == {"UPS": 4, "USPS": 1}
        assert [row.order_number for row in rows(merchant, "parcels:carrier:USPS", **settings)] == ["#4"]


def test_the_limit_and_the_bars(merchant: Merchant) -> None:
    place(merchant, NOW - 40 * HOUR)
    orders, parcels = look(merchant, hours_until_fulfillment=30, hours_in_transit=None, excluded_weekdays=[]).parts

    assert (orders.limits, orders.width, orders.hours[0].label) == ({"Limit": 30}, 4, "0 to 4 h")
    assert [(bar.label, bar.flagged, bar.today) for bar in orders.hours if bar.count] == [("40 to 44 h", 1, 0)]
    assert (parcels.limits, parcels.count, parcels.carriers) == ({"Before pick-up": 72}, 0, [])
    assert orders.hours[-1].label == "60 h and more"


def test_what_is_longer_than_the_last_bar_is_in_it(merchant: Merchant) -> None:
    for days in (8, 30, 50):
        place(merchant, NOW - days * DAY, key=str(days))
    orders, _ = look(merchant, excluded_weekdays=[]).parts

    assert (orders.hours[-1].label, orders.hours[-1].count, orders.hours[-1].flagged) == ("144 h and more", 3, 3)
    assert len(rows(merchant, orders.hours[-1].key, excluded_weekdays=[])) == 3


def test_a_cancelled_parcel_that_goes_back_later_was_not_waited_for(merchant: Merchant) -> None:
    place(merchant, PLACED, key="1")
    ship(merchant, PLACED + HOUR, key="1")
    scan(merchant, "cancelled", PLACED + 20 * HOUR, key="1")
    scan(merchant, "return_to_sender", PLACED + 20 * DAY, key="1")

    _, parcels = look(merchant, excluded_weekdays=[]).parts

    assert (Shipment.objects.get().status, parcels.count, parcels.flagged) == ("return_to_sender", 1, 0)


def test_the_longest_windows_reach_over_years(merchant: Merchant) -> None:
    """Of 2,160 hours one day a week counts, less the holidays: it is found however long ago the order was placed."""
    rare = {"excluded_weekdays": [1, 2, 3, 4, 5, 6], "holiday_country": "US", "hours_until_fulfillment": 2160}
    placed = NOW - 720 * DAY
    place(merchant, placed)
    judging = StalledPolicy(merchant=merchant, **rare)
    due = deadlines.due(merchant, judging, placed, 2160)
    orders, _ = look(merchant, 90, **rare).parts

    assert due is not None
    assert NOW - 90 * DAY < due < NOW
    assert [(bar.label, bar.flagged) for bar in orders.hours if bar.count] == [("2016 to 2352 h", 1)]


def test_a_list_ends_after_the_newest(merchant: Merchant, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "LISTED", 2)
    many(merchant, 3)

    for bar in ("orders:hours:12", "orders:weekday:Tuesday", "parcels:carrier:UPS"):
        assert len(rows(merchant, bar)) == 2


@pytest.mark.parametrize("bar", ["", "orders", "events:hours:1", "orders:moon:1", "orders:hours:x", "orders:hours:-1"])
def test_a_bar_that_is_not_there(merchant: Merchant, bar: str) -> None:
    with pytest.raises(ValueError, match="no bar"):
        rows(merchant, bar)


def test_other_merchants_never_count(merchant: Merchant) -> None:
    other = Merchant.objects.prefetch_related("connections").get(pk=make_merchant().pk)
    Merchant.objects.update(timezone="America/New_York")
    a_week_of_parcels(other)
    place(other, key="open")
    place(other, NOON, key="shipped")
    ship(other, NOON + HOUR, key="shipped")
    scan(other, "delivered", NOON + 2 * HOUR, key="shipped")
    settings: dict[str, Any] = {"excluded_weekdays": [], "hours_in_transit": 48, "hours_before_pickup": 48}
    theirs, mine = look(other, **settings), look(merchant, **settings)

    assert [part.flagged for part in theirs.parts] == [1, 5]
    assert [(part.count, part.flagged, part.today) for part in mine.parts] == [(0, 0, 0), (0, 0, 0)]
    assert [row for bar in ("parcels:hours:12", "parcels:carrier:UPS") for row in rows(merchant, bar, **settings)] == []


def test_it_asks_no_more_for_more_and_writes_nothing(merchant: Merchant) -> None:
    asked = []
    for _ in range(2):
        a_week_of_parcels(merchant)
        many(merchant, 5)
        with CaptureQueriesContext(connection) as queries:
            look(merchant, excluded_weekdays=[], hours_in_transit=48)
        asked.append([each["sql"].split(maxsplit=1)[0] for each in queries])
        Order.objects.filter(external_id="0").update(number="#again")

    assert len(asked[0]) == len(asked[1]) == 7
    assert set(asked[1]) == {"SELECT"}
