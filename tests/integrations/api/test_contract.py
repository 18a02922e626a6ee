"""Answers are as the description says, to requests that nobody thought of: made by schemathesis from the description itself.

`test_contract_in_full.py` makes many more of them.
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, settings
from schemathesis.generation.meta import CoveragePhaseData
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from integrations.api import following, slots
from integrations.models import Customer
from tests.support import rest as world
from tests.support.rest import AT

described = schemathesis.openapi.from_wsgi("/api/openapi.json", WSGIHandler())
OUR_OWN = [HealthCheck.function_scoped_fixture, HealthCheck.filter_too_much, HealthCheck.too_slow]


@pytest.fixture
def token(db: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Of a merchant with a bit of history; without limits, and with a clock for which no wait is long."""
    settings.API_REQUESTS_PER_MINUTE = 10**9
    monkeypatch.setattr(slots, "_free", threading.BoundedSemaphore(10**6))
    clock = itertools.count(step=100)
    quick = SimpleNamespace(monotonic=lambda: next(clock), sleep=lambda seconds: None)
    monkeypatch.setattr(following, "time", quick)
    merchant = world.merchant()
    ada = Customer.objects.create(merchant=merchant, email="ada@example.com")
    for row in world.events(merchant, [AT, AT], customer=ada, value="1.50", value_currency="EUR"):
        world.delivery(row, "dead")
    # The server would close the connection of the test, as Django's own test client knows.
    request_started.disconnect(close_old_connections)
    request_finished.disconnect(close_old_connections)
    yield world.rest(merchant).token
    request_started.connect(close_old_connections)
    request_finished.connect(close_old_connections)


def check(case: schemathesis.Case, token: str) -> None:
    """One request, and every check of its answer that schemathesis has but one: parameters that are good by themselves may not
    go together.

    A parameter whose value is an empty list, an empty object or null is not sent, and so refused by nobody.
    """
    headers = {"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"}
    excluded: list[Any] = [positive_data_acceptance]
    if any(value in ([], {}, None) for value in (case.query or {}).values()):
        excluded.append(negative_data_rejection)
    case.call_and_validate(headers=headers, excluded_checks=excluded)


@pytest.fixture
def seen() -> set[Any]:
    """Kinds of requests that one operation was sent."""
    return set()


def kind_of(case: schemathesis.Case) -> Any:
    """What is tried on which parameter. Of the hundred systematic requests to an operation most differ in a value only."""
    about = case.meta.phase.data if case.meta else None
    if not isinstance(about, CoveragePhaseData):
        return None
    return about.scenario, about.parameter_location, about.parameter, case.method


@described.parametrize()
@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=OUR_OWN)
def test_answers_are_as_described(case: schemathesis.Case, token: str, seen: set[Any]) -> None:
    kind = kind_of(case)
    if kind is None or kind not in seen:
        seen.add(kind)
        check(case, token)
