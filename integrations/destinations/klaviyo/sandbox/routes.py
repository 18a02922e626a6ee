"""Which operation serves which path. A path is served with and without its trailing slash."""

from __future__ import annotations

import re
from collections.abc import Callable

from . import client_side, directory, events, people, subscriptions
from .calls import Answer, Call, Operation
from .problems import method_not_allowed, path_unknown

_LISTED = ("lists:write", "profiles:write", "subscriptions:write")


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
        (
            "/api/profile-subscription-bulk-create-jobs",
            {"POST": _operation(subscriptions.bulk_subscribe_profiles, *_LISTED)},
        ),
        (
            "/api/profile-subscription-bulk-delete-jobs",
            {"POST": _operation(subscriptions.bulk_unsubscribe_profiles, *_LISTED)},
        ),
        (
            "/api/profile-suppression-bulk-create-jobs",
            {
                "POST": _operation(subscriptions.bulk_suppress_profiles, "profiles:write", "subscriptions:write"),
                "GET": _operation(subscriptions.get_bulk_suppress_profiles_jobs, "subscriptions:read"),
            },
        ),
        (
            "/api/profile-suppression-bulk-create-jobs/([^/]+)",
            {"GET": _operation(subscriptions.get_bulk_suppress_profiles_job, "subscriptions:read")},
        ),
        (
            "/api/profile-suppression-bulk-delete-jobs",
            {"POST": _operation(subscriptions.bulk_unsuppress_profiles, "subscriptions:write")},
        ),
        (
            "/api/profile-bulk-import-jobs",
            {"POST": _operation(people.bulk_import_profiles, "lists:write", "profiles:write")},
        ),
        (
            "/api/profile-bulk-import-jobs/([^/]+)",
            {"GET": _operation(people.get_bulk_import_profiles_job, "lists:read", "profiles:read")},
        ),
        ("/api/profile-merge", {"POST": _operation(people.merge_profiles, "profiles:write")}),
        (
            "/api/data-privacy-deletion-jobs",
            {"POST": _operation(people.request_profile_deletion, "data-privacy:write")},
        ),
        ("/client/events", {"POST": _operation(client_side.create_client_event)}),
        ("/client/profiles", {"POST": _operation(client_side.create_client_profile)}),
        ("/client/subscriptions", {"POST": _operation(client_side.create_client_subscription)}),
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
