"""What every request to a shop goes through: token, faults, cost, and then the mutation or the query."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson

from integrations.destinations.sandbox import trouble
from integrations.destinations.sandbox.faults import BEFORE, FaultBook
from integrations.destinations.sandbox.wire import Reply, Request

from .shops import Run, Shop, Shops

PAYLOAD_BYTES = 50_000
MAX_BODY_BYTES = 1_000_000
_PATH = re.compile(r"/(?P<shop>[a-z0-9.-]+)/admin/api/(?P<version>[0-9]{4}-[0-9]{2}|unstable)/graphql\.json")
_COSTS = {"flowTriggerReceive": 1.0, "shop": 2.0}


@dataclass(frozen=True, slots=True)
class Entry:
    """One request. `status` is 0 where no answer was sent."""

    at: datetime
    shop: str
    root: str
    status: int
    fault: str | None
    words: str


@dataclass(slots=True)
class Gateway:
    """The Admin API of all shops. `clock` gives the epoch seconds."""

    shops: Shops
    faults: FaultBook
    clock: Callable[[], float]
    journal: list[Entry] = field(default_factory=list)

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def answer(self, request: Request) -> Reply:
        """Answer one request, and note it."""
        found = _PATH.fullmatch(request.path)
        if found is None or request.method != "POST":
            return _json(404, {"errors": "Not Found"})
        domain, token = found["shop"], request.headers.get("x-shopify-access-token", "")
        asked = _asked(request.body)
        root = _root(asked.get("query"))
        fault = self.faults.pick((domain, token), root, _unique_ids(asked))
        if fault and fault.kind in BEFORE:
            reply = self._struck(fault.kind, domain) or trouble.before(fault)
            if fault.kind == "throttle":
                reply.headers["Retry-After"] = f"{fault.seconds}.0"
        else:
            reply = self._carry_out(domain, token, asked, root)
            reply = trouble.after(reply, fault) if fault else reply
        reply.headers.setdefault("X-Request-Id", str(uuid.uuid4()))
        sent = reply.status if reply.ending in ("complete", "half") else 0
        words = reply.body[:300].decode(errors="replace")
        self.journal.append(Entry(self.now(), domain, root, sent, fault.kind if fault else None, words))
        return reply

    def too_large(self, request: Request) -> Reply:
        """The answer to a body that was too long to be read."""
        return _json(413, {"errors": "Request entity too large"})

    def _struck(self, kind: str, domain: str) -> Reply | None:
        """Faults in Shopify's own words; None for one of somebody in between."""
        if kind == "revoke_key":
            self.shops.get(domain).token = ""
            return _unknown_token()
        if kind == "throttle":
            return _json(429, {"errors": "Exceeded 2 calls per second for api client."})
        if kind == "server_error":
            return _json(500, {"errors": "Internal Server Error"})
        return None

    def _carry_out(self, domain: str, token: str, asked: dict[str, Any], root: str) -> Reply:
        shop = self.shops.find(domain, token)
        if shop is None:
            return _unknown_token()
        if not asked:
            return _json(400, {"errors": {"query": "Required parameter missing or invalid"}})
        if root not in _COSTS:
            return _json(200, {"errors": [{"message": f"syntax error, unexpected end of file in {root!r}"}]})
        with self.shops.lock:
            is_allowed = shop.bucket.take(_COSTS[root], self.clock())
        cost = {"extensions": {"cost": _cost(shop, _COSTS[root], is_allowed=is_allowed)}}
        if not is_allowed:
            error = {"message": "Throttled", "extensions": {"code": "THROTTLED"}}
            return _json(200, {"errors": [error], **cost})
        data = _describe(shop) if root == "shop" else {root: {"userErrors": self._receive(shop, asked)}}
        return _json(200, {"data": data, **cost})

    def _receive(self, shop: Shop, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """Start the workflows; what is wrong is the answer."""
        variables = asked.get("variables")
        given = variables if isinstance(variables, dict) else {}
        handle, payload = given.get("handle"), given.get("payload")
        if not isinstance(handle, str) or not isinstance(payload, dict):
            return [{"field": ["handle"], "message": "`handle` and `payload` arguments are required"}]
        wrong = [f"Invalid handle '{handle}'."] if shop.triggers is not None and handle not in shop.triggers else []
        if len(orjson.dumps(payload)) > PAYLOAD_BYTES:
            wrong.append(f"Properties size exceeds the limit of {PAYLOAD_BYTES} bytes.")
        if not isinstance(payload.get("customer_id", 0), int):
            wrong.append(f"Type error for field 'customer_id': {payload['customer_id']} is not a number.")
        if wrong:
            return [
                {
                    "field": ["body"],
                    "message": "".join(["Errors validating schema:\n", *(f"  {each}\n" for each in wrong)]),
                }
            ]
        with self.shops.lock:
            shop.runs.append(Run(self.now(), shop.domain, handle, payload))
        return []


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return asked if isinstance(asked, dict) and isinstance(asked.get("query"), str) else {}


def _root(query: Any) -> str:
    """The field that a document asks for, whatever its operation is called."""
    inside = str(query).partition("{")[2].strip()
    found = re.match(r"[A-Za-z]+", inside)
    return found[0] if found else ""


def _unique_ids(asked: dict[str, Any]) -> list[str]:
    variables = asked.get("variables")
    payload = variables.get("payload") if isinstance(variables, dict) else None
    return [str(payload["UniqueId"])] if isinstance(payload, dict) and "UniqueId" in payload else []


def _describe(shop: Shop) -> dict[str, Any]:
    return {
        "shop": {
            "id": f"gid://shopify/Shop/{shop.number}",
            "name": shop.name,
            "myshopifyDomain": shop.domain,
            "ianaTimezone": "Europe/Berlin",
            "currencyCode": "EUR",
        },
        "currentAppInstallation": {"accessScopes": [{"handle": scope} for scope in sorted(shop.scopes)]},
    }


def _cost(shop: Shop, asked: float, *, is_allowed: bool) -> dict[str, Any]:
    bucket = shop.bucket
    return {
        "requestedQueryCost": int(asked),
        "actualQueryCost": int(asked) if is_allowed else None,
        "throttleStatus": {
            "maximumAvailable": bucket.most,
            "currentlyAvailable": int(bucket.level),
            "restoreRate": bucket.rate,
        },
    }


def _unknown_token() -> Reply:
    words = "[API] Invalid API key or access token (unrecognized login or wrong password)"
    return _json(401, {"errors": words})


def _json(status: int, document: Any) -> Reply:
    return Reply(status, orjson.dumps(document), {"Content-Type": "application/json; charset=utf-8"})
