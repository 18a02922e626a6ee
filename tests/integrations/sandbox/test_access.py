"""Keys, scopes, revisions, paths, headers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from integrations.destinations.klaviyo.sandbox import ALL_SCOPES, Sandbox

from .caller import KEY, Caller, event


@pytest.fixture
def closed() -> Iterator[Sandbox]:
    with Sandbox(open_accounts=False) as running:
        yield running


@pytest.mark.parametrize("authorization", ["", f"Bearer {KEY}", "Klaviyo-API-Key pk_unknown", KEY])
def test_wrong_key_gets_the_recorded_401(sandbox: Sandbox, caller: Caller, authorization: str) -> None:
    response = caller.post("/api/events", event(), Authorization=authorization)
    (error,) = response.json()["errors"]

    assert (response.status_code, error["code"], error["source"]) == (401, "not_authenticated", {"pointer": "/data/"})
    assert response.headers["WWW-Authenticate"] == "Bearer, Klaviyo-API-Key"
    assert not {"Cid", "RateLimit-Limit"} & set(response.headers)


def test_closed_sandbox_knows_only_the_accounts_it_was_given(closed: Sandbox) -> None:
    closed.add_account("pk_given")

    assert Caller(closed).event().status_code == 401
    assert Caller(closed, "pk_given").event().status_code == 202


def test_missing_scope_is_a_403_that_names_it(sandbox: Sandbox) -> None:
    sandbox.add_account("pk_reader", scopes=ALL_SCOPES - {"events:write"})
    response = Caller(sandbox, "pk_reader").event()

    assert response.status_code == 403
    assert "events:write" in response.json()["errors"][0]["detail"]


def test_second_key_opens_the_same_account(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    public_key = sandbox.accounts()[0]["public_key"]
    sandbox.add_account("pk_second", public_key=public_key)
    Caller(sandbox, "pk_second").event(unique_id="u2")

    assert len(sandbox.events(public_key)) == 2


def test_revoked_key_is_refused_until_restored(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    sandbox.revoke_key(KEY)
    refused = caller.event(unique_id="u2")
    sandbox.restore_key(KEY)

    assert (refused.status_code, caller.event(unique_id="u2").status_code) == (401, 202)
    assert not {"Cid", "RateLimit-Limit"} & set(refused.headers)
    assert [entry["status"] for entry in sandbox.requests(KEY)] == [202, 401, 202]


@pytest.mark.parametrize("revision", [None, "yesterday", "2026-01-15"])
def test_revision_is_required_and_known(caller: Caller, revision: str | None) -> None:
    response = caller.post("/api/events", event(), revision=revision)

    assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {"parameter": "revision"})


@pytest.mark.parametrize("path", ["/api/events", "/api/events/"])
@pytest.mark.parametrize("content_type", ["application/json", "application/vnd.api+json; charset=utf-8"])
def test_both_slash_forms_and_media_types(caller: Caller, path: str, content_type: str) -> None:
    assert caller.post(path, event(), **{"Content-Type": content_type}).status_code == 202


def test_answers_carry_klaviyos_headers(sandbox: Sandbox, caller: Caller) -> None:
    headers = caller.event().headers

    assert headers["X-Klaviyo-Api-Revision"] == "2026-07-15"
    assert headers["Cid"] == sandbox.accounts()[0]["public_key"]
    assert headers["X-Klaviyo-Req-Id"] == sandbox.requests()[0]["request_id"]


def test_unknown_path_and_wrong_method(caller: Caller) -> None:
    unknown, wrong = caller.get("/api/campaigns"), caller.call("DELETE", "/api/events")

    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "not_found")
    assert (wrong.status_code, wrong.headers["Allow"]) == (405, "GET, POST")


def test_accounts_do_not_see_each_other(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    other = Caller(sandbox, "pk_sandbox_other")

    assert (other.get("/api/events").json()["data"], other.get("/api/profiles").json()["data"]) == ([], [])


def test_journal_tells_of_each_request_without_the_key(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(value="x")
    (entry,) = sandbox.requests(KEY, bodies=True)

    assert (entry["operation"], entry["status"], entry["unique_ids"]) == ("create_event", 400, ["u1"])
    assert entry["body"]["data"]["attributes"]["value"] == "x"
    assert KEY not in str(entry)
