"""What a test or a demo may ask and change: one set of methods, the same in this process and over HTTP."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

Json = dict[str, Any]


class Controls(Protocol):
    """The methods that `Sandbox` and `RemoteSandbox` share. `account` is a private or a public key; None means all."""

    url: str

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
        """Create an account, or give one more key to the account `public_key`. All scopes by default."""

    def revoke_key(self, key: str) -> None:
        """Answer 401 to this key from now on."""

    def restore_key(self, key: str) -> None:
        """Let a revoked key in again."""

    def add_metric(self, account: str, name: str, *, integration: str, category: str) -> Json:
        """Seed a metric of another integration, such as "Shopify" with the category "eCommerce"."""

    def accounts(self) -> list[Json]:
        """All accounts with their counters."""

    def events(self, account: str | None = None) -> list[Json]:
        """Recorded events in the order in which they were processed."""

    def profiles(self, account: str | None = None) -> list[Json]:
        """Profiles in the order of their creation, with the ids of their lists and what they consented to: `consent` is
        channel -> {state, at, custom_source}, beside `suppressions` (reasons) and `pending` (channels not yet confirmed)."""

    def metrics(self, account: str | None = None) -> list[Json]:
        """Metrics with the name of their integration."""

    def lists(self, account: str | None = None) -> list[Json]:
        """Lists with the ids of their profiles."""

    def counters(self, account: str | None = None) -> dict[str, int]:
        """Events `received` (= `recorded` + `duplicates` + `pending`), and requests: all `requests`, and how many of
        them were `refused` (4xx), `throttled` (429) or struck by `faults`."""

    def receipts(self, account: str | None = None) -> dict[str, int]:
        """How often each unique_id was accepted for processing, also where the answer was then lost."""

    def requests(self, account: str | None = None, *, bodies: bool = False) -> list[Json]:
        """The journal of API requests, oldest first; with their parsed bodies on demand."""

    def fault(self, kind: str, **settings: Any) -> int:
        """Switch a fault on: see FaultSettings. Returns its number."""

    def script(self, unique_id: str, kinds: Iterable[str], **settings: Any) -> None:
        """Faults for the next requests that carry this unique_id, one each, in this order; "none" lets one pass."""

    def faults(self) -> list[Json]:
        """Faults that are switched on."""

    def clear_faults(self, number: int | None = None) -> None:
        """Switch one fault off, or all of them."""

    def refuse_email(self, *emails: str) -> None:
        """Treat these addresses as invalid from now on; none: treat all as usual again."""

    def configure(
        self,
        *,
        strict_bulk: bool | None = None,
        pointers: bool | None = None,
        processing_delay: float | None = None,
        first_flow_delay: float | None = None,
    ) -> None:
        """Change options (delays in seconds); None leaves one as it is."""

    def set_limits(self, scale: float | None) -> None:
        """Multiply all rate limits, or switch them off with None; what was used is forgotten."""

    def reset(self) -> None:
        """Forget accounts, requests and faults. Options stay."""
