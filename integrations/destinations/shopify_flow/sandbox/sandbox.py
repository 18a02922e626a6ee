"""The sandbox in this process: a server, its shops and its controls."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from types import TracebackType
from typing import Any

from integrations.destinations.sandbox.faults import FaultBook, FaultSettings
from integrations.destinations.sandbox.server import SandboxServer
from integrations.destinations.sandbox.wire import Reply, Request

from . import page
from .gateway import MAX_BODY_BYTES, Entry, Gateway
from .shops import Shop, Shops


class FlowSandbox:
    """A running Shopify. Port 0 takes a free port.

    `are_open`: a token that begins with `shpat_sandbox_` opens any shop on first use; without it, shops are made by `add_shop`
    only. `clock` gives the epoch seconds and restores what requests cost.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        are_open: bool = True,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._shops = Shops(are_open=are_open)
        self._gateway = Gateway(self._shops, FaultBook(), clock)
        self._server = SandboxServer(host, port, self._answer, self._gateway.too_large, most_bytes=MAX_BODY_BYTES)
        self.url = f"http://{host}:{int(self._server.server_address[1])}"

    def __enter__(self) -> FlowSandbox:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def add_shop(
        self, domain: str, token: str, *, scopes: Collection[str] | None = None, triggers: Collection[str] | None = None
    ) -> Shop:
        """Open a shop, or change it: its token, its scopes (None: all), the handles of its triggers (None: any)."""
        return self._shops.add(domain, token, scopes=scopes, triggers=triggers)

    def limit(self, domain: str, *, most: float, rate: float) -> None:
        """Give a shop another bucket, filled to the brim."""
        bucket = self._shops.get(domain).bucket
        bucket.most, bucket.rate, bucket.level = most, rate, most

    def received(self, domain: str | None = None) -> list[dict[str, Any]]:
        """What was accepted, oldest first: `at`, `shop`, `handle`, `payload`."""
        runs = [run for shop in self._shops.all() if domain in (None, shop.domain) for run in list(shop.runs)]
        return [run.describe() for run in sorted(runs, key=lambda run: run.at)]

    def requests(self) -> list[Entry]:
        """Every request, refused ones too, oldest first."""
        return list(self._gateway.journal)

    def fault(self, kind: str, **settings: Any) -> int:
        """Switch a fault on: see `FaultSettings`; its number."""
        return self._gateway.faults.add(FaultSettings(kind, **settings))

    def clear_faults(self) -> None:
        """Switch all faults off."""
        self._gateway.faults.clear()

    def _answer(self, request: Request) -> Reply:
        if request.path == "/" and request.method == "GET":
            return page.render(self._shops.all(), self.requests())
        return self._gateway.answer(request)
