"""The sandbox in this process: a server, its store and its controls."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from types import TracebackType

from integrations.destinations.sandbox.faults import FaultBook
from integrations.destinations.sandbox.server import SandboxServer
from integrations.destinations.sandbox.wire import Reply, Request

from . import control_api, onsite, page
from .calls import Options
from .gateway import Gateway
from .journal import Journal
from .limits import Limiter
from .local import LocalControls
from .rules import MAX_BODY_BYTES
from .store import Store

JOURNAL_SIZE = 50_000


class Sandbox(LocalControls):
    """A running Klaviyo. Port 0 takes a free port; delays are in seconds; `limit_scale=None` switches limits off.

    `open_accounts` gives every key `pk_sandbox_<name>` an account with all scopes on first use; without it, accounts
    are made by `add_account` only. `clock` gives the epoch seconds and moves limits, receipt times and processing.
    """

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        open_accounts: bool = True,
        strict_bulk: bool = False,
        pointers: bool = True,
        limit_scale: float | None = 1.0,
        processing_delay: float = 0.0,
        first_flow_delay: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        options = Options(
            strict_bulk=strict_bulk,
            pointers=pointers,
            processing_delay=timedelta(seconds=processing_delay),
            first_flow_delay=timedelta(seconds=first_flow_delay),
        )
        store = Store(open_accounts=open_accounts)
        super().__init__(Gateway(store, Limiter(limit_scale), FaultBook(), Journal(JOURNAL_SIZE), options, clock))
        self._server = SandboxServer(host, port, self._answer, self._gateway.too_large, most_bytes=MAX_BODY_BYTES)
        self.host, self.port = host, int(self._server.server_address[1])
        self.url = f"http://{host}:{self.port}"

    def __enter__(self) -> Sandbox:
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.stop()

    def _answer(self, request: Request) -> Reply:
        """One door for the API, the controls, the page, and what pages of shops load."""
        if request.path.startswith(control_api.PREFIX):
            return control_api.answer(self, request)
        if request.path == "/" and request.method == "GET":
            return self._page(request)
        if request.path.startswith(onsite.PREFIX) and (reply := onsite.answer(request)) is not None:
            return reply
        return self._gateway.answer(request)

    def _page(self, request: Request) -> Reply:
        accounts = self._some(None)
        chosen = request.query.get("account")
        selected = chosen if chosen in self._store.accounts else None
        return page.render(
            accounts,
            self.counters(selected),
            selected=selected,
            paused="pause" in request.query,
            at=self._gateway.now(),
            base=request.base,
            options=self._gateway.options,
            faults=len(self.faults()),
        )
