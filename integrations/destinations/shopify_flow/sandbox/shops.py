"""The shops of the sandbox: who may ask, what each may still ask for, and what each received."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import Any

ALL_SCOPES = frozenset({"read_customers", "read_orders"})
OPEN_TOKEN = "shpat_sandbox_"  # noqa: S105
"""A token that begins so opens any shop, where shops are open."""


@dataclass(slots=True)
class Bucket:
    """Shopify's bucket of query cost: it holds `most` points, and `rate` of them are restored each second."""

    most: float = 2000.0
    rate: float = 100.0
    level: float = field(init=False)
    at: float = 0.0

    def __post_init__(self) -> None:
        self.level = self.most

    def take(self, cost: float, now: float) -> bool:
        """Use so many points. False where they are not there; then nothing is used."""
        self.level = min(self.most, self.level + max(0.0, now - self.at) * self.rate)
        self.at = now
        if cost > self.level:
            return False
        self.level -= cost
        return True


@dataclass(frozen=True, slots=True)
class Run:
    """One accepted trigger: workflows that begin with it would have run."""

    at: datetime
    shop: str
    handle: str
    payload: dict[str, Any]

    def describe(self) -> dict[str, Any]:
        """The run as plain data."""
        return {"at": self.at.isoformat(), "shop": self.shop, "handle": self.handle, "payload": self.payload}


@dataclass(slots=True)
class Shop:
    """One shop. `triggers` are the handles that the app deployed, None for any. A token that is "" opens nothing."""

    domain: str
    number: int
    token: str
    scopes: frozenset[str] = ALL_SCOPES
    triggers: frozenset[str] | None = None
    bucket: Bucket = field(default_factory=Bucket)
    runs: list[Run] = field(default_factory=list)

    @property
    def name(self) -> str:
        """What people call it."""
        return self.domain.partition(".")[0].replace("-", " ").title()


class Shops:
    """All shops. Threads may share it; a shop's own state is changed under `lock`."""

    def __init__(self, *, are_open: bool) -> None:
        self.lock = Lock()
        self._are_open = are_open
        self._shops: dict[str, Shop] = {}

    def add(
        self, domain: str, token: str, *, scopes: Collection[str] | None = None, triggers: Collection[str] | None = None
    ) -> Shop:
        """Open a shop, or give it another token, other scopes and other triggers."""
        with self.lock:
            shop = self._shops.setdefault(domain, Shop(domain, 7_000_000 + len(self._shops), token))
            shop.token = token
            shop.scopes = ALL_SCOPES if scopes is None else frozenset(scopes)
            shop.triggers = None if triggers is None else frozenset(triggers)
            return shop

    def find(self, domain: str, token: str) -> Shop | None:
        """The shop that the token opens; None where there is none."""
        shop = self._shops.get(domain)
        if shop is None and self._are_open and token.startswith(OPEN_TOKEN):
            shop = self.add(domain, token)
        return shop if shop and token and shop.token == token else None

    def get(self, domain: str) -> Shop:
        """Raises `KeyError` for a shop that was never heard of."""
        return self._shops[domain]

    def all(self) -> list[Shop]:
        """Every shop."""
        return list(self._shops.values())
