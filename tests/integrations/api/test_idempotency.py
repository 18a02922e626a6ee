"""A POST that is sent again is done once."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from integrations import housekeeping
from integrations.models import AuditEntry, Delivery, Event, IdempotentRequest, Merchant
from tests.support import rest as world
from tests.support.rest import AT, Rest

pytestmark = pytest.mark.django_db


@pytest.fixture
def merchant() -> Merchant:
    return world.merchant()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


@pytest.fixture
def event(merchant: Merchant) -> Event:
    [event] = world.events(merchant, [AT])
    world.delivery(event, "dead")
    return event


def resend(api: Rest, event: Event, key: str, **query: Any) -> Any:
    return api.post(f"events/{event.pk}/resend", Idempotency_Key=key)


def said(answer: Any) -> tuple[int, bytes, str, str | None]:
    return (
        answer.status_code,
        answer.content,
        answer.headers["Content-Type"],
        answer.headers.get("Idempotency-Replayed"),
    )


def test_the_first_answer_is_repeated_and_nothing_is_done_again(api: Rest, event: Event) -> None:
    first = resend(api, event, "once")
    Delivery.objects.update(state="dead")
    second = resend(api, event, "once")

    assert said(first)[::3] == (202, None)
    assert said(second) == (*said(first)[:3], "true")
    assert (Delivery.objects.get().state, AuditEntry.objects.count()) == ("dead", 1)
    assert resend(api, event, "twice").status_code == 202


def test_a_refusal_is_repeated_too(api: Rest, event: Event) -> None:
    Delivery.objects.update(state="sent")
    first = resend(api, event, "once")
    Delivery.objects.update(state="dead")

    assert said(resend(api, event, "once")) == (*said(first)[:3], "true")
    assert first.status_code == 409


def test_a_key_belongs_to_one_request_of_one_token(merchant: Merchant, api: Rest, event: Event) -> None:
    resend(api, event, "once")
    others = [
        api.post(f"events/{event.pk}/resend", {"x": 1}, Idempotency_Key="once"),
        api.post(f"events/{event.pk + 1}/resend", Idempotency_Key="once"),
    ]
    Delivery.objects.update(state="dead")

    assert {(answer.status_code, answer.json()["code"]) for answer in others} == {(409, "idempotency_key_reused")}
    assert resend(world.rest(merchant), event, "once").headers.get("Idempotency-Replayed") is None


@pytest.mark.parametrize("key", ["", "é", "x" * 256, "\x7f"])
def test_a_key_that_is_none_is_refused(api: Rest, event: Event, key: str) -> None:
    answer = resend(api, event, key)

    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")


def test_what_failed_on_our_side_is_done_when_it_is_sent_again(
    api: Rest, event: Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        AuditEntry.objects.create(merchant=event.merchant, at=AT, actor="x", what="half done")
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr("integrations.api.events.resend.resend_event", fail)
        assert resend(api, event, "once").status_code == 500
    assert not AuditEntry.objects.exists()

    assert said(resend(api, event, "once"))[::3] == (202, None)


def test_one_that_is_worked_on_is_not_done_beside_it_unless_its_process_died(api: Rest, event: Event) -> None:
    resend(api, event, "once")
    Delivery.objects.update(state="dead")
    begun = IdempotentRequest.objects.filter(status=202)
    begun.update(status=0, created_at=timezone.now())
    beside = resend(api, event, "once")
    IdempotentRequest.objects.update(created_at=timezone.now() - timedelta(minutes=3))

    assert (beside.status_code, beside.json()["code"]) == (409, "idempotency_key_running")
    assert beside.headers["Retry-After"] == "2"
    assert said(resend(api, event, "once"))[::3] == (202, None)


def test_keys_are_known_for_a_day(api: Rest, event: Event) -> None:
    resend(api, event, "once")
    at = timezone.now()

    housekeeping.run(at=at + timedelta(hours=23))
    kept = IdempotentRequest.objects.count()
    housekeeping.run(at=at + timedelta(hours=25))

    assert (kept, IdempotentRequest.objects.count()) == (1, 0)


@pytest.mark.django_db(transaction=True)
def test_of_many_at_the_same_moment_one_is_done(api: Rest, event: Event) -> None:
    answers: list[Any] = []

    def send() -> None:
        try:
            answers.append(resend(api, event, "once"))
        finally:
            connection.close()

    threads = [threading.Thread(target=send) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()

    done = [answer for answer in answers if said(answer)[::3] == (202, None)]
    rest = {
        (answer.status_code, answer.headers.get("Idempotency-Replayed")) for answer in answers if answer not in done
    }
    assert (len(done), AuditEntry.objects.count()) == (1, 1)
    assert rest <= {(202, "true"), (409, None)}
