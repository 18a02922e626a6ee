"""What a shopper's page says of an order: made of its rows, in one language, for one instant. Reads nothing.

Of the shopper it tells the first name, and where a parcel was scanned. Carriers' messages, the shop's page of the order (its
address opens the account) and every other column about people stay out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from tracking import statuses
from tracking.carrier_names import friendly_name
from tracking.models import OrderLine, Scan, Shipment
from tracking.page import zones
from tracking.page.reading import Followed
from tracking.page.words import LANGUAGES, Words

# What fits into 100 KB even where every text is as long as it may be.
MOST_PARCELS = 8
MOST_ITEMS = 16
MOST_SCANS_OF_PARCEL = 12
NAME_LENGTH = 80

GOOD, LATE, BAD = "good", "late", "bad"
_STEP = {
    statuses.UNKNOWN: 1,
    statuses.PRE_TRANSIT: 1,
    statuses.DELIVERED: 3,
}
_TROUBLE = {statuses.FAILURE, statuses.ERROR, statuses.RETURN_TO_SENDER}


@dataclass(frozen=True, slots=True)
class Item:
    """A line: `quantity` units. `initial` stands where there is no picture. `line` is its id, "" where it cannot be wished for.

    `is_wished`: it was put on the wish list just now; the first of these on the page `is_anchor`.
    """

    name: str
    variant: str
    quantity: int
    image: str
    address: str
    line: str = ""
    is_wished: bool = False
    is_anchor: bool = False

    @property
    def initial(self) -> str:
        """The first letter of its name."""
        return self.name[:1].upper()


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant: for machines, and as a shopper reads it."""

    iso: str
    written: str


@dataclass(frozen=True, slots=True)
class Stop:
    """A scan: when, what, where."""

    when: Moment
    what: str
    where: str


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four steps of a parcel's way. `state` is done, now or ahead."""

    label: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """One parcel. `tone` is good, late, bad, or "" where there is nothing to say."""

    title: str
    headline: str
    tone: str
    lines: list[str]
    steps: list[Step]
    carrier: str
    number: str
    address: str
    stops: list[Stop]
    earlier: str
    items: list[Item]
    more_items: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The whole page."""

    words: Words
    language: str
    title: str
    order: str
    greeting: str
    placed: str
    headline: str
    parcels: list[Parcel]
    more_parcels: str
    waiting: list[Item]
    more_waiting: str
    zone: str


def show(followed: Followed, language: str, *, at: datetime, wished: str = "") -> Shown:
    """The page in that language, as it is at that instant. `wished` is the line that was put on the wish list just now."""
    return _Writer(followed, LANGUAGES[language], at, wished).shown(language)


class _Writer:
    """Writes one page: what all its parts need is at hand."""

    def __init__(self, followed: Followed, words: Words, at: datetime, wished: str) -> None:
        self._followed, self._words, self._wished = followed, words, wished
        self._has_anchor = False
        self._order = followed.dossier.order
        self._parcels = followed.dossier.standing_shipments
        self._zone: Any = zones.of(self._order.destination_country, self._order.merchant.tz)
        self._at = at.astimezone(self._zone)
        self._room = MOST_ITEMS

    def shown(self, language: str) -> Shown:
        words, order = self._words, self._order
        parcels = [self._parcel(number, each) for number, each in enumerate(self._parcels[:MOST_PARCELS], start=1)]
        left = len(self._parcels) - len(parcels)
        waiting, more_waiting = self._items([] if order.cancelled_at else self._followed.dossier.unfulfilled)
        name = self._followed.first_name
        return Shown(
            words=words,
            language=language,
            title=words.title.format(number=order.number),
            order=words.order.format(number=order.number),
            greeting=words.greeting.format(name=name) if name else "",
            placed=words.placed.format(day=words.write_day(order.placed_at.astimezone(self._zone))),
            headline=self._headline(),
            parcels=parcels,
            more_parcels=words.more_parcels.format(count=left) if left else "",
            waiting=waiting,
            more_waiting=more_waiting,
            zone=words.times_of.format(zone=zone_name(self._zone)),
        )

    def _headline(self) -> str:
        words, parcels = self._words, self._parcels
        if not parcels:
            status = self._order.status
            return words.headlines[status if status in ("placed", "cancelled") else "processing"]
        if len(parcels) == 1:
            return self._headline_of(parcels[0])
        arrived = sum(each.status == statuses.DELIVERED for each in parcels)
        told = words.some_arrived if arrived else words.all_on_their_way
        return told.format(arrived=arrived, count=len(parcels))

    def _headline_of(self, parcel: Shipment) -> str:
        return self._words.headlines["attempted" if is_attempt(parcel) else parcel.status]

    def _parcel(self, number: int, parcel: Shipment) -> Parcel:
        words = self._words
        tone, lines = self._outlook(parcel)
        scans = [each for each in self._followed.scans if each.shipment_id == parcel.pk]
        items, more_items = self._items(self._followed.dossier.lines_in(parcel))
        hidden = max(0, len(scans) - MOST_SCANS_OF_PARCEL)
        count = len(self._parcels)
        return Parcel(
            title=words.parcel if count == 1 else words.parcel_of.format(number=number, count=count),
            headline=self._headline_of(parcel),
            tone=tone,
            lines=lines,
            steps=self._steps(parcel),
            carrier=words.by_carrier.format(carrier=friendly_name(parcel.carrier)) if parcel.carrier else "",
            number=parcel.tracking_number,
            address=parcel.carrier_url if parcel.carrier_url.startswith(("https://", "http://")) else "",
            stops=[self._stop(each) for each in scans[:MOST_SCANS_OF_PARCEL]],
            earlier=words.earlier_scans.format(count=hidden) if hidden else "",
            items=items,
            more_items=more_items,
        )

    def _outlook(self, parcel: Shipment) -> tuple[str, list[str]]:
        """Its tone, and what is honestly to be said: when it comes or came, and whether that is late."""
        words = self._words
        if parcel.status == statuses.DELIVERED:
            return GOOD, [self._arrival(parcel)]
        if parcel.status in statuses.TERMINAL:
            return BAD, []
        tone, lines = self._promise(parcel)
        if is_attempt(parcel):
            tone, lines = LATE, [words.tries_again, *lines]
        elif parcel.status in _TROUBLE:
            tone = BAD
        if parcel.stalled_at and parcel.still_since < parcel.stalled_at:
            tone = tone or LATE
            lines.append(words.quiet_since.format(day=words.write_day(self._local(parcel.still_since))))
        return tone, lines

    def _promise(self, parcel: Shipment) -> tuple[str, list[str]]:
        words, today = self._words, self._at.date()
        expected, promised = parcel.expected_on or parcel.promised_on, parcel.promised_on
        delayed = [words.says_delayed] if parcel.substatus in statuses.DELAYED else []
        if expected is None:
            return (LATE if delayed else ""), delayed or [words.no_date]
        told: dict[str, str] = {"day": words.write_day(expected)}
        if expected < today:
            return LATE, [words.overdue.format(**told), *delayed]
        if promised and expected != promised:
            told["promised"] = words.write_day(promised)
            is_late = expected > promised
            sentence = words.expected_later if is_late else words.expected_sooner
            return (LATE if is_late else GOOD), [sentence.format(**told), *delayed]
        sentence = words.expected_today if expected == today else words.expected.format(**told)
        return (LATE if delayed else ""), [sentence, *delayed]

    def _arrival(self, parcel: Shipment) -> str:
        words, promised = self._words, parcel.promised_on
        arrived = self._local(parcel.delivered_at or parcel.status_at)
        told = {"day": words.write_day(arrived)}
        if promised is None or arrived.date() == promised:
            return words.arrived.format(**told)
        sentence = words.arrived_later if arrived.date() > promised else words.arrived_sooner
        return sentence.format(**told, promised=words.write_day(promised))

    def _steps(self, parcel: Shipment) -> list[Step]:
        """None for a parcel that left the way."""
        if parcel.status in _TROUBLE and not is_attempt(parcel):
            return []
        now = _STEP.get(parcel.status, 2)
        return [
            Step(label, "now" if place == now else "done" if place < now else "ahead")
            for place, label in enumerate(self._words.steps)
        ]

    def _stop(self, scan: Scan) -> Stop:
        when = self._local(scan.occurred_at)
        written = Moment(scan.occurred_at.isoformat(), self._words.write_moment(when))
        where = ", ".join(each for each in (scan.city, scan.country) if each)
        return Stop(written, self._words.of_scan(scan.status, scan.substatus), where)

    def _items(self, lines: Sequence[tuple[OrderLine, int]]) -> tuple[list[Item], str]:
        """As many as there is room for on the page, and how many more there are."""
        items = [self._item(line, quantity) for line, quantity in lines[: self._room]]
        self._room -= len(items)
        left = len(lines) - len(items)
        return items, self._words.more_items.format(count=left) if left else ""

    def _item(self, line: OrderLine, quantity: int) -> Item:
        is_wished = self._followed.has_wishes and line.external_id == self._wished
        is_anchor, self._has_anchor = is_wished and not self._has_anchor, self._has_anchor or is_wished
        return Item(
            name=line.product_name[:NAME_LENGTH],
            variant=line.variant_name[:NAME_LENGTH],
            quantity=quantity,
            image=_secure(line.image_url),
            address=_secure(line.product_url),
            line=line.external_id if self._followed.has_wishes else "",
            is_wished=is_wished,
            is_anchor=is_anchor,
        )

    def _local(self, moment: datetime) -> datetime:
        return moment.astimezone(self._zone)


def is_attempt(parcel: Shipment) -> bool:
    """Whether it could not be handed over, and the carrier will try again."""
    return parcel.status == statuses.FAILURE and parcel.substatus == statuses.DELIVERY_ATTEMPTED


def zone_name(zone: tzinfo) -> str:
    """For people: "New York" of America/New_York."""
    return str(zone).rpartition("/")[2].replace("_", " ")


def _secure(address: str) -> str:
    """An https address; a page that is safe loads and leads to no other."""
    return address if address.startswith("https://") else ""
