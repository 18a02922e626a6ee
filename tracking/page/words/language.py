"""What there is to say on the shopper's page, and how days and moments are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One language. `headlines` are by status of an order or parcel, `scans` by sub-status or status of a scan.

    A status that is not among `scans` is said of a scan as it is of a parcel.
    """

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
    wish: str
    wished: str
    updates_title: str
    updates: str
    email: str
    phone: str
    phone_hint: str
    either: str
    sign_up: str
    signed_up: str
    signed_up_for_news: str
    no_email: str
    no_phone: str
    nothing_typed: str
    text_changed: str
    enough: str

    def write_day(self, day: date) -> str:
        """A day with its weekday: "Fri, 27 Nov"."""
        return self.day.format(weekday=self.weekdays[day.weekday()], day=day.day, month=self.months[day.month - 1])

    def write_moment(self, moment: datetime) -> str:
        """A day and the time on it, as the moment's own time zone has them."""
        return self.moment.format(day=self.write_day(moment), time=f"{moment:%H:%M}")

    def of_scan(self, status: str, substatus: str) -> str:
        """What a scan says, as exactly as our words allow."""
        return self.scans.get(substatus) or self.scans.get(status) or self.headlines[status]
