"""Which operation serves which path. A path is served with and without its trailing slash."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import directory, events
from .calls import Answer, Call, Operation
from .problems import method_not_allowed, path_unknown


def _operation(run: Callable[[Call], Answer], *scopes: str) -> Operation:
    return Operation(run.__name__, frozenset(scopes), run)


ROUTES: tuple[tuple[re.Pattern[str], dict[str, Operation]], ...] = tuple(
    (re.compile(expression + "/?"), methods)
    for expression, methods in (
        (
            "/api/events",
            {
                "POST": _operation(events.create_event, "events:write"),
                "GET": _operation(events.get_events, "events:read"),
            },
        ),
        ("/api/event-bulk-create-jobs", {"POST": _operation(events.bulk_create_events, "events:write")}),
        ("/api/profile-import", {"POST": _operation(directory.create_or_update_profile, "profiles:write")}),
        (
            "/api/profiles",
            {
                "POST": _operation(directory.create_profile, "profiles:write"),
                "GET": _operation(directory.get_profiles, "profiles:read"),
            },
        ),
        ("/api/profiles/([^/]+)", {"GET": _operation(directory.get_profile, "profiles:read")}),
        ("/api/accounts", {"GET": _operation(directory.get_accounts, "accounts:read")}),
        ("/api/metrics", {"GET": _operation(directory.get_metrics, "metrics:read")}),
        (
            "/api/lists",
            {
                "POST": _operation(directory.create_list, "lists:write"),
                "GET": _operation(directory.get_lists, "lists:read"),
            },
        ),
        ("/api/lists/([^/]+)", {"GET": _operation(directory.get_list, "lists:read")}),
        (
            "/api/lists/([^/]+)/relationships/profiles",
            {
                "POST": _operation(directory.add_profiles_to_list, "lists:write", "profiles:write"),
                "DELETE": _operation(directory.remove_profiles_from_list, "lists:write", "profiles:write"),
            },
        ),
    )
)


def find_operation(method: str, request_path: str) -> tuple[Operation, str]:
    """The operation and the id in the path, or Refused with 404 or 405."""
    for expression, methods in ROUTES:
        match = expression.fullmatch(request_path)
        if match is None:
            continue
        if method not in methods:
            raise method_not_allowed(method, methods)
        return methods[method], match[1] if match.lastindex else ""
    raise path_unknown(request_path)
