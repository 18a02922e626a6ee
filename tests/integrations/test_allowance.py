"""The requests of a minute, counted over all processes."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import allowance, tokens
from integrations.models import ApiToken, Merchant

AT = datetime(2026, 11, 20, 10, 0, 20, tzinfo=UTC)


@pytest.fixture
def token(db: None) -> ApiToken:
    return tokens.create(Merchant.objects.create(name="Alba"), "x", [], at=AT)[0]


def used(token: ApiToken, at: datetime) -> int:
    left = allowance.spend(token, at=at)
    assert left is not None
    return left.used


def test_counting_is_one_statement_and_notes_the_use_once_a_minute(token: ApiToken) -> None:
    with CaptureQueriesContext(connection) as queries:
        counts = [used(token, AT), used(token, AT + timedelta(seconds=30)), used(token, AT + timedelta(seconds=40))]
    token.refresh_from_db()

    assert counts == [1, 2, 1]
    # What PostgreSQL has prepared passes by Django's count.
    assert len(queries) == (0 if connection.vendor == "postgresql" else 3)
    assert token.last_used_at == AT + timedelta(seconds=40)


def test_a_process_whose_clock_is_behind_does_not_begin_the_minute_anew(token: ApiToken) -> None:
    assert [used(token, AT), used(token, AT - timedelta(minutes=1))] == [1, 2]


def test_a_revoked_token_has_none(token: ApiToken) -> None:
    tokens.revoke(token, at=AT)

    assert allowance.spend(token, at=AT) is None


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_nobody_gets_more_by_asking_from_everywhere_at_once(token: ApiToken, settings: Any) -> None:
    settings.API_REQUESTS_PER_MINUTE = 100
    left: list[Any] = []

    def spend() -> None:
        try:
            left.extend(allowance.spend(token, at=AT) for _ in range(30))
        finally:
            connection.close()

    threads = [threading.Thread(target=spend) for _ in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    assert sum(not each.is_exceeded for each in left) == 100
