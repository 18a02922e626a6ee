"""What the sandbox remembers: accounts, keys, metrics, events, lists. In memory, one lock for each account."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import RLock
from typing import Any

from .profiles import Profile, ProfileBook, ProfileInput
from .rules import parse_time

Json = dict[str, Any]

ALL_SCOPES = frozenset(
    f"{resource}:{action}"
    for resource in ("accounts", "metrics", "events", "profiles", "lists", "subscriptions")
    for action in ("read", "write")
) | {"data-privacy:write"}
FLOW_WINDOW = timedelta(hours=4)
"""An event this late still enters flows; a longer first delay of the flow extends it."""

_OPEN_KEY = re.compile(r"pk_sandbox_[a-z0-9_]+")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def short_id(*parts: str) -> str:
    """Six letters and digits, as Klaviyo's own, the same for the same parts."""
    number = int.from_bytes(hashlib.sha256("\0".join(parts).encode()).digest()[:8])
    return "".join(_LETTERS[number // len(_LETTERS) ** place % len(_LETTERS)] for place in range(6))


def integration(name: str, category: str) -> Json:
    """The `integration` object of a metric. Klaviyo leaves its content untyped; this has the keys that are seen."""
    key = name.lower().replace(" ", "-")
    return {"object": "integration", "id": short_id("integration", key), "key": key, "name": name, "category": category}


@dataclass(frozen=True, slots=True)
class Metric:
    """A kind of event in one account. The same name under another integration is another metric."""

    id: str
    number: int
    name: str
    integration: Json
    created: datetime


@dataclass(frozen=True, slots=True)
class EventInput:
    """An event that passed all rules and waits to be processed."""

    profile: ProfileInput
    metric: str
    service: str | None
    time: datetime | None
    value: float | None
    value_currency: str | None
    unique_id: str | None
    backfill: bool
    properties: Json
    operation: str
    received_at: datetime

    @classmethod
    def from_attributes(
        cls, attributes: Json, profile: Json, *, backfill: bool, operation: str, received_at: datetime
    ) -> EventInput:
        """Read the attributes of an event and its profile resource. `backfill` holds where the event has none."""
        metric = attributes["metric"]["data"]["attributes"]
        own_backfill = attributes.get("backfill")
        return cls(
            profile=ProfileInput.from_resource(profile),
            metric=metric["name"],
            service=metric.get("service"),
            time=parse_time(attributes["time"]) if attributes.get("time") else None,
            value=attributes.get("value"),
            value_currency=attributes.get("value_currency"),
            unique_id=attributes.get("unique_id"),
            backfill=backfill if own_backfill is None else own_backfill,
            properties=attributes["properties"],
            operation=operation,
            received_at=received_at,
        )

    @property
    def occurred_at(self) -> datetime:
        """The time to the second, in UTC; the time of receipt where none was given."""
        return (self.time or self.received_at).astimezone(UTC).replace(microsecond=0)

    @property
    def key(self) -> str:
        """What makes the event one of its kind for its profile and metric: unique_id, else the epoch second."""
        return self.unique_id or str(int(self.occurred_at.timestamp()))

    @property
    def metric_key(self) -> tuple[str, str]:
        """Name and integration name of the metric."""
        return self.metric, "API" if self.service in (None, "", "api") else str(self.service)


@dataclass(slots=True, eq=False)
class Event:
    """An event on record. Its profile changes only when two profiles are merged."""

    id: str
    uuid: str
    number: int
    metric: Metric
    profile: Profile
    time: datetime
    given: EventInput
    would_trigger_flows: bool


@dataclass(slots=True, eq=False)
class List:
    """A list. Who is on it stands with the profiles."""

    id: str
    number: int
    name: str
    opt_in_process: str
    created: datetime
    updated: datetime


@dataclass(slots=True)
class Account:
    """One Klaviyo account. Hold `lock` for anything that reads and then writes."""

    public_key: str
    name: str
    timezone: str
    currency: str
    profiles: ProfileBook = field(default_factory=ProfileBook)
    metrics: dict[tuple[str, str], Metric] = field(default_factory=dict)
    events: dict[str, Event] = field(default_factory=dict)
    lists: dict[str, List] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    opt_in_process: str = "double_opt_in"
    counters: Counter[str] = field(default_factory=Counter)
    receipts: Counter[str] = field(default_factory=Counter)
    lock: RLock = field(default_factory=RLock, repr=False)
    _pending: deque[tuple[datetime, EventInput]] = field(default_factory=deque)

    def accept(self, events: Iterable[EventInput], *, delay: timedelta, flow_window: timedelta) -> None:
        """Take events for processing: at once, or `delay` after their receipt."""
        with self.lock:
            for event in events:
                self.counters["received"] += 1
                if event.unique_id:
                    self.receipts[event.unique_id] += 1
                if delay or self._pending:
                    self._pending.append((event.received_at + delay, event))
                else:
                    self._record(event, event.received_at, flow_window)

    def settle(self, now: datetime, flow_window: timedelta) -> None:
        """Process what is due. Every read calls this first, so that no thread of its own is needed."""
        if not self._pending:
            return
        with self.lock:
            while self._pending and self._pending[0][0] <= now:
                due_at, event = self._pending.popleft()
                self._record(event, due_at, flow_window)

    @property
    def pending(self) -> int:
        """Events accepted and not yet processed."""
        return len(self._pending)

    def is_recorded(self, event: EventInput) -> bool:
        """Whether an event of this profile, metric and unique_id is on record."""
        profile, metric = self.profiles.find(event.profile), self.metrics.get(event.metric_key)
        return profile is not None and metric is not None and (metric.id, event.key) in profile.recorded

    def metric(self, name: str, integration_name: str, category: str, at: datetime) -> Metric:
        """The metric of that name and integration, created on first use."""
        with self.lock:
            metric = self.metrics.get((name, integration_name))
            if metric is None:
                identifier = short_id(self.public_key, name, integration_name)
                metric = Metric(identifier, len(self.metrics), name, integration(integration_name, category), at)
                self.metrics[name, integration_name] = metric
            return metric

    def create_list(self, name: str, opt_in_process: str | None, at: datetime) -> List:
        """A new list; names need not be unique, as at Klaviyo."""
        with self.lock:
            number = len(self.lists) + 1
            identifier = short_id(self.public_key, "list", str(number))
            self.lists[identifier] = List(identifier, number, name, opt_in_process or "double_opt_in", at, at)
            return self.lists[identifier]

    def forget(self, profile: Profile) -> None:
        """Delete a person and their events."""
        self.events = {key: event for key, event in self.events.items() if event.profile is not profile}
        self.profiles.remove(profile)

    def _record(self, given: EventInput, at: datetime, flow_window: timedelta) -> None:
        profile, _ = self.profiles.upsert(given.profile, at)
        metric = self.metric(*given.metric_key, "API", at)
        if (metric.id, given.key) in profile.recorded:
            self.counters["duplicates"] += 1
            return
        age = given.received_at - (given.time or given.received_at)
        number, identifier = len(self.events) + 1, uuid.uuid4()
        event = Event(
            id=f"{identifier.hex[:6]}{number}",
            uuid=str(identifier),
            number=number,
            metric=metric,
            profile=profile,
            time=given.occurred_at,
            given=given,
            would_trigger_flows=not given.backfill and age <= max(FLOW_WINDOW, flow_window),
        )
        profile.recorded[metric.id, given.key] = event
        profile.last_event_at = max(profile.last_event_at or event.time, event.time)
        self.events[event.id] = event
        self.counters["recorded"] += 1


@dataclass(slots=True)
class Key:
    """A private key: whose it is and what it may do."""

    account: Account
    scopes: frozenset[str]
    revoked: bool = False


class AccountUnknown(LookupError):
    """No account has that private or public key: create it first."""


class Store:
    """All accounts and keys. `open_accounts` gives every key `pk_sandbox_<name>` an account on first use."""

    def __init__(self, *, open_accounts: bool) -> None:
        self.open_accounts = open_accounts
        self.accounts: dict[str, Account] = {}
        self.keys: dict[str, Key] = {}
        self._lock = RLock()

    def add_key(
        self,
        private_key: str,
        *,
        public_key: str | None = None,
        name: str | None = None,
        timezone: str = "America/New_York",
        currency: str = "USD",
        scopes: Iterable[str] | None = None,
    ) -> Account:
        """Give a key to an account; the account is created if `public_key` names none yet. All scopes by default."""
        public = public_key or short_id("account", private_key)
        label = name or private_key.removeprefix("pk_").removeprefix("sandbox_").replace("_", " ").title()
        with self._lock:
            account = self.accounts.get(public)
            if account is None:
                account = self.accounts[public] = Account(public, label, timezone, currency)
            self.keys[private_key] = Key(account, ALL_SCOPES if scopes is None else frozenset(scopes))
            return account

    def key(self, private_key: str) -> Key | None:
        """The key, revoked or not, or None if nobody has it."""
        key = self.keys.get(private_key)
        if key is None and self.open_accounts and _OPEN_KEY.fullmatch(private_key):
            self.add_key(private_key)
            key = self.keys[private_key]
        return key

    def public(self, public_key: str) -> Key | None:
        """What the public key of an account lets anybody do, or None if no account has it."""
        account = self.accounts.get(public_key)
        return None if account is None else Key(account, frozenset())

    def require_key(self, private_key: str) -> Key:
        """The key, revoked or not, or AccountUnknown."""
        if private_key not in self.keys:
            raise AccountUnknown("no such key")
        return self.keys[private_key]

    def clear(self) -> None:
        """Forget all accounts and keys."""
        with self._lock:
            self.accounts.clear()
            self.keys.clear()

    def account(self, name: str) -> Account:
        """The account that a private or public key names, or AccountUnknown."""
        key = self.keys.get(name)
        account = key.account if key else self.accounts.get(name)
        if account is None:
            raise AccountUnknown("no such account")
        return account

    def some(self, name: str | None) -> list[Account]:
        """That account, or all of them for None."""
        return list(self.accounts.values()) if name is None else [self.account(name)]
