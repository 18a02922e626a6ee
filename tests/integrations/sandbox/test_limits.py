"""Rate limits in fixed windows, and the headers that tell of them."""

from __future__ import annotations

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller
from .conftest import Clock


def statuses(caller: Caller, count: int) -> list[int]:
    return [caller.get("/api/metrics").status_code for _ in range(count)]


def test_headers_have_the_list_grammar(caller: Caller) -> None:
    first, second = caller.event(), caller.event(unique_id="u2")

    assert first.headers["RateLimit-Limit"] == "350, 350;w=1, 3500;w=60"
    assert (first.headers["RateLimit-Remaining"], second.headers["RateLimit-Remaining"]) == ("349", "348")
    assert first.headers["RateLimit-Reset"] == "1"


def test_tightest_window_leads_the_header(sandbox: Sandbox, caller: Caller, clock: Clock) -> None:
    sandbox.set_limits(0.2)
    for _ in range(29):
        caller.get("/api/metrics")
        clock.forward(1)
    headers = caller.get("/api/metrics").headers

    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("30, 2;w=1, 30;w=60", "0")
    assert headers["RateLimit-Reset"] == "31"


def test_burst_over_the_limit_is_throttled_until_the_second_ends(caller: Caller, clock: Clock) -> None:
    burst = statuses(caller, 11)
    clock.forward(1)

    assert burst == [200] * 10 + [429]
    assert statuses(caller, 1) == [200]


def test_throttled_answer_is_the_recorded_one(caller: Caller, clock: Clock) -> None:
    caller.get("/api/accounts")
    clock.forward(0.4)
    response = caller.get("/api/accounts")
    (error,) = response.json()["errors"]

    assert (response.status_code, response.headers["Retry-After"]) == (429, "1")
    assert error["detail"] == "Request was throttled. Expected available in 1 second."
    assert "RateLimit-Limit" not in response.headers


def test_minute_window_asks_for_a_longer_wait(caller: Caller, clock: Clock) -> None:
    for _ in range(15):
        clock.forward(1)
        caller.get("/api/accounts")

    assert caller.get("/api/accounts").headers["Retry-After"] == "46"


def test_keys_of_one_account_share_and_accounts_do_not(sandbox: Sandbox, caller: Caller) -> None:
    caller.get("/api/accounts")
    sandbox.add_account("pk_second", public_key=sandbox.accounts()[0]["public_key"])

    assert Caller(sandbox, "pk_second").get("/api/accounts").status_code == 429
    assert Caller(sandbox, "pk_sandbox_other").get("/api/accounts").status_code == 200


def test_operations_have_windows_of_their_own(caller: Caller) -> None:
    assert [caller.get(path).status_code for path in ("/api/accounts", "/api/metrics", "/api/accounts")] == [
        200,
        200,
        429,
    ]


def test_limits_can_be_scaled_and_switched_off(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.set_limits(0.2)
    scaled = statuses(caller, 3)
    sandbox.set_limits(None)
    free = caller.get("/api/metrics")

    assert (scaled, statuses(caller, 12)) == ([200, 200, 429], [200] * 12)
    assert "RateLimit-Limit" not in free.headers
