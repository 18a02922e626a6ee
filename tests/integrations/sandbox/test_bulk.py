"""Bulk requests are taken whole or not at all."""

from __future__ import annotations

import pytest

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller, event_attributes, group, pointers

DATA = "/data/attributes/events-bulk-create/data"


def some_events(count: int) -> list[dict[str, object]]:
    return [event_attributes(unique_id=f"u{number}") for number in range(count)]


def test_all_events_of_all_groups_are_recorded(sandbox: Sandbox, caller: Caller) -> None:
    response = caller.bulk(group(*some_events(2)), group(*some_events(1), person={"email": "bob@example.com"}))

    assert (response.status_code, response.content) == (202, b"")
    assert [(event["email"], event["unique_id"]) for event in sandbox.events()] == [
        ("ann@example.com", "u0"),
        ("ann@example.com", "u1"),
        ("bob@example.com", "u0"),
    ]


def test_every_bad_event_is_named_and_none_is_taken(sandbox: Sandbox, caller: Caller) -> None:
    response = caller.bulk(
        group(*some_events(1)),
        group(*some_events(1), event_attributes(unique_id="x", time="yesterday"), person={"email": "bad"}),
    )

    assert pointers(response) == [
        f"{DATA}/1/attributes/profile/data/attributes/email",
        f"{DATA}/1/attributes/events/data/1/attributes/time",
    ]
    assert (sandbox.events(), sandbox.counters()["received"]) == ([], 0)


def test_thousand_events_fit_and_one_more_does_not(sandbox: Sandbox, caller: Caller) -> None:
    fitting = caller.bulk(group(*some_events(500)), group(*some_events(500), person={"email": "bob@example.com"}))
    too_many = caller.bulk(group(*some_events(1_001)))

    assert (fitting.status_code, too_many.status_code) == (202, 400)
    assert (pointers(too_many), len(sandbox.events())) == ([DATA], 1_000)


def test_empty_bulk_is_refused(caller: Caller) -> None:
    assert pointers(caller.bulk()) == [DATA]
    assert pointers(caller.bulk(group())) == [f"{DATA}/0/attributes/events/data"]


def test_repeated_unique_id_fails_the_whole_request(sandbox: Sandbox, caller: Caller) -> None:
    response = caller.bulk(group(*some_events(2)), group(event_attributes(unique_id="u1")))

    assert pointers(response) == [f"{DATA}/1/attributes/events/data/0/attributes/unique_id"]
    assert response.json()["errors"][0]["code"] == "duplicate_unique_id"
    assert sandbox.events() == []


def test_same_unique_id_for_another_profile_is_fine(caller: Caller) -> None:
    assert caller.bulk(group(*some_events(1)), group(*some_events(1), person={"email": "b@example.com"})).ok


def test_recorded_event_is_ignored_unless_bulk_is_strict(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(unique_id="u0")

    assert caller.bulk(group(*some_events(2))).status_code == 202
    assert sandbox.counters()["duplicates"] == 1


def test_strict_bulk_names_what_is_already_recorded(sandbox: Sandbox, caller: Caller) -> None:
    sandbox.configure(strict_bulk=True)
    caller.event(unique_id="u1")
    response = caller.bulk(group(*some_events(3)))

    assert pointers(response) == [f"{DATA}/0/attributes/events/data/1/attributes/unique_id"]
    assert [event["unique_id"] for event in sandbox.events()] == ["u1"]


def test_strict_bulk_refuses_a_bad_phone(sandbox: Sandbox, caller: Caller) -> None:
    person = {"email": "ann@example.com", "phone_number": "12"}
    lenient = caller.bulk(group(*some_events(1), person=person))
    sandbox.configure(strict_bulk=True)
    strict = caller.bulk(group(event_attributes(unique_id="new"), person=person))

    assert lenient.headers["X-Klaviyo-Partial-Failure"] == "phone_number"
    assert pointers(strict) == [f"{DATA}/0/attributes/profile/data/attributes/phone_number"]


@pytest.mark.parametrize(
    ("of_group", "of_event", "recorded"),
    [(True, None, True), (None, True, True), (None, None, False), (True, False, False)],
)
def test_backfill_of_the_event_goes_before_that_of_the_group(
    sandbox: Sandbox, caller: Caller, of_group: bool | None, of_event: bool | None, recorded: bool
) -> None:
    caller.bulk(group(event_attributes(backfill=of_event), backfill=of_group))

    assert sandbox.events()[0]["backfill"] is recorded
