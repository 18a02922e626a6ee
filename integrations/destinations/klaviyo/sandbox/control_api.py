"""The control API under `/sandbox/`: `POST /sandbox/<method>` with the arguments as a JSON object.

Reading methods answer GET too, with `?account=`; `/sandbox/events/<id>` and `/sandbox/profiles/<id>` show one of them.
"""

from __future__ import annotations

from typing import Any

import orjson

from integrations.destinations.sandbox.wire import Reply, Request

from .local import LocalControls
from .store import AccountUnknown

PREFIX = "/sandbox/"
READING = frozenset(
    {"accounts", "events", "profiles", "metrics", "lists", "counters", "receipts", "requests", "faults"}
)
CHANGING = frozenset(
    {
        "add_account", "revoke_key", "restore_key", "add_metric", "fault", "script", "clear_faults", "refuse_email",
        "configure", "set_limits", "reset",
    }
)  # fmt: skip


def answer(controls: LocalControls, request: Request) -> Reply:
    """Answer a request whose path starts with PREFIX."""
    method, _, identifier = request.path.removeprefix(PREFIX).strip("/").partition("/")
    if method not in READING | CHANGING:
        return _json(404, {"error": "no such method"})
    if request.method == "GET" and method in READING:
        return _one(controls, method, identifier) if identifier else _call(controls, method, dict(request.query))
    if request.method != "POST":
        return _json(405, {"error": "use POST"})
    if request.headers.get("content-type") != "application/json":
        return _json(415, {"error": "send application/json"})  # A web page cannot send this without asking first.
    try:
        arguments = orjson.loads(request.body or b"{}")
    except orjson.JSONDecodeError:
        arguments = None
    if not isinstance(arguments, dict):
        return _json(400, {"error": "send a JSON object"})
    return _call(controls, method, arguments)


def _call(controls: LocalControls, method: str, arguments: dict[str, Any]) -> Reply:
    positional = arguments.pop("emails", []) if method == "refuse_email" else []
    try:
        return _json(200, getattr(controls, method)(*positional, **arguments))
    except AccountUnknown as error:
        return _json(404, {"error": str(error)})
    except (TypeError, ValueError) as error:
        return _json(400, {"error": str(error)})


def _one(controls: LocalControls, method: str, identifier: str) -> Reply:
    """One event, profile or list by its id."""
    if method not in ("events", "profiles", "lists"):
        return _json(404, {"error": "this method shows no single item"})
    found = next((item for item in getattr(controls, method)() if item["id"] == identifier), None)
    return _json(404, {"error": "no such id"}) if found is None else _json(200, found)


def _json(status: int, value: Any) -> Reply:
    body = orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
    return Reply(status, body, {"Content-Type": "application/json", "X-Content-Type-Options": "nosniff"})
