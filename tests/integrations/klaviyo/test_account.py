from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from openapi_client.models.list_create_query import ListCreateQuery
from openapi_client.models.list_members_add_query import ListMembersAddQuery
from openapi_client.models.profile_upsert_query import ProfileUpsertQuery

from integrations.destinations.base import Account, ConnectionPaused, Defaults, Unavailable
from integrations.destinations.exchange import Answer
from integrations.destinations.klaviyo.account import ensure_defaults, inspect, list_body, profile_body
from integrations.destinations.klaviyo.client import KlaviyoSession

from .examples import KEY, REVISION
from .oracle import assert_klaviyo_takes

JSON = {"content-type": "application/vnd.api+json"}


def reply(status: int, document: object = None) -> Answer:
    return Answer(status, JSON, b"" if document is None else json.dumps(document).encode())


def metric(name: str, integration: object) -> dict[str, Any]:
    return {"type": "metric", "id": "UMTLbD", "attributes": {"name": name, "integration": integration}}


INVALID = reply(400, {"errors": [{"code": "invalid", "detail": "Invalid input."}]})
FORBIDDEN = reply(403, {"errors": [{"code": "permission_denied", "detail": "Forbidden."}]})
NOTHING = reply(200, {"data": [], "links": {"next": None}})
ACCOUNT = {
    "type": "account",
    "id": "AbC123",
    "attributes": {
        "contact_information": {"organization_name": "Tea House"},
        "timezone": "Europe/Berlin",
        "preferred_currency": "EUR",
        "public_api_key": "AbC123",
    },
}


class Scripted(KlaviyoSession):
    """Klaviyo as a table of answers; the key may do everything unless the table says otherwise."""

    def __init__(self, table: Mapping[str, Answer] | None = None) -> None:
        super().__init__(KEY, base_url="http://127.0.0.1:1", revision=REVISION)
        self.calls: list[tuple[str, Mapping[str, str] | None]] = []
        self.contents: list[bytes | None] = []
        self._table = {"GET /api/accounts": reply(200, {"data": [ACCOUNT]})} | dict(table or {})

    def exchange(
        self, method: str, path: str, content: bytes | None = None, parameters: Mapping[str, str] | None = None
    ) -> Answer:
        self.calls.append((f"{method} {path}", parameters))
        self.contents.append(content)
        page = (parameters or {}).get("page[cursor]", "")
        default = NOTHING if method == "GET" else INVALID
        return self._table.get(f"{method} {path}{'?' + page if page else ''}", default)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.calls]


def test_a_good_key_tells_its_account() -> None:
    assert inspect(Scripted(), ["Shipment Delivered"]) == Account(
        id="AbC123",
        name="Tea House",
        public_key="AbC123",
        timezone="Europe/Berlin",
        currency="EUR",
    )


def test_inspecting_asks_the_account_once_and_creates_nothing() -> None:
    session = Scripted()
    inspect(session, [])
    assert session.paths.count("GET /api/accounts") == 1
    assert {content for content in session.contents if content is not None} == {b"{}"}


@pytest.mark.parametrize(
    ("request_line", "scope"),
    [
        ("GET /api/accounts", "accounts:read"),
        ("GET /api/metrics", "metrics:read"),
        ("GET /api/events", "events:read"),
        ("POST /api/events", "events:write"),
        ("GET /api/profiles", "profiles:read"),
        ("POST /api/profile-import", "profiles:write"),
        ("GET /api/lists", "lists:read"),
        ("POST /api/lists", "lists:write"),
        ("GET /api/profile-suppression-bulk-create-jobs", "subscriptions:read"),
        ("POST /api/profile-suppression-bulk-delete-jobs", "subscriptions:write"),
    ],
)
def test_a_missing_scope_is_named(request_line: str, scope: str) -> None:
    assert inspect(Scripted({request_line: FORBIDDEN}), []).missing_scopes == (scope,)


def test_a_key_that_may_do_nothing_lacks_all_ten_scopes() -> None:
    lines = {f"{method} /api/{name}" for method in ("GET", "POST") for name in ("events", "lists")}
    lines |= {"GET /api/accounts", "GET /api/metrics", "GET /api/profiles", "POST /api/profile-import"}
    lines |= {f"{m} /api/profile-suppression-bulk-{w}-jobs" for m, w in (("GET", "create"), ("POST", "delete"))}
    account = inspect(Scripted(dict.fromkeys(lines, FORBIDDEN)), [])
    assert len(set(account.missing_scopes)) == 10
    assert account.id == ""


@pytest.mark.parametrize("request_line", ["GET /api/accounts", "GET /api/metrics", "POST /api/lists"])
def test_a_wrong_key_is_no_missing_scope(request_line: str) -> None:
    with pytest.raises(ConnectionPaused) as caught:
        inspect(Scripted({request_line: reply(401)}), [])
    assert caught.value.reason == "auth"


def test_a_rate_limit_is_handed_on() -> None:
    throttled = Answer(429, {"retry-after": "1"})
    with pytest.raises(Unavailable) as caught:
        inspect(Scripted({"GET /api/accounts": throttled}), [])
    assert (caught.value.throttled, caught.value.retry_after) == (True, 1.0)


@pytest.mark.parametrize("answer", [Answer(200, JSON, b"<html>"), reply(200, []), reply(200, {"data": {}})])
def test_an_answer_that_cannot_be_read_is_an_outage(answer: Answer) -> None:
    with pytest.raises(Unavailable, match="could not be read"):
        inspect(Scripted({"GET /api/accounts": answer}), [])


def test_metrics_of_another_integration_are_told() -> None:
    metrics = [
        metric("Placed Order", {"object": "integration", "name": "Shopify"}),
        metric("placed order", {"object": "integration", "name": "Magento"}),
        metric("Placed Order", {"object": "integration", "name": "API"}),
        metric("Opened Email", {"object": "integration", "name": "Klaviyo"}),
        metric("Shipment Delivered", {"object": "integration", "name": "API"}),
        metric("Shipment Delivered", None),
        metric("SHIPMENT DELIVERED", {"object": "integration", "name": "AfterShip"}),
        metric("Shipment Delivered", {"object": "integration", "name": "Wonderment"}),
        metric("Shipment Delivered", {"object": "integration", "name": "Malomo"}),
    ]
    session = Scripted({"GET /api/metrics": reply(200, {"data": metrics})})
    assert inspect(session, ["Placed Order", "Shipment Delivered"]).foreign_metrics == {
        "Placed Order": "Shopify",
        "placed order": "Magento",
        "SHIPMENT DELIVERED": "AfterShip",
        "Shipment Delivered": "Wonderment, Malomo",
    }


def test_metrics_are_read_page_by_page_from_our_own_address() -> None:
    link = "https://elsewhere.example/api/metrics?page%5Bcursor%5D=bmV4dA%3D%3D"
    session = Scripted(
        {
            "GET /api/metrics": reply(200, {"data": [], "links": {"next": link}}),
            "GET /api/metrics?bmV4dA==": reply(200, {"data": [metric("Placed Order", {"name": "Shopify"})]}),
        }
    )
    assert inspect(session, ["Placed Order"]).foreign_metrics == {"Placed Order": "Shopify"}
    assert [call for call in session.calls if "metrics" in call[0]] == [
        ("GET /api/metrics", None),
        ("GET /api/metrics", {"page[cursor]": "bmV4dA=="}),
    ]


def test_pages_that_lead_in_a_circle_come_to_an_end() -> None:
    def page(cursor: str) -> Answer:
        return reply(200, {"data": [], "links": {"next": f"https://a.klaviyo.com/api/metrics?page[cursor]={cursor}"}})

    session = Scripted(
        {"GET /api/metrics": page("a"), "GET /api/metrics?a": page("b"), "GET /api/metrics?b": page("a")}
    )
    inspect(session, [])
    assert session.paths.count("GET /api/metrics") == 20


def defaults_table(found: list[dict[str, Any]]) -> dict[str, Answer]:
    return {
        "GET /api/lists": reply(200, {"data": found}),
        "POST /api/lists": reply(201, {"data": {"type": "list", "id": "Y6nRLr"}}),
        "POST /api/profile-import": reply(200, {"data": {"type": "profile", "id": "01KQ9Z"}}),
        "POST /api/lists/Y6nRLr/relationships/profiles": Answer(204),
        "POST /api/lists/old%2F1/relationships/profiles": Answer(204),
    }


def named(identifier: str, name: str) -> dict[str, Any]:
    return {"type": "list", "id": identifier, "attributes": {"name": name}}


def test_the_defaults_are_created_where_they_are_missing() -> None:
    session = Scripted(defaults_table([named("X", "Tidings 2")]))
    defaults = ensure_defaults(session, name="Tidings", email="hello@example.com")
    assert defaults == Defaults(list_id="Y6nRLr", profile_id="01KQ9Z")
    assert session.calls == [
        ("GET /api/lists", {"filter": 'equals(name,["Tidings"])', "sort": "created"}),
        ("POST /api/lists", None),
        ("POST /api/profile-import", None),
        ("POST /api/lists/Y6nRLr/relationships/profiles", None),
    ]


def test_the_oldest_list_of_the_name_is_used_again() -> None:
    session = Scripted(defaults_table([named("old/1", "Tidings"), named("new", "Tidings")]))
    assert ensure_defaults(session, name="Tidings", email="hello@example.com").list_id == "old/1"
    assert "POST /api/lists" not in session.paths


def test_a_name_with_quotes_stays_one_name() -> None:
    session = Scripted(defaults_table([]))
    ensure_defaults(session, name='Tea "House"', email="hello@example.com")
    assert session.calls[0][1] == {"filter": 'equals(name,["Tea \\"House\\""])', "sort": "created"}


def test_a_profile_without_an_id_is_an_outage() -> None:
    table = defaults_table([]) | {"POST /api/profile-import": Answer(200, JSON, b"{}")}
    with pytest.raises(Unavailable, match="could not be read"):
        ensure_defaults(Scripted(table), name="Tidings", email="hello@example.com")


@pytest.mark.parametrize(
    ("model", "content"),
    [(ListCreateQuery, list_body("Tidings")), (ProfileUpsertQuery, profile_body("hello@example.com"))],
)
def test_klaviyos_sdk_takes_what_is_created(model: Any, content: bytes) -> None:
    assert_klaviyo_takes(model, content)


def test_klaviyos_sdk_takes_the_new_member() -> None:
    session = Scripted(defaults_table([]))
    ensure_defaults(session, name="Tidings", email="hello@example.com")
    assert session.contents[-1] is not None
    assert_klaviyo_takes(ListMembersAddQuery, session.contents[-1])
