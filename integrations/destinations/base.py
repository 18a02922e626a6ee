"""What the delivery engine asks of a destination, and what a destination may answer.

A destination knows one vendor's HTTP. It never touches the database, never sleeps and never retries: it sends what it is
given once, and says by its return value or by the class of its error what the engine does next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from integrations.catalog import Metric


class Profile(NamedTuple):
    """The shopper as the destination shall know them when the event is sent.

    `email` or `phone` (E.164) identifies; the other may be empty. `external_id` is the shopper's id in the system that the
    destination knows shoppers by (`Destination.knows_by`), "" where there is none. `properties` are the customer's current custom
    properties; a name or property that is not known is left out, so that it never clears what the destination has.
    """

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    organization: str = ""
    properties: Mapping[str, Any] = MappingProxyType({})
    external_id: str = ""


class Outgoing(NamedTuple):
    """One event on its way to a destination, with all that the request needs.

    `metric` is its key in the catalogue, `metric_name` the name that people gave it. `properties` is a JSON object as text: it
    is spliced into the request unparsed. `value` is an amount in major units of `value_currency` (ISO 4217). `backfill` means:
    record the event, trigger no flow.
    """

    delivery_id: int
    unique_id: str
    metric_name: str
    occurred_at: datetime
    properties: str
    profile: Profile
    value: Decimal | None = None
    value_currency: str = ""
    backfill: bool = False
    metric: str = ""


class Change(NamedTuple):
    """One change of a shopper's profile on its way to a destination. `kind` is one of `ProfileChange.Kind`.

    `identifier` is by what the shopper's events go. `email` and `phone` (E.164) name the profile that is meant, `channels` what a
    subscription is about, `details` what the kind needs. `is_late`: time has passed since `asked_at`, when the shopper acted, or
    an earlier request may have arrived, so that the destination may have heard something newer from the shopper itself.
    """

    delivery_id: int
    kind: str
    identifier: str
    asked_at: datetime
    email: str = ""
    phone: str = ""
    channels: tuple[str, ...] = ()
    list_id: str = ""
    source: str = ""
    details: Mapping[str, Any] = MappingProxyType({})
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """One rate limit window as the destination's answer described it: `limit` requests in `seconds`."""

    limit: int
    seconds: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came back for one request: kept as a DeliveryAttempt, whatever the outcome.

    `status` is the HTTP status, or 0 where no answer came. `request_id` is the destination's own id of the request.
    `partial_failure` names what the destination took the request without (Klaviyo: `phone_number`). `windows` and
    `remaining` repeat the rate-limit headers where there were any; `remaining` counts requests in the tightest window.
    `left_out` are the places of items of which the destination was told nothing, because the shopper had opted out there since.
    """

    status: int
    duration_ms: int
    request_id: str = ""
    partial_failure: str = ""
    windows: tuple[Window, ...] = ()
    remaining: int | None = None
    left_out: tuple[int, ...] = ()


class Carrying(NamedTuple):
    """How changes of one kind travel: the most in one request, and the rate limits until an answer's headers say otherwise."""

    most: int
    limits: Sequence[Window]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that the destination found wrong. `index` is the item's place in the request, None where it named none."""

    detail: str
    index: int | None = None
    code: str = ""
    pointer: str = ""
    duplicate: bool = False


class DeliveryError(Exception):
    """A request that did not succeed; the subclass says what the caller does next."""

    def __init__(self, detail: str, receipt: Receipt) -> None:
        super().__init__(detail)
        self.detail = detail
        self.receipt = receipt


class Rejected(DeliveryError):
    """These items never: the destination refused what was in the request, and nothing of it was taken."""

    def __init__(self, detail: str, receipt: Receipt, faults: Sequence[Fault]) -> None:
        super().__init__(detail, receipt)
        self.faults = tuple(faults)


class Unavailable(DeliveryError):
    """Later: back off and send again.

    `ambiguous` says that the request may have arrived all the same. `throttled` says that a rate limit refused it: then it
    did not arrive and costs the events no attempt. `retry_after` is the wait the destination asked for, in seconds.
    """

    def __init__(
        self,
        detail: str,
        receipt: Receipt,
        *,
        ambiguous: bool = False,
        throttled: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(detail, receipt)
        self.ambiguous = ambiguous
        self.throttled = throttled
        self.retry_after = retry_after


class ConnectionPaused(DeliveryError):
    """The whole connection waits for a person: `reason` is "auth" (bad key) or "scope" (the key may not do this)."""

    def __init__(self, detail: str, receipt: Receipt, reason: str) -> None:
        super().__init__(detail, receipt)
        self.reason = reason


class Unsupported(DeliveryError):
    """Our own mistake, or the endpoint is gone (404, 405, 410, 415, a redirect): wait, tell an operator, drop nothing."""


@dataclass(frozen=True, slots=True)
class Account:
    """The account that a key belongs to, and what the key lacks."""

    id: str
    name: str
    public_key: str
    timezone: str
    currency: str
    missing_scopes: tuple[str, ...] = ()
    foreign_metrics: Mapping[str, str] = field(default_factory=dict)
    """Name of a metric that exists in the account -> the other integration that sends it."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """Ids of the list and the profile that Tidings keeps in every account."""

    list_id: str
    profile_id: str


@dataclass(frozen=True, slots=True)
class SuppressedPage:
    """E-mail addresses that a destination holds suppressed, and the cursor of the next page, "" on the last one."""

    emails: tuple[str, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class KeyWords:
    """What people are told about the key of a connection.

    `name` is what the vendor calls it, `where` where it is made. `address` is what stands for the account beside the key, ""
    where the key alone says whose it is.
    """

    name: str
    where: str
    address: str = ""


class Session(Protocol):
    """A pool of connections to one account. Safe to use from several threads at once; `close()` when done."""

    def send_one(self, item: Outgoing) -> Receipt:
        """Send one event. Raises a `DeliveryError`.

        Where the destination `ignores_repeats`, sending the same `unique_id` again is harmless.
        """

    def send_bulk(self, items: Sequence[Outgoing]) -> Receipt:
        """Send up to `Destination.bulk_items` events in one request: all are taken or none. Raises a `DeliveryError`.

        Never called where `bulk_items` is 1.
        """

    def send_changes(self, changes: Sequence[Change]) -> Receipt:
        """Carry out changes of one kind, list and source: all are taken or none. Sending them again is harmless.

        Only of kinds that are among `Destination.changes`. Raises a `DeliveryError`.
        """

    def close(self) -> None:
        """Give the connections back."""


class Destination(Protocol):
    """One kind of destination. What it can do stands here; the engine, the forms and the pages ask nothing else of it.

    The limits hold until an answer's headers say otherwise; they are counted for each connection and way of sending.
    """

    kind: str
    label: str
    key: KeyWords
    bulk_items: int
    """The most events in one request; 1: they all go singly."""
    bulk_bytes: int
    single_limits: Sequence[Window]
    bulk_limits: Sequence[Window]
    changes: Mapping[str, Carrying]
    """Kinds of changes of profiles that there are. A connection is asked for no others."""
    ignores_repeats: bool
    """Whether a repeated `unique_id` is recognised. Where it is not, what may have arrived is never sent again unasked."""
    records_backfill: bool
    """Whether an event can be recorded without starting anything. Where it cannot, old events are not sent."""
    knows_by: str
    """The source of the customer ids (`CustomerExternalId`) that name shoppers there, "" where an address or number does."""

    def carries(self, metric: Metric[Any]) -> bool:
        """Whether events of that metric can be told there."""

    def open(self, secret: str, address: str) -> Session:
        """Open a session with a connection's secret and address. No request is made."""

    def problems(self, item: Outgoing, *, at: datetime) -> list[str]:
        """What the destination would refuse in this event `at` that instant, in plain words; empty when nothing.

        It keeps one bad event from failing a batch.
        """

    def change_problems(self, change: Change) -> list[str]:
        """What the destination would refuse in this change, in plain words; empty when nothing."""

    def request(self, item: Outgoing, address: str) -> str:
        """The request that sends one event, as text for people; it holds no secret."""

    def batches(self, items: Sequence[Outgoing]) -> list[list[Outgoing]]:
        """Cut `items` into bulk requests within `bulk_items` and `bulk_bytes`, in order."""

    def inspect(self, secret: str, address: str, metric_names: Sequence[str]) -> Account:
        """Ask live whose the key is and what it lacks; say which of `metric_names` another integration sends already.

        Raises `ConnectionPaused` for a wrong key and `Unavailable` when no answer came.
        """

    def ensure_defaults(self, secret: str, address: str, *, name: str, email: str) -> Defaults:
        """Look up the list called `name` and the profile of `email`; create what is missing. Raises a `DeliveryError`.

        Where a destination keeps nothing of the kind, the ids are "".
        """

    def suppressed(self, secret: str, address: str, *, cursor: str) -> SuppressedPage:
        """Read a page of the addresses that are suppressed there, for whatever reason; `cursor` "" is the first one.

        Only where "suppress" is among the `changes`. Raises a `DeliveryError`.
        """
