"""A local Shopify, as far as Flow's triggers go: over HTTP, in memory, with its cost limits, its refusals and its faults.

    with FlowSandbox() as sandbox:
        requests.post(f"{sandbox.url}/acme.myshopify.com/admin/api/2026-04/graphql.json", ...)
        assert sandbox.received()[0]["handle"] == "points-added"

The package imports nothing of the product's way to Shopify, so that it cannot share a mistake with it. What it says is what was
recorded of API 2026-04. What is not known is decided here: the query cost of anything but the mutation, and the bodies of 401
and 403.
"""

from __future__ import annotations

from .sandbox import FlowSandbox

__all__ = ["FlowSandbox"]
