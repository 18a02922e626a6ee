"""Whose a key is, what it lacks, and the list and profile that Tidings keeps in every account."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

import orjson

from integrations.destinations.base import (
    Account,
    ConnectionPaused,
    Defaults,
    Rejected,
    SuppressedPage,
    Unavailable,
    Unsupported,
)
from integrations.destinations.exchange import Answer
from integrations.destinations.klaviyo.answers import plain, receipt_of, taken
from integrations.destinations.klaviyo.client import KlaviyoSession

_METRIC_PAGES = 20
"""Klaviyo lists 200 metrics on a page; an account with more than 4,000 is read that far."""

_OWN_INTEGRATION = "api"
"""How Klaviyo names the integration of metrics that come through its API, as ours do."""


_SUPPRESSED_AT = "subscriptions.email.marketing.suppression.timestamp"
_LONG_AGO = "2000-01-01T00:00:00Z"


class _Probe(NamedTuple):
    """A request that changes nothing and that a key without the scope may not make.

    A write scope is probed with an empty object: Klaviyo refuses it as invalid when the key may write, with 403 when it
    may not, and creates nothing either way.
    """

    scope: str
    method: str
    path: str
    parameters: Mapping[str, str] | None = None


_PROBES = (
    _Probe("events:read", "GET", "/api/events", {"page[size]": "1"}),
    _Probe("events:write", "POST", "/api/events"),
    _Probe("profiles:read", "GET", "/api/profiles", {"page[size]": "1"}),
    _Probe("profiles:write", "POST", "/api/profile-import"),
    _Probe("lists:read", "GET", "/api/lists", {"page[size]": "1"}),
    _Probe("lists:write", "POST", "/api/lists"),
    _Probe("subscriptions:read", "GET", "/api/profile-suppression-bulk-create-jobs"),
    _Probe("subscriptions:write", "POST", "/api/profile-suppression-bulk-delete-jobs"),
)


def inspect(session: KlaviyoSession, metric_names: Sequence[str]) -> Account:
    """Ask live whose the key is, what it lacks, and which of `metric_names` another integration sends already.

    Makes about ten requests and changes nothing in the account. Raises `ConnectionPaused` for a wrong key,
    `Unavailable` when no answer came or a rate limit was met (accounts: 1 a second), `Rejected` or `Unsupported` where
    the mistake is ours.
    """
    missing = []
    documents: dict[str, Any] = {}
    foreign: dict[str, str] = {}
    try:
        documents = _read(session, "/api/accounts", "accounts:read")
    except ConnectionPaused as error:
        missing.append(_scope_or_raise(error, "accounts:read"))
    try:
        foreign = _foreign_metrics(session, metric_names)
    except ConnectionPaused as error:
        missing.append(_scope_or_raise(error, "metrics:read"))
    missing.extend(probe.scope for probe in _PROBES if _is_missing(session, probe))
    return _account(documents, tuple(missing), foreign)


def ensure_defaults(session: KlaviyoSession, *, name: str, email: str) -> Defaults:
    """Look up the list called `name` and the profile of `email`, create what is missing, put the profile on the list.

    Doing it again changes nothing: names of lists are not unique at Klaviyo, so that the list is looked up first, and
    both the profile and its membership are upserts. Raises a `DeliveryError`.
    """
    list_id = _find_list(session, name) or _create_list(session, name)
    profile_id = _import_profile(session, email)
    members = {"data": [{"type": "profile", "id": profile_id}]}
    path = f"/api/lists/{quote(list_id, safe='')}/relationships/profiles"
    taken(session.exchange("POST", path, orjson.dumps(members)), "lists:write or profiles:write")
    return Defaults(list_id=list_id, profile_id=profile_id)


def suppressed(session: KlaviyoSession, *, cursor: str) -> SuppressedPage:
    """Read a page of the addresses that the account holds suppressed, for whatever reason, the oldest first.

    Raises a `DeliveryError`.
    """
    wanted = {
        "filter": f"greater-than({_SUPPRESSED_AT},{_LONG_AGO})",
        "sort": _SUPPRESSED_AT,
        "fields[profile]": "email",
        "page[size]": "100",
    }
    documents = _read(session, "/api/profiles", "profiles:read", wanted | ({"page[cursor]": cursor} if cursor else {}))
    emails = (_text(found, "attributes", "email") for found in _resources(documents))
    return SuppressedPage(tuple(each.lower() for each in emails if each), _next(documents))


def list_body(name: str) -> bytes:
    """Return the body of `POST /api/lists`. The opt-in process is left to the account's own setting."""
    return orjson.dumps({"data": {"type": "list", "attributes": {"name": name}}})


def profile_body(email: str) -> bytes:
    """Return the body of `POST /api/profile-import` that makes sure of a profile and changes nothing of it."""
    return orjson.dumps({"data": {"type": "profile", "attributes": {"email": email}}})


def _scope_or_raise(error: ConnectionPaused, scope: str) -> str:
    if error.reason != "scope":
        raise error
    return scope


def _is_missing(session: KlaviyoSession, probe: _Probe) -> bool:
    content = b"{}" if probe.method == "POST" else None
    answer = session.exchange(probe.method, probe.path, content, probe.parameters)
    try:
        taken(answer, probe.scope)
    except ConnectionPaused as error:
        return bool(_scope_or_raise(error, probe.scope))
    except (Rejected, Unsupported):
        return False  # it came past the permission check
    return False


def _account(documents: dict[str, Any], missing: tuple[str, ...], foreign: Mapping[str, str]) -> Account:
    account = next(_resources(documents), {})
    return Account(
        id=_text(account, "id"),
        name=_text(account, "attributes", "contact_information", "organization_name"),
        public_key=_text(account, "attributes", "public_api_key"),
        timezone=_text(account, "attributes", "timezone"),
        currency=_text(account, "attributes", "preferred_currency"),
        missing_scopes=missing,
        foreign_metrics=foreign,
    )


def _foreign_metrics(session: KlaviyoSession, names: Sequence[str]) -> dict[str, str]:
    ours = {name.casefold() for name in names}
    foreign: dict[str, str] = {}
    for metric in _metrics(session):
        name, integration = _text(metric, "attributes", "name"), _text(metric, "attributes", "integration", "name")
        if name.casefold() in ours and integration and integration.casefold() != _OWN_INTEGRATION:
            foreign[name] = f"{foreign[name]}, {integration}" if name in foreign else integration
    return foreign


def _metrics(session: KlaviyoSession) -> Iterator[dict[str, Any]]:
    """Go through the metrics, page by page. Only the cursor is taken from a link: the key goes to no other address."""
    cursor = ""
    for _ in range(_METRIC_PAGES):
        documents = _read(session, "/api/metrics", "metrics:read", {"page[cursor]": cursor} if cursor else None)
        yield from _resources(documents)
        cursor = _next(documents)
        if not cursor:
            return


def _next(documents: Mapping[str, Any]) -> str:
    """The cursor of the page that comes next, "" after the last one."""
    return parse_qs(urlsplit(str(_value(documents, "links", "next"))).query).get("page[cursor]", [""])[0]


def _find_list(session: KlaviyoSession, name: str) -> str:
    """Return the id of the oldest list with exactly this name, "" where there is none."""
    wanted = orjson.dumps([name]).decode()
    documents = _read(session, "/api/lists", "lists:read", {"filter": f"equals(name,{wanted})", "sort": "created"})
    named_so = (found for found in _resources(documents) if _value(found, "attributes", "name") == name)
    return _text(next(named_so, {}), "id")


def _create_list(session: KlaviyoSession, name: str) -> str:
    return _created_id(session.exchange("POST", "/api/lists", list_body(name)), "lists:write")


def _import_profile(session: KlaviyoSession, email: str) -> str:
    return _created_id(session.exchange("POST", "/api/profile-import", profile_body(email)), "profiles:write")


def _created_id(answer: Answer, scope: str) -> str:
    created = _text(_document(answer, scope), "data", "id")
    if not created:
        raise _unreadable(answer)
    return created


def _read(
    session: KlaviyoSession, path: str, scope: str, parameters: Mapping[str, str] | None = None
) -> dict[str, Any]:
    answer = session.exchange("GET", path, parameters=parameters)
    documents = _document(answer, scope)
    if not isinstance(documents.get("data"), list):
        raise _unreadable(answer)
    return documents


def _document(answer: Answer, scope: str) -> dict[str, Any]:
    taken(answer, scope)
    document = answer.json()
    if not isinstance(document, dict):
        raise _unreadable(answer)
    return document


def _unreadable(answer: Answer) -> Unavailable:
    return Unavailable("Klaviyo's answer could not be read.", receipt_of(answer), ambiguous=True)


def _resources(documents: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    return (resource for resource in documents.get("data", ()) if isinstance(resource, dict))


def _value(document: Any, *path: str) -> Any:
    for name in path:
        document = document.get(name) if isinstance(document, dict) else None
    return document


def _text(document: Any, *path: str) -> str:
    """Return the text found at `path`, fit to be kept; "" where there is none."""
    value = _value(document, *path)
    return plain(value) if isinstance(value, str) else ""
