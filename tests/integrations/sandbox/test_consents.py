"""What the sandbox does with subscribing, suppressing, importing, merging and deleting people."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller, pointers, profile

Json = dict[str, Any]
SUBSCRIBE, UNSUBSCRIBE = "profile-subscription-bulk-create-job", "profile-subscription-bulk-delete-job"
SUPPRESS, UNSUPPRESS = "profile-suppression-bulk-create-job", "profile-suppression-bulk-delete-job"


def person(consent: str = "SUBSCRIBED", channels: tuple[str, ...] = ("email",), **attributes: Any) -> Json:
    """A profile with the channels that are asked for."""
    asked = {channel: {"marketing": {"consent": consent}} for channel in channels}
    known = attributes or {"email": "ann@example.com"}
    return {"type": "profile", "attributes": {**known, "subscriptions": asked}}


def job(kind: str, *profiles: Json, list_id: str = "", **attributes: Any) -> Json:
    """The body of a job."""
    data: Json = {"type": kind, "attributes": {"profiles": {"data": list(profiles)}, **attributes}}
    if list_id:
        data["relationships"] = {"list": {"data": {"type": "list", "id": list_id}}}
    return {"data": data}


def make_list(caller: Caller, process: str = "single_opt_in") -> str:
    """A list; its id."""
    body = {"data": {"type": "list", "attributes": {"name": "Newsletter", "opt_in_process": process}}}
    return str(caller.post("/api/lists", body).json()["data"]["id"])


def send(caller: Caller, kind: str, *profiles: Json, **more: Any) -> Any:
    """Post a job."""
    return caller.post(f"/api/{kind}s", job(kind, *profiles, **more))


def test_subscribing_to_a_list_keeps_consent_source_and_membership(sandbox: Sandbox, caller: Caller) -> None:
    newsletter = make_list(caller)
    answer = send(caller, SUBSCRIBE, person(), list_id=newsletter, custom_source="Tracking page")
    (ann,) = sandbox.profiles()

    assert (answer.status_code, answer.content, ann["lists"]) == (202, b"", [newsletter])
    expected = {"state": "SUBSCRIBED", "at": "2026-11-20T15:00:00+00:00", "custom_source": "Tracking page"}
    assert ann["consent"] == {"email": expected}


def test_double_opt_in_changes_nothing_until_it_is_confirmed(sandbox: Sandbox, caller: Caller) -> None:
    newsletter = make_list(caller, "double_opt_in")
    send(caller, SUBSCRIBE, person(email="a@example.com"), list_id=newsletter)
    send(caller, SUBSCRIBE, person(email="b@example.com"))

    told = [(each["consent"], each["pending"], each["lists"]) for each in sandbox.profiles()]
    assert told == [({}, ["email"], []), ({}, ["email"], [])]


def test_subscribing_lifts_an_opt_out_but_no_bounce(sandbox: Sandbox, caller: Caller) -> None:
    newsletter = make_list(caller)
    send(caller, UNSUBSCRIBE, person("UNSUBSCRIBED"))
    send(caller, SUPPRESS, {"type": "profile", "attributes": {"email": "ann@example.com"}})
    assert sandbox.profiles()[0]["suppressions"] == ["UNSUBSCRIBE", "USER_SUPPRESSED"]

    send(caller, SUBSCRIBE, person(), list_id=newsletter)

    assert sandbox.profiles()[0]["suppressions"] == []


def test_unsubscribing_with_a_list_unsubscribes_everywhere_who_is_not_on_it(sandbox: Sandbox, caller: Caller) -> None:
    mine, other = make_list(caller), make_list(caller)
    send(caller, SUBSCRIBE, person(), list_id=mine)

    send(caller, UNSUBSCRIBE, person("UNSUBSCRIBED"), list_id=mine)
    left = sandbox.profiles()[0]
    send(caller, UNSUBSCRIBE, person("UNSUBSCRIBED"), list_id=other)

    assert (left["lists"], left["consent"]["email"]["state"]) == ([], "SUBSCRIBED")
    assert sandbox.profiles()[0]["consent"]["email"]["state"] == "UNSUBSCRIBED"


def test_a_profile_tells_its_subscriptions_where_it_is_asked_for(caller: Caller) -> None:
    send(caller, UNSUBSCRIBE, person("UNSUBSCRIBED"))
    plain, asked = (caller.get("/api/profiles", **more).json()["data"][0]["attributes"] for more in ({}, WANTED))

    assert "subscriptions" not in plain
    marketing = asked["subscriptions"]["email"]["marketing"]
    assert (marketing["consent"], marketing["can_receive_email_marketing"]) == ("UNSUBSCRIBED", False)
    assert marketing["suppression"] == [{"reason": "UNSUBSCRIBE", "timestamp": "2026-11-20T15:00:00+00:00"}]
    assert asked["subscriptions"]["sms"]["marketing"]["consent"] == "NEVER_SUBSCRIBED"


WANTED = {"additional-fields[profile]": "subscriptions"}


@pytest.mark.parametrize(
    ("kind", "bad", "place"),
    [
        (SUBSCRIBE, person(email="wrong-email"), "/email"),
        (SUBSCRIBE, person(channels=("sms",), email="b@example.com"), "/phone_number"),
        (SUBSCRIBE, person(channels=("sms",), email="b@example.com", phone_number="0151 1"), "/phone_number"),
        (SUBSCRIBE, person("UNSUBSCRIBED"), "/subscriptions/email/marketing/consent"),
        (SUBSCRIBE, person(channels=()), "/subscriptions"),
        (UNSUBSCRIBE, person("UNSUBSCRIBED", ("sms",)), "/phone_number"),
        (SUPPRESS, {"type": "profile", "attributes": {"email": "wrong-email"}}, "/email"),
    ],
)
def test_one_bad_profile_fails_the_request_and_is_named(
    sandbox: Sandbox, caller: Caller, kind: str, bad: Json, place: str
) -> None:
    good = {"type": "profile", "attributes": {"email": "good@example.com"}}
    if kind != SUPPRESS:
        good = person("UNSUBSCRIBED" if kind == UNSUBSCRIBE else "SUBSCRIBED", email="good@example.com")
    answer = send(caller, kind, good, bad)

    assert answer.status_code == 400
    assert f"/data/attributes/profiles/data/1/attributes{place}" in pointers(answer)
    assert sandbox.profiles() == []


@pytest.mark.parametrize(("kind", "most"), [(SUBSCRIBE, 1_000), (UNSUBSCRIBE, 100), (SUPPRESS, 100)])
def test_a_request_holds_so_many_profiles(sandbox: Sandbox, caller: Caller, kind: str, most: int) -> None:
    def each(number: int) -> Json:
        if kind == SUPPRESS:
            return {"type": "profile", "attributes": {"email": f"s{number}@example.com"}}
        consent = "UNSUBSCRIBED" if kind == UNSUBSCRIBE else "SUBSCRIBED"
        return person(consent, email=f"s{number}@example.com")

    assert send(caller, kind, *map(each, range(most + 1))).status_code == 400
    assert sandbox.profiles() == []
    assert send(caller, kind, *map(each, range(most))).status_code == 202
    assert send(caller, kind).status_code == 400


def test_a_time_of_consent_goes_with_a_historical_import_only(sandbox: Sandbox, caller: Caller) -> None:
    dated = person()
    dated["attributes"]["subscriptions"]["email"]["marketing"]["consented_at"] = "2026-11-01T00:00:00Z"
    answers = [send(caller, SUBSCRIBE, dated), send(caller, SUBSCRIBE, person(), historical_import=True)]
    assert [answer.status_code for answer in answers] == [400, 400]

    assert send(caller, SUBSCRIBE, dated, historical_import=True).status_code == 202
    assert sandbox.profiles()[0]["consent"]["email"]["state"] == "SUBSCRIBED"


def test_a_list_that_is_not_there_is_not_found(caller: Caller) -> None:
    assert send(caller, SUBSCRIBE, person(), list_id="nowhere").status_code == 404


def test_suppressing_makes_a_job_and_can_be_lifted(sandbox: Sandbox, caller: Caller) -> None:
    ann = {"type": "profile", "attributes": {"email": "ann@example.com"}}
    made = send(caller, SUPPRESS, ann)
    read = caller.get(f"/api/{SUPPRESS}s/{made.json()['data']['id']}")

    assert (made.status_code, read.json()["data"]["attributes"]["completed_count"]) == (202, 1)
    assert len(caller.get(f"/api/{SUPPRESS}s").json()["data"]) == 1
    assert sandbox.profiles()[0]["suppressions"] == ["USER_SUPPRESSED"]
    assert send(caller, UNSUPPRESS, ann).status_code == 202
    assert sandbox.profiles()[0]["suppressions"] == []


def test_a_bulk_import_puts_on_lists_and_clears_nothing(sandbox: Sandbox, caller: Caller) -> None:
    newsletter = make_list(caller)
    caller.post("/api/profile-import", profile(email="ann@example.com", first_name="Ann"))
    body = job(
        "profile-bulk-import-job", {"type": "profile", "attributes": {"email": "ann@example.com", "title": "Dr"}}
    )
    body["data"]["attributes"]["profiles"]["data"][0]["attributes"]["first_name"] = None
    body["data"]["relationships"] = {"lists": {"data": [{"type": "list", "id": newsletter}]}}
    answer = caller.post("/api/profile-bulk-import-jobs", body)

    (ann,) = sandbox.profiles()
    assert (answer.status_code, ann["first_name"], ann["title"], ann["lists"]) == (202, "Ann", "Dr", [newsletter])
    assert ann["consent"] == {}
    job_id = answer.json()["data"]["id"]
    assert caller.get(f"/api/profile-bulk-import-jobs/{job_id}").json()["data"]["attributes"]["total_count"] == 1


def merge(caller: Caller, target: str, *sources: str) -> int:
    """Merge profiles; the status."""
    data = [{"type": "profile", "id": each} for each in sources]
    body = {"data": {"type": "profile-merge", "id": target, "relationships": {"profiles": {"data": data}}}}
    return caller.post("/api/profile-merge", body).status_code


def test_merging_keeps_the_destination_with_the_events_of_both(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(person={"email": "new@example.com"})
    caller.event(person={"email": "old@example.com"}, unique_id="u2")
    new, old = (each["id"] for each in sandbox.profiles())

    assert [merge(caller, new, old, new), merge(caller, new, new), merge(caller, new, "nobody")] == [400, 400, 404]
    assert merge(caller, new, old) == 201
    assert [(each["id"], each["events"]) for each in sandbox.profiles()] == [(new, 2)]


def test_deletion_forgets_a_person_by_exactly_one_identifier(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    caller.event(person={"email": "bob@example.com"})

    def delete(**attributes: str) -> int:
        data = {"type": "data-privacy-deletion-job", "attributes": {"profile": profile(**attributes)}}
        return caller.post("/api/data-privacy-deletion-jobs", {"data": data}).status_code

    assert delete(email="ann@example.com", phone_number="+15005550006") == 400
    assert [delete(email="ann@example.com"), delete(email="ann@example.com")] == [202, 202]
    assert [each["email"] for each in sandbox.profiles()] == ["bob@example.com"]
    assert [each["email"] for each in sandbox.events()] == ["bob@example.com"]
