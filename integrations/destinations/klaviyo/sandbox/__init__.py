"""A local Klaviyo over HTTP, for the demo and for tests: its contract, its limits, its faults. Everything is in memory.

    with Sandbox() as sandbox:
        requests.post(f"{sandbox.url}/api/events", ...)
        assert sandbox.events()[0]["metric"] == "Placed Order"

`Sandbox` runs in this process, `RemoteSandbox(url)` reads and controls one that runs elsewhere; both have the methods
of `Controls`. The package imports nothing of the product's way to Klaviyo, so that it cannot share a mistake with it.

What Klaviyo does not document is decided here and marked as a guess where it stands: the bodies of a 403 for a missing
scope, of a repeated unique_id and of a missing revision, and that a body over its limit is a 413. `patch_identifiers`
is accepted and does nothing. Shops' pages are served what they load and call: `/client/…`, and at `/onsite/` a stand-in for
Klaviyo's script with a page on which snippets are tried.
"""

from __future__ import annotations

from integrations.destinations.sandbox.faults import FaultUnknown

from .controls import Controls
from .remote import RemoteRefused, RemoteSandbox
from .sandbox import Sandbox
from .store import ALL_SCOPES, AccountUnknown

__all__ = ["ALL_SCOPES", "AccountUnknown", "Controls", "FaultUnknown", "RemoteRefused", "RemoteSandbox", "Sandbox"]
