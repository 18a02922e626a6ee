"""Each rule refuses what it is there for, at the right place, and nothing is stored."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller, event, pointers, profile

ATTRIBUTES = "/data/attributes"
PERSON = "/data/attributes/profile/data/attributes"


def nested(levels: int) -> Any:
    value: Any = "leaf"
    for _ in range(levels):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"person": {"first_name": "Ann"}}, PERSON),
        ({"person": {"email": None, "external_id": ""}}, PERSON),
        ({"person": {"email": "invalid-email"}}, f"{PERSON}/email"),
        ({"person": {"email": "ann@example"}}, f"{PERSON}/email"),
        ({"person": {"email": "ann..b@example.com"}}, f"{PERSON}/email"),
        ({"person": {"email": "", "external_id": "7"}}, f"{PERSON}/email"),
        ({"person": {"phone_number": "5550100"}}, f"{PERSON}/phone_number"),
        ({"person": {"phone_number": "555", "external_id": "7"}}, f"{PERSON}/phone_number"),
        ({"person": {"email": 5}}, f"{PERSON}/email"),
        ({"person": {"$email": "ann@example.com"}}, f"{PERSON}/$email"),
        ({"person": {"email": "ann@example.com", "properties": {"note": "x" * 100_001}}}, f"{PERSON}/properties/note"),
        ({"person": {"email": "ann@example.com", "location": {"street": "Elm"}}}, f"{PERSON}/location/street"),
        ({"metric": ""}, f"{ATTRIBUTES}/metric/data/attributes/name"),
        ({"metric": "x" * 128}, f"{ATTRIBUTES}/metric/data/attributes/name"),
        ({"properties": {f"p{number}": 1 for number in range(401)}}, f"{ATTRIBUTES}/properties"),
        ({"properties": {"note": "x" * 100_001}}, f"{ATTRIBUTES}/properties/note"),
        ({"properties": {"note": "é" * 50_001}}, f"{ATTRIBUTES}/properties/note"),
        ({"properties": nested(11)}, f"{ATTRIBUTES}/properties" + "/a" * 10),
        ({"properties": {"all": [1] * 4_001}}, f"{ATTRIBUTES}/properties/all"),
        ({"properties": {"a/b~c": {"d": ["x" * 100_001]}}}, f"{ATTRIBUTES}/properties/a~1b~0c/d/0"),
        ({"properties": []}, f"{ATTRIBUTES}/properties"),
        ({"time": "1989-12-31T23:59:59Z"}, f"{ATTRIBUTES}/time"),
        ({"time": "2027-11-20T15:00:01Z"}, f"{ATTRIBUTES}/time"),
        ({"time": "2026-11-20T14:05:09"}, f"{ATTRIBUTES}/time"),
        ({"time": "2026-11-20"}, f"{ATTRIBUTES}/time"),
        ({"time": 1_780_000_000}, f"{ATTRIBUTES}/time"),
        ({"value": "12.50"}, f"{ATTRIBUTES}/value"),
        ({"value": True}, f"{ATTRIBUTES}/value"),
        ({"value_currency": "usd"}, f"{ATTRIBUTES}/value_currency"),
        ({"value_currency": "BTC"}, f"{ATTRIBUTES}/value_currency"),
        ({"unique_id": 17}, f"{ATTRIBUTES}/unique_id"),
        ({"unique_id": ""}, f"{ATTRIBUTES}/unique_id"),
        ({"backfill": "true"}, f"{ATTRIBUTES}/backfill"),
        ({"uniqueId": "u1"}, f"{ATTRIBUTES}/uniqueId"),
    ],
)
def test_bad_event_is_refused_with_its_pointer(
    sandbox: Sandbox, caller: Caller, changes: dict[str, Any], place: str
) -> None:
    response = caller.event(**changes)

    assert (response.status_code, pointers(response)) == (400, [place])
    assert sandbox.events() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"metric": "x" * 127},
        {"properties": {f"p{number}": 1 for number in range(400)}},
        {"properties": {"note": "x" * 100_000}},
        {"properties": nested(10)},
        {"properties": {"all": [1] * 4_000}},
        {"properties": {}},
        {"time": "1990-01-01T00:00:00Z"},
        {"time": "2027-11-20T15:00:00Z"},
        {"time": "2026-11-20T14:05:09.123456789-05:00"},
        {"time": None, "unique_id": None},
        {"value": 0, "value_currency": "JPY"},
        {"person": {"email": "o'brien+tag@mail.example.co.uk"}},
        {"person": {"phone_number": "+15005550006"}},
        {"person": {"external_id": "7"}},
        {"person": {"anonymous_id": "8"}},
    ],
)
def test_event_at_the_limit_is_taken(sandbox: Sandbox, caller: Caller, changes: dict[str, Any]) -> None:
    assert caller.event(**changes).status_code == 202
    assert len(sandbox.events()) == 1


def test_success_has_no_body(caller: Caller) -> None:
    response = caller.event()

    assert (response.content, response.headers["Content-Length"]) == (b"", "0")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("name", ["properties", "metric", "profile"])
def test_missing_attribute_is_named(caller: Caller, name: str) -> None:
    body = event()
    del body["data"]["attributes"][name]

    assert pointers(caller.post("/api/events", body)) == [f"{ATTRIBUTES}/{name}"]


@pytest.mark.parametrize("body", [[], {}, {"data": None}, {"data": []}, {"data": {"type": "metric", "attributes": {}}}])
def test_malformed_document_is_refused(caller: Caller, body: Any) -> None:
    assert caller.post("/api/events", body).status_code == 400


def test_error_has_the_recorded_shape(caller: Caller) -> None:
    response = caller.post("/api/profile-import", profile(email="wrong-email"))

    assert response.headers["Content-Type"] == "application/vnd.api+json"
    assert response.json()["errors"] == [
        {
            "id": response.headers["X-Klaviyo-Req-Id"],
            "status": 400,
            "code": "invalid",
            "title": "Invalid input.",
            "detail": "Invalid email address",
            "source": {"pointer": "/data/attributes/email"},
            "links": {},
            "meta": {},
        }
    ]


def test_pointers_can_be_switched_off(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.configure(pointers=False)

    assert pointers(caller.event(value="x")) == [None]


def test_bad_phone_beside_a_good_email_is_ignored_and_named(sandbox: Sandbox, caller: Caller) -> None:
    response = caller.event(person={"email": "ann@example.com", "phone_number": "12"})

    assert (response.status_code, response.headers["X-Klaviyo-Partial-Failure"]) == (202, "phone_number")
    assert sandbox.profiles()[0]["phone_number"] is None


def test_unknown_profile_id_is_refused(caller: Caller) -> None:
    body = event()
    body["data"]["attributes"]["profile"]["data"] = {"type": "profile", "id": "01NOBODY", "attributes": {}}

    assert pointers(caller.post("/api/events", body)) == ["/data/attributes/profile/data/id"]


@pytest.mark.parametrize(("revision", "inside", "beside"), [("2026-07-15", 202, 400), ("2026-10-15", 400, 202)])
def test_meta_stands_where_the_revision_has_it(caller: Caller, revision: str, inside: int, beside: int) -> None:
    meta = {"patch_properties": {"append": {"tags": "vip"}}}
    person = {"type": "profile", "attributes": {"email": "ann@example.com"}}
    bodies = [event(), event()]
    bodies[0]["data"]["attributes"]["profile"]["data"] = {
        **person,
        "attributes": {"email": "ann@example.com", "meta": meta},
    }
    bodies[1]["data"]["attributes"]["profile"]["data"] = {**person, "meta": meta}

    assert [caller.post("/api/events", body, revision=revision).status_code for body in bodies] == [inside, beside]


def test_body_over_five_megabytes_is_refused_and_the_connection_lives(sandbox: Sandbox, caller: Caller) -> None:
    headers = {"Content-Type": "application/json"}

    assert caller.call("POST", "/api/events", data=b" " * 5_000_001, headers=headers).status_code == 413
    assert [entry["status"] for entry in sandbox.requests()] == [413]


def test_compressed_body_counts_decompressed(caller: Caller) -> None:
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}

    assert caller.call("POST", "/api/events", data=gzip.compress(b" " * 5_000_001), headers=headers).status_code == 413


def test_profile_import_is_limited_to_100_kilobytes(caller: Caller) -> None:
    large = profile(email="ann@example.com", properties={f"p{number}": "x" * 20_000 for number in range(5)})

    assert caller.post("/api/profile-import", large).status_code == 413


@pytest.mark.parametrize(
    ("content_type", "data", "status"),
    [("text/plain", b"{}", 415), ("application/json", b"{", 400), ("application/json", b"", 400)],
)
def test_body_that_is_no_json_is_refused(caller: Caller, content_type: str, data: bytes, status: int) -> None:
    headers = {"Content-Type": content_type}

    assert caller.call("POST", "/api/events", data=data, headers=headers).status_code == status


def test_refused_email_is_poison_until_cleared(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.refuse_email("Ann@example.com")
    poisoned = caller.event()
    sandbox.refuse_email()

    assert pointers(poisoned) == [f"{PERSON}/email"]
    assert caller.event().status_code == 202
