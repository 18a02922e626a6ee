"""All words of the shopper's page, in each of its languages, and which language a shopper gets. Pure.

A plain table: what is missing in one language is found by the types, and nothing has to be compiled. Texts in {braces} are
filled in. Carriers' own messages are never shown: they are in the carrier's language, and may name people and streets.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from django.utils.translation.trans_real import parse_accept_lang_header


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. `headlines` are by status of an order or parcel, `scans` by sub-status or status of a scan."""

    name: str
    weekdays: tuple[str, ...]
    months: tuple[str, ...]
    day: str
    moment: str
    title: str
    greeting: str
    order: str
    placed: str
    headlines: Mapping[str, str]
    some_arrived: str
    all_on_their_way: str
    steps: tuple[str, str, str, str]
    expected: str
    expected_today: str
    expected_later: str
    expected_sooner: str
    overdue: str
    says_delayed: str
    no_date: str
    arrived: str
    arrived_later: str
    arrived_sooner: str
    quiet_since: str
    tries_again: str
    parcel: str
    parcel_of: str
    by_carrier: str
    number: str
    at_carrier: str
    history: str
    no_scans: str
    scans: Mapping[str, str]
    earlier_scans: str
    in_the_parcel: str
    not_shipped: str
    more_items: str
    more_parcels: str
    times_of: str
    times_of_device: str
    help: str
    language: str
    gone_title: str
    gone: str
    slower_title: str
    slower: str

    def write_day(self, day: date) -> str:
        """A day with its weekday: "Fri, 27 Nov"."""
        return self.day.format(weekday=self.weekdays[day.weekday()], day=day.day, month=self.months[day.month - 1])

    def write_moment(self, moment: datetime) -> str:
        """A day and the time on it, as the moment's own time zone has them."""
        return self.moment.format(day=self.write_day(moment), time=f"{moment:%H:%M}")

    def of_scan(self, status: str, substatus: str) -> str:
        """What a scan says, as exactly as our words allow."""
        return self.scans.get(substatus) or self.scans[status]


ENGLISH = Words(
    name="English",
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
    day="{weekday}, {day} {month}",
    moment="{day}, {time}",
    title="Your order {number}",
    greeting="Hello {name},",
    order="Order {number}",
    placed="Placed on {day}",
    headlines={
        "placed": "We have your order",
        "processing": "We are packing your order",
        "unknown": "Handed over to the carrier",
        "pre_transit": "Ready for the carrier",
        "in_transit": "On its way",
        "out_for_delivery": "Out for delivery",
        "available_for_pickup": "Ready to be picked up",
        "delivered": "Delivered",
        "attempted": "Delivery was tried",
        "return_to_sender": "On its way back to us",
        "failure": "Could not be delivered",
        "error": "The carrier has a problem with it",
        "cancelled": "Cancelled",
    },
    some_arrived="{arrived} of {count} parcels have arrived",
    all_on_their_way="Your order comes in {count} parcels",
    steps=("Ordered", "Shipped", "On its way", "Delivered"),
    expected="Expected on {day}.",
    expected_today="Expected today.",
    expected_later="Expected on {day}: later than {promised}, as was promised first. We are sorry.",
    expected_sooner="Expected on {day}: earlier than {promised}, as was promised first.",
    overdue="It was expected by {day} and has not arrived. It is late, and the carrier names no new date.",
    says_delayed="The carrier says that it is delayed.",
    no_date="The carrier has not named a delivery date yet.",
    arrived="It arrived on {moment}.",
    arrived_later="It arrived on {moment}, later than {promised}, as was promised first.",
    arrived_sooner="It arrived on {moment}, earlier than {promised}, as was promised first.",
    quiet_since="We have heard nothing from the carrier since {moment}: that is longer than usual.",
    tries_again="The carrier found nobody there and usually tries again.",
    parcel="Your parcel",
    parcel_of="Parcel {number} of {count}",
    by_carrier="By {carrier}",
    number="Tracking number",
    at_carrier="Follow it at the carrier",
    history="Where it has been",
    no_scans="The carrier has not scanned it yet.",
    scans={
        "unknown": "News from the carrier",
        "pre_transit": "The carrier was told of the parcel",
        "in_transit": "On its way",
        "out_for_delivery": "Out for delivery",
        "available_for_pickup": "Ready to be picked up",
        "delivered": "Delivered",
        "return_to_sender": "On its way back to the sender",
        "failure": "Could not be delivered",
        "error": "The carrier reports a problem",
        "cancelled": "Cancelled",
        "label_created": "The label was made",
        "received_at_origin_facility": "The carrier has it",
        "arrived_at_facility": "Arrived at a depot",
        "departed_facility": "Left a depot",
        "received_at_destination_facility": "Arrived at the depot near you",
        "delivery_attempted": "Delivery was tried, nobody was there",
        "delayed": "Delayed",
        "weather_delay": "Delayed by the weather",
        "customs": "In customs",
        "arriving_early": "It comes earlier",
    },
    earlier_scans="{count} earlier scans are not shown.",
    in_the_parcel="In this parcel",
    not_shipped="Still to be shipped",
    more_items="and {count} more",
    more_parcels="{count} more parcels are not shown.",
    times_of="Times are those of {zone}.",
    times_of_device="Times are those of your device.",
    help="Help",
    language="Language",
    gone_title="This page is not there",
    gone="The address is not complete, or the page has expired. The shop that you ordered from can tell you more.",
    slower_title="Just a moment",
    slower="This page was asked for very often. Please try again in a minute.",
)

GERMAN = Words(
    name="Deutsch",
    weekdays=("Mo.", "Di.", "Mi.", "Do.", "Fr.", "Sa.", "So."),
    months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
    day="{weekday}, {day}. {month}",
    moment="{day}, {time} Uhr",
    title="Deine Bestellung {number}",
    greeting="Hallo {name},",
    order="Bestellung {number}",
    placed="Bestellt am {day}",
    headlines={
        "placed": "Deine Bestellung ist da",
        "processing": "Wir packen deine Bestellung",
        "unknown": "An den Paketdienst übergeben",
        "pre_transit": "Bereit für den Paketdienst",
        "in_transit": "Unterwegs",
        "out_for_delivery": "In Zustellung",
        "available_for_pickup": "Liegt zur Abholung bereit",
        "delivered": "Zugestellt",
        "attempted": "Zustellung versucht",
        "return_to_sender": "Auf dem Weg zurück zu uns",
        "failure": "Konnte nicht zugestellt werden",
        "error": "Der Paketdienst meldet ein Problem",
        "cancelled": "Storniert",
    },
    some_arrived="{arrived} von {count} Paketen sind da",
    all_on_their_way="Deine Bestellung kommt in {count} Paketen",
    steps=("Bestellt", "Versandt", "Unterwegs", "Zugestellt"),
    expected="Erwartet am {day}.",
    expected_today="Wird heute erwartet.",
    expected_later="Erwartet am {day}, später als zuerst zugesagt ({promised}). Das tut uns leid.",
    expected_sooner="Erwartet am {day}, früher als zuerst zugesagt ({promised}).",
    overdue="Das Paket wurde bis {day} erwartet und ist nicht da. Es ist verspätet, und der Paketdienst nennt kein neues "
    "Datum.",
    says_delayed="Der Paketdienst meldet eine Verspätung.",
    no_date="Der Paketdienst hat noch kein Zustelldatum genannt.",
    arrived="Angekommen am {moment}.",
    arrived_later="Angekommen am {moment}, später als zuerst zugesagt ({promised}).",
    arrived_sooner="Angekommen am {moment}, früher als zuerst zugesagt ({promised}).",
    quiet_since="Seit {moment} hat der Paketdienst nichts mehr gemeldet: das ist länger als üblich.",
    tries_again="Der Paketdienst hat niemanden angetroffen und versucht es meist noch einmal.",
    parcel="Dein Paket",
    parcel_of="Paket {number} von {count}",
    by_carrier="Mit {carrier}",
    number="Sendungsnummer",
    at_carrier="Beim Paketdienst verfolgen",
    history="Bisheriger Weg",
    no_scans="Der Paketdienst hat es noch nicht erfasst.",
    scans={
        "unknown": "Nachricht des Paketdienstes",
        "pre_transit": "Dem Paketdienst angekündigt",
        "in_transit": "Unterwegs",
        "out_for_delivery": "In Zustellung",
        "available_for_pickup": "Liegt zur Abholung bereit",
        "delivered": "Zugestellt",
        "return_to_sender": "Auf dem Weg zurück zum Absender",
        "failure": "Konnte nicht zugestellt werden",
        "error": "Der Paketdienst meldet ein Problem",
        "cancelled": "Storniert",
        "label_created": "Versandschein erstellt",
        "received_at_origin_facility": "Vom Paketdienst übernommen",
        "arrived_at_facility": "In einem Paketzentrum angekommen",
        "departed_facility": "Hat ein Paketzentrum verlassen",
        "received_at_destination_facility": "Im Paketzentrum in deiner Nähe angekommen",
        "delivery_attempted": "Zustellung versucht, niemand angetroffen",
        "delayed": "Verspätet",
        "weather_delay": "Verspätet wegen des Wetters",
        "customs": "Beim Zoll",
        "arriving_early": "Kommt früher",
    },
    earlier_scans="{count} frühere Meldungen sind nicht gezeigt.",
    in_the_parcel="In diesem Paket",
    not_shipped="Noch nicht versandt",
    more_items="und {count} weitere",
    more_parcels="{count} weitere Pakete sind nicht gezeigt.",
    times_of="Uhrzeiten gelten für {zone}.",
    times_of_device="Uhrzeiten sind die deines Geräts.",
    help="Hilfe",
    language="Sprache",
    gone_title="Diese Seite gibt es nicht",
    gone="Die Adresse ist unvollständig, oder die Seite ist abgelaufen. Der Shop, in dem du bestellt hast, weiß mehr.",
    slower_title="Einen Moment bitte",
    slower="Diese Seite wurde sehr oft aufgerufen. Bitte versuche es in einer Minute noch einmal.",
)

LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def choose(*wishes: str, otherwise: str = "en") -> str:
    """The first of our languages that is wished for: "de", "de-AT", or what a browser accepts ("fr, de;q=0.8")."""
    for wish in wishes:
        for code, _ in parse_accept_lang_header(wish.replace("_", "-").lower()):
            if code.split("-")[0] in LANGUAGES:
                return code.split("-")[0]
    return otherwise
