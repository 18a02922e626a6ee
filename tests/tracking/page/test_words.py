"""What the page says: in every language, in time zones, and honestly."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from integrations.models import Merchant
from tracking import statuses
from tracking.dossier import Dossier
from tracking.models import Order, Scan, Shipment, TrackingPage
from tracking.page import showing, zones
from tracking.page.reading import Followed
from tracking.page.words import ENGLISH, GERMAN, LANGUAGES, Words, choose

AT = datetime(2026, 11, 27, 20, 30, tzinfo=UTC)
TODAY = date(2026, 11, 27)
DAY = timedelta(days=1)


def blanks(value: Any) -> Any:
    """What is to be filled in, of each text."""
    if isinstance(value, dict):
        return {key: blanks(each) for key, each in value.items()}
    return sorted(set(re.findall(r"{(\w+)}", value))) if isinstance(value, str) else len(value)


def test_every_language_has_all_words_and_the_same_blanks() -> None:
    assert blanks(asdict(GERMAN)) == blanks(asdict(ENGLISH)) | {"day": ["day", "month", "weekday"]}
    for words in LANGUAGES.values():
        assert set(statuses.ALL) <= set(words.headlines)
        assert all(words.of_scan(status, "") for status in statuses.ALL)
        assert (len(words.weekdays), len(words.months)) == (7, 12)


WISHES: list[tuple[tuple[str, ...], str]] = [
    (("de",), "de"),
    (("de-AT",), "de"),
    (("de_CH",), "de"),
    (("fr, de;q=0.8, en;q=0.9",), "en"),
    (("", "de"), "de"),
    (("en", "de"), "en"),
    (("fr", "it"), "en"),
    (("x" * 600,), "en"),
    (("",), "en"),
]


@pytest.mark.parametrize(("wishes", "language"), WISHES)
def test_the_first_language_that_we_have(wishes: tuple[str, ...], language: str) -> None:
    assert choose(*wishes) == language


def test_where_none_is_wished_for_the_merchants_is_spoken() -> None:
    assert choose("", "fr", otherwise="de") == "de"


def shown(words: Words = ENGLISH, *, country: str = "US", **parcel: Any) -> showing.Shown:
    """The page of an order in one parcel."""
    merchant = Merchant(name="Alba", timezone="America/New_York")
    order = Order(merchant=merchant, number="#1", placed_at=AT - 5 * DAY, destination_country=country)
    given: dict[str, Any] = {"status": "in_transit", "shipped_at": AT - 4 * DAY, "status_at": AT - DAY}
    shipment = Shipment(pk=1, merchant=merchant, fulfillment_id="1", **given | parcel)
    scans = [Scan(shipment_id=1, status="in_transit", occurred_at=AT - DAY, city="Berlin")]
    followed = Followed(Dossier(order, [], [shipment]), scans, TrackingPage(merchant=merchant), "")
    language = next(code for code, each in LANGUAGES.items() if each is words)
    return showing.show(followed, language, at=AT)


MONDAY, FRIDAY = date(2026, 11, 30), TODAY
SAYINGS: list[tuple[dict[str, Any], str, str]] = [
    ({}, "", "The carrier has not named a delivery date yet."),
    ({"promised_on": MONDAY, "expected_on": MONDAY}, "", "Expected on Mon, 30 Nov."),
    ({"promised_on": TODAY, "expected_on": TODAY}, "", "Expected today."),
    (
        {"promised_on": FRIDAY, "expected_on": MONDAY},
        "late",
        "Expected on Mon, 30 Nov: later than Fri, 27 Nov, as was promised first. We are sorry.",
    ),
    (
        {"promised_on": MONDAY, "expected_on": MONDAY - DAY},
        "good",
        "Expected on Sun, 29 Nov: earlier than Mon, 30 Nov, as was promised first.",
    ),
    (
        {"promised_on": TODAY - DAY, "expected_on": TODAY - DAY},
        "late",
        "It was expected by Thu, 26 Nov and has not arrived. It is late, and the carrier names no new date.",
    ),
    ({"substatus": "weather_delay"}, "late", "The carrier says that it is delayed."),
    (
        {"status": "delivered", "delivered_at": AT, "promised_on": TODAY - DAY},
        "good",
        "It arrived on Fri, 27 Nov, later than Thu, 26 Nov, as was promised first.",
    ),
    ({"status": "delivered", "delivered_at": AT, "promised_on": TODAY}, "good", "It arrived on Fri, 27 Nov."),
    (
        {"status": "delivered", "delivered_at": AT, "promised_on": MONDAY},
        "good",
        "It arrived on Fri, 27 Nov, earlier than Mon, 30 Nov, as was promised first.",
    ),
    (
        {"status": "failure", "substatus": "delivery_attempted"},
        "late",
        "The carrier found nobody there and usually tries again.",
    ),
]


@pytest.mark.parametrize(("parcel", "tone", "sentence"), SAYINGS)
def test_what_is_said_of_its_date(parcel: dict[str, Any], tone: str, sentence: str) -> None:
    (told,) = shown(**parcel).parcels

    assert (told.tone, told.lines[0]) == (tone, sentence)


def test_a_parcel_of_which_nothing_was_heard_says_so_until_it_is_scanned_again() -> None:
    quiet: dict[str, Any] = {"stalled_at": AT - DAY, "last_scan_at": AT - 4 * DAY}
    sentence = "We have heard nothing from the carrier since Mon, 23 Nov: that is longer than usual."
    assert shown(**quiet).parcels[0].lines[-1] == sentence

    assert sentence not in shown(**quiet | {"last_scan_at": AT}).parcels[0].lines
    assert shown(**quiet, status="delivered", delivered_at=AT).parcels[0].lines == ["It arrived on Fri, 27 Nov."]


STEPS: dict[str, int | None] = {
    "unknown": 1,
    "pre_transit": 1,
    "in_transit": 2,
    "out_for_delivery": 2,
    "available_for_pickup": 2,
    "delivered": 3,
    "failure": None,
    "return_to_sender": None,
}


@pytest.mark.parametrize(("status", "step"), STEPS.items())
def test_on_which_step_it_is(status: str, step: int | None) -> None:
    (told,) = shown(status=status).parcels

    states = [each.state for each in told.steps]
    assert states == ([] if step is None else ["done"] * step + ["now"] + ["ahead"] * (3 - step))


def test_times_are_those_of_the_destination_or_the_merchant() -> None:
    german = shown(GERMAN, country="DE")
    assert (german.parcels[0].stops[0].when.written, german.zone) == (
        "Do., 26. Nov., 21:30 Uhr",
        "Uhrzeiten gelten für Berlin.",
    )
    american = shown(country="US")
    assert (american.parcels[0].stops[0].when.written, american.zone) == (
        "Thu, 26 Nov, 15:30",
        "Times are those of New York.",
    )


def test_every_country_has_a_zone_that_there_is() -> None:
    anywhere = Merchant(timezone="UTC").tz

    assert {str(zones.of(country, anywhere)) for country in zones.OF_COUNTRIES} == set(zones.OF_COUNTRIES.values())
    assert zones.of("US", anywhere) == anywhere
