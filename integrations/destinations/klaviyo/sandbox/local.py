"""The controls of a sandbox in this process."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from integrations.destinations.sandbox.faults import FaultSettings

from .controls import Controls
from .gateway import Gateway
from .profiles import Profile
from .resources import moment
from .store import Account, Event

Json = dict[str, Any]

COUNTERS = ("requests", "received", "recorded", "duplicates", "refused", "throttled", "faults")


class LocalControls(Controls):
    """Reads and changes a gateway directly; see `Controls` for what each method means."""

    def __init__(self, gateway: Gateway) -> None:
        self.url = ""
        self._gateway = gateway
        self._store = gateway.store

    def add_account(
        self,
        key: str,
        *,
        public_key: str | None = None,
        name: str | None = None,
        timezone: str = "America/New_York",
        currency: str = "USD",
        scopes: Iterable[str] | None = None,
    ) -> Json:
        account = self._store.add_key(
            key, public_key=public_key, name=name, timezone=timezone, currency=currency, scopes=scopes
        )
        return self._describe_account(account)

    def revoke_key(self, key: str) -> None:
        self._store.require_key(key).revoked = True

    def restore_key(self, key: str) -> None:
        self._store.require_key(key).revoked = False

    def add_metric(self, account: str, name: str, *, integration: str, category: str) -> Json:
        metric = self._store.account(account).metric(name, integration, category, self._gateway.now())
        return {"id": metric.id, "name": metric.name, "integration": integration}

    def accounts(self) -> list[Json]:
        return [self._describe_account(account) for account in self._some(None)]

    def events(self, account: str | None = None) -> list[Json]:
        return [describe_event(event, found) for found in self._some(account) for event in list(found.events.values())]

    def profiles(self, account: str | None = None) -> list[Json]:
        return [describe_profile(profile, found) for found in self._some(account) for profile in list(found.profiles)]

    def metrics(self, account: str | None = None) -> list[Json]:
        return [
            {"id": metric.id, "account": found.public_key, "name": metric.name, "integration": integration}
            for found in self._some(account)
            for (_, integration), metric in list(found.metrics.items())
        ]

    def lists(self, account: str | None = None) -> list[Json]:
        return [
            {
                "id": item.id,
                "account": found.public_key,
                "name": item.name,
                "opt_in_process": item.opt_in_process,
                "profiles": [profile.id for profile in list(found.profiles) if item.id in profile.lists],
            }
            for found in self._some(account)
            for item in list(found.lists.values())
        ]

    def counters(self, account: str | None = None) -> dict[str, int]:
        described = [self._counters(found) for found in self._some(account)]
        return {name: sum(counters[name] for counters in described) for name in (*COUNTERS, "pending")}

    def receipts(self, account: str | None = None) -> dict[str, int]:
        total: dict[str, int] = {}
        for found in self._some(account):
            with found.lock:
                for unique_id, count in found.receipts.items():
                    total[unique_id] = total.get(unique_id, 0) + count
        return total

    def requests(self, account: str | None = None, *, bodies: bool = False) -> list[Json]:
        public_key = None if account is None else self._store.account(account).public_key
        entries = self._gateway.journal.all()
        return [entry.describe(with_body=bodies) for entry in entries if public_key in (None, entry.account)]

    def fault(self, kind: str, **settings: Any) -> int:
        return self._gateway.faults.add(FaultSettings(kind, **settings))

    def script(self, unique_id: str, kinds: Iterable[str], **settings: Any) -> None:
        for kind in kinds:
            self.fault(kind, unique_id=unique_id, times=1, **settings)

    def faults(self) -> list[Json]:
        return self._gateway.faults.all()

    def clear_faults(self, number: int | None = None) -> None:
        self._gateway.faults.clear(number)

    def refuse_email(self, *emails: str) -> None:
        options = self._gateway.options
        refused = {email.lower() for email in emails}
        options.refused_emails = options.refused_emails | refused if refused else frozenset()

    def configure(
        self,
        *,
        strict_bulk: bool | None = None,
        pointers: bool | None = None,
        processing_delay: float | None = None,
        first_flow_delay: float | None = None,
    ) -> None:
        options = self._gateway.options
        if strict_bulk is not None:
            options.strict_bulk = strict_bulk
        if pointers is not None:
            options.pointers = pointers
        if processing_delay is not None:
            options.processing_delay = timedelta(seconds=processing_delay)
        if first_flow_delay is not None:
            options.first_flow_delay = timedelta(seconds=first_flow_delay)

    def set_limits(self, scale: float | None) -> None:
        self._gateway.limiter.set_scale(scale)

    def reset(self) -> None:
        self._store.clear()
        self._gateway.faults.clear()
        self._gateway.journal.clear()
        self._gateway.limiter.set_scale(self._gateway.limiter.scale)
        self.refuse_email()

    def _some(self, account: str | None) -> list[Account]:
        """Accounts with everything processed that is due."""
        found = self._store.some(account)
        for one in found:
            one.settle(self._gateway.now(), self._gateway.options.first_flow_delay)
        return found

    def _describe_account(self, account: Account) -> Json:
        return {
            "public_key": account.public_key,
            "name": account.name,
            "timezone": account.timezone,
            "currency": account.currency,
            "counters": self._counters(account),
        }

    @staticmethod
    def _counters(account: Account) -> dict[str, int]:
        return {**{name: account.counters[name] for name in COUNTERS}, "pending": account.pending}


def describe_event(event: Event, account: Account) -> Json:
    """An event with all that the API itself does not show: unique_id, value, backfill, flows."""
    given = event.given
    return {
        "id": event.id,
        "account": account.public_key,
        "metric": event.metric.name,
        "integration": event.metric.integration["name"],
        "profile_id": event.profile.id,
        **{name: event.profile.identifiers.get(name) for name in ("email", "phone_number", "external_id")},
        "time": moment(event.time),
        "received_at": moment(given.received_at),
        "value": given.value,
        "value_currency": given.value_currency,
        "unique_id": given.unique_id,
        "backfill": given.backfill,
        "would_trigger_flows": event.would_trigger_flows,
        "operation": given.operation,
        "properties": given.properties,
    }


def describe_profile(profile: Profile, account: Account) -> Json:
    """A profile with its lists, what it consented to, and the number of its events."""
    return {
        "id": profile.id,
        "account": account.public_key,
        **{name: profile.identifiers.get(name) for name in ("email", "phone_number", "external_id")},
        "anonymous_id": profile.identifiers.get("anonymous_id"),
        **profile.fields,
        "location": dict(profile.location),
        "properties": dict(profile.properties),
        "lists": sorted(profile.lists),
        **profile.consents.describe(),
        "events": len(profile.recorded),
        "created": moment(profile.created),
        "updated": moment(profile.updated),
    }
