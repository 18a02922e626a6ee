"""Builds bodies and calls the sandbox's API over real sockets."""

from __future__ import annotations

from typing import Any

import requests

from integrations.destinations.klaviyo.sandbox import Sandbox

Json = dict[str, Any]

KEY = "pk_sandbox_shop"


def profile(**attributes: Any) -> Json:
    return {"data": {"type": "profile", "attributes": attributes or {"email": "ann@example.com"}}}


def event_attributes(**changes: Any) -> Json:
    """The attributes of an event without its profile; a change to None leaves the attribute out."""
    name = changes.pop("metric", "Shipment Delivered")
    attributes = {
        "properties": {"OrderNumber": "#1001"},
        "time": "2026-11-20T14:05:09+00:00",
        "unique_id": "u1",
        "metric": {"data": {"type": "metric", "attributes": {"name": name}}},
        **changes,
    }
    return {key: value for key, value in attributes.items() if value is not None}


def event(**changes: Any) -> Json:
    """A body for create_event; `person` holds the attributes of the profile."""
    person = profile(**changes.pop("person", {}))
    return {"data": {"type": "event", "attributes": {**event_attributes(**changes), "profile": person}}}


def group(*events: Json, person: Json | None = None, **attributes: Any) -> Json:
    """One profile of a bulk request with the attributes of its events."""
    data = [{"type": "event", "attributes": attributes} for attributes in events]
    return {
        "type": "event-bulk-create",
        "attributes": {"profile": profile(**(person or {})), "events": {"data": data}, **attributes},
    }


def bulk(*groups: Json) -> Json:
    attributes = {"events-bulk-create": {"data": list(groups)}}
    return {"data": {"type": "event-bulk-create-job", "attributes": attributes}}


class Caller:
    """Calls one sandbox with one key, as a client of Klaviyo would."""

    def __init__(self, sandbox: Sandbox, key: str = KEY) -> None:
        self.sandbox = sandbox
        self.headers = {"Authorization": f"Klaviyo-API-Key {key}", "revision": "2026-07-15"}

    def post(self, path: str, body: Any, **headers: str | None) -> requests.Response:
        return self.call("POST", path, json=body, headers=headers)

    def get(self, path: str, **parameters: str) -> requests.Response:
        return self.call("GET", path, params=parameters)

    def call(self, method: str, path: str, *, headers: Json | None = None, **others: Any) -> requests.Response:
        all_headers = {**self.headers, **(headers or {})}
        return requests.request(method, self.sandbox.url + path, headers=all_headers, timeout=5, **others)

    def event(self, **changes: Any) -> requests.Response:
        return self.post("/api/events", event(**changes))

    def bulk(self, *groups: Json) -> requests.Response:
        return self.post("/api/event-bulk-create-jobs", bulk(*groups))


def pointers(response: requests.Response) -> list[str | None]:
    """The pointers of all errors in an answer."""
    return [error["source"].get("pointer") for error in response.json()["errors"]]
