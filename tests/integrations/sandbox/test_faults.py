"""Each fault does on the wire what it says, and stores what it should."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from integrations.destinations.klaviyo.sandbox import FaultUnknown, Sandbox

from .caller import KEY, Caller, event, group


@pytest.mark.parametrize(
    ("kind", "status", "content_type"),
    [
        ("throttle", 429, "application/vnd.api+json"),
        ("server_error", 500, "application/vnd.api+json"),
        ("bad_gateway", 502, "text/html; charset=UTF-8"),
        ("unavailable", 503, "text/html; charset=UTF-8"),
        ("challenge", 403, "text/html; charset=UTF-8"),
        ("revoke_key", 401, "application/vnd.api+json"),
    ],
)
def test_answered_fault_stores_nothing(
    sandbox: Sandbox, caller: Caller, kind: str, status: int, content_type: str
) -> None:
    sandbox.fault(kind)
    response = caller.event()

    assert (response.status_code, response.headers["Content-Type"]) == (status, content_type)
    assert (sandbox.events(), sandbox.requests()[0]["fault"]) == ([], kind)


@pytest.mark.parametrize(
    ("kind", "error", "recorded"),
    [
        ("reset_before", requests.ConnectionError, 0),
        ("reset_after", requests.ConnectionError, 1),
        ("half_answer", requests.RequestException, 1),
        ("hang", requests.ReadTimeout, 0),
        ("hang_after", requests.ReadTimeout, 1),
    ],
)
def test_broken_answer(sandbox: Sandbox, caller: Caller, kind: str, error: type[Exception], recorded: int) -> None:
    sandbox.fault(kind, seconds=30)

    with pytest.raises(error):
        requests.post(f"{sandbox.url}/api/events", json=event(), headers=caller.headers, timeout=0.2)
    assert len(sandbox.events()) == recorded


def test_reset_is_a_reset_and_not_a_close(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("reset_before")

    with pytest.raises(requests.ConnectionError, match="reset by peer"):
        caller.event()


def test_hang_ends_after_its_seconds(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("hang", seconds=0)

    with pytest.raises(requests.ConnectionError):
        caller.event()


def test_garbage_comes_with_a_202(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("garbage")
    response = caller.event()

    assert (response.status_code, len(sandbox.events())) == (202, 1)
    with pytest.raises(requests.exceptions.JSONDecodeError):
        response.json()


def test_slow_answer_comes_late_but_whole(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("slow", milliseconds=150)
    response = caller.event()

    assert response.status_code == 202
    assert response.elapsed.total_seconds() >= 0.15


def test_throttle_names_its_seconds(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("throttle", seconds=17)

    assert caller.event().headers["Retry-After"] == "17"


def test_challenge_is_marked_as_cloudflares(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("challenge")
    headers = caller.event().headers

    assert headers["cf-mitigated"] == "challenge"
    assert "X-Klaviyo-Req-Id" not in headers


def test_revoked_key_stays_revoked_when_the_fault_is_gone(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.fault("revoke_key", after=1, times=1)

    assert [caller.event(unique_id=name).status_code for name in "abc"] == [202, 401, 401]


@pytest.mark.parametrize(
    ("narrowed", "expected"),
    [
        ({"operation": "create_event"}, [500, 202]),
        ({"operation": "bulk_create_events"}, [202, 500]),
        ({"account": KEY}, [500, 500]),
        ({"account": "pk_sandbox_other"}, [202, 202]),
        ({"unique_id": "u7"}, [202, 202]),
        ({"times": 1}, [500, 202]),
        ({"after": 1}, [202, 500]),
        ({"probability": 0.0}, [202, 202]),
    ],
)
def test_fault_strikes_where_it_should(
    sandbox: Sandbox, caller: Caller, narrowed: dict[str, Any], expected: list[int]
) -> None:
    sandbox.fault("server_error", **narrowed)
    attributes = event()["data"]["attributes"]
    del attributes["profile"]

    assert [caller.event().status_code, caller.bulk(group(attributes)).status_code] == expected


def test_same_seed_strikes_the_same_requests(sandbox: Sandbox, caller: Caller) -> None:
    runs = []
    for _ in range(2):
        sandbox.clear_faults()
        sandbox.fault("server_error", probability=0.5, seed=7)
        runs.append([caller.event(unique_id=str(number)).status_code for number in range(12)])

    assert runs[0] == runs[1]
    assert set(runs[0]) == {202, 500}


def test_script_answers_the_attempts_of_one_event_in_order(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.script("u1", ["server_error", "none", "unavailable"])

    assert [caller.event().status_code for _ in range(4)] == [500, 202, 503, 202]
    assert caller.event(unique_id="u2").status_code == 202


def test_fault_is_switched_off_by_its_number(sandbox: Sandbox, caller: Caller) -> None:
    number = sandbox.fault("server_error")
    sandbox.clear_faults(number)

    assert (sandbox.faults(), caller.event().status_code) == ([], 202)


def test_unknown_fault_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(FaultUnknown):
        sandbox.fault("earthquake")
