"""Hooks and the API are answered past what only people's requests need."""

from __future__ import annotations

import pytest
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.test import Client, RequestFactory

from config import machines
from config.machines import StraightToMachines

HOOK = "/hooks/m_0123456789abcdef/shopify/"


def test_an_answer_has_its_length_and_lets_nothing_be_loaded(db: None) -> None:
    answer = Client().post(HOOK, b"{}", content_type="application/json")

    assert (answer.status_code, answer.headers["Content-Length"]) == (404, str(len(answer.content)))
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not answer.has_header("Set-Cookie")


def test_an_address_that_is_no_hooks_is_nobodys() -> None:
    assert Client().post("/hooks/").status_code == 404


@pytest.mark.parametrize(
    ("seconds_later", "first_status", "is_asked"), [(0.5, 202, False), (1.5, 202, True), (0.5, 503, True)]
)
def test_a_database_connection_is_asked_whether_it_lives_unless_it_just_answered(
    db: None, monkeypatch: pytest.MonkeyPatch, seconds_later: float, first_status: int, is_asked: bool
) -> None:
    now, statuses, done = [100.0], iter([first_status, 202]), []

    def view(request: HttpRequest, **names: str) -> JsonResponse:
        done.append(connection.health_check_done)  # type: ignore[attr-defined]
        return JsonResponse({}, status=next(statuses))

    monkeypatch.setattr("config.machines.time.monotonic", lambda: now[0])
    monkeypatch.setattr(
        machines, "resolve", lambda path: type("Match", (), {"func": staticmethod(view), "args": (), "kwargs": {}})
    )
    middleware = StraightToMachines(lambda request: JsonResponse({}))
    for _ in range(2):
        connection.health_check_done = False  # type: ignore[attr-defined]
        middleware(RequestFactory().post(HOOK))
        now[0] += seconds_later

    assert done == [False, not is_asked]
