"""The controls of a sandbox that runs in another process, over its control API."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

from .controls import Controls

Json = dict[str, Any]


class RemoteRefused(Exception):
    """The sandbox did not carry the command out; the message says why. Correct the call."""


class RemoteSandbox(Controls):
    """Offers the methods of `Controls` by calling `POST /sandbox/<method>`; see there for what each one means."""

    def __init__(self, url: str, *, timeout: float = 10.0) -> None:
        self.url = url.rstrip("/")
        self._timeout = timeout

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
        answer: Json = self._call(
            "add_account",
            key=key,
            public_key=public_key,
            name=name,
            timezone=timezone,
            currency=currency,
            scopes=None if scopes is None else list(scopes),
        )
        return answer

    def revoke_key(self, key: str) -> None:
        self._call("revoke_key", key=key)

    def restore_key(self, key: str) -> None:
        self._call("restore_key", key=key)

    def add_metric(self, account: str, name: str, *, integration: str, category: str) -> Json:
        answer: Json = self._call("add_metric", account=account, name=name, integration=integration, category=category)
        return answer

    def accounts(self) -> list[Json]:
        return self._list("accounts")

    def events(self, account: str | None = None) -> list[Json]:
        return self._list("events", account=account)

    def profiles(self, account: str | None = None) -> list[Json]:
        return self._list("profiles", account=account)

    def metrics(self, account: str | None = None) -> list[Json]:
        return self._list("metrics", account=account)

    def lists(self, account: str | None = None) -> list[Json]:
        return self._list("lists", account=account)

    def counters(self, account: str | None = None) -> dict[str, int]:
        answer: dict[str, int] = self._call("counters", account=account)
        return answer

    def receipts(self, account: str | None = None) -> dict[str, int]:
        answer: dict[str, int] = self._call("receipts", account=account)
        return answer

    def requests(self, account: str | None = None, *, bodies: bool = False) -> list[Json]:
        return self._list("requests", account=account, bodies=bodies)

    def fault(self, kind: str, **settings: Any) -> int:
        return int(self._call("fault", kind=kind, **settings))

    def script(self, unique_id: str, kinds: Iterable[str], **settings: Any) -> None:
        self._call("script", unique_id=unique_id, kinds=list(kinds), **settings)

    def faults(self) -> list[Json]:
        return self._list("faults")

    def clear_faults(self, number: int | None = None) -> None:
        self._call("clear_faults", number=number)

    def refuse_email(self, *emails: str) -> None:
        self._call("refuse_email", emails=list(emails))

    def configure(
        self,
        *,
        strict_bulk: bool | None = None,
        pointers: bool | None = None,
        processing_delay: float | None = None,
        first_flow_delay: float | None = None,
    ) -> None:
        self._call(
            "configure",
            strict_bulk=strict_bulk,
            pointers=pointers,
            processing_delay=processing_delay,
            first_flow_delay=first_flow_delay,
        )

    def set_limits(self, scale: float | None) -> None:
        self._call("set_limits", scale=scale)

    def reset(self) -> None:
        self._call("reset")

    def _list(self, method: str, **arguments: Any) -> list[Json]:
        answer: list[Json] = self._call(method, **arguments)
        return answer

    def _call(self, method: str, **arguments: Any) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the address comes from whoever runs the test
            f"{self.url}/sandbox/{method}",
            data=json.dumps(arguments).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=self._timeout) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as error:
            raise RemoteRefused(error.read().decode("utf-8", "replace")) from error
