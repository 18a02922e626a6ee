"""Collections: filters, order, pages; lists, metrics and the account."""

from __future__ import annotations

import pytest
import requests

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import KEY, Caller, event_attributes, group


@pytest.fixture
def five_events(caller: Caller) -> None:
    events = [event_attributes(unique_id=f"u{day}", time=f"2026-11-0{day}T00:00:00Z") for day in range(1, 6)]
    caller.bulk(group(*events[:3]), group(*events[3:], person={"email": "bob@example.com"}))


def days(response: requests.Response) -> list[int]:
    return [int(entry["attributes"]["datetime"][8:10]) for entry in response.json()["data"]]


@pytest.mark.usefixtures("five_events")
@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("greater-than(datetime,2026-11-03T00:00:00Z)", [5, 4]),
        ("greater-or-equal(datetime,2026-11-03T00:00:00Z),less-than(datetime,2026-11-05T00:00:00Z)", [4, 3]),
        ("less-or-equal(timestamp,1793577600)", [2, 1]),
        ('equals(metric_id,"nothing")', []),
        ("has(profile)", [5, 4, 3, 2, 1]),
    ],
)
def test_events_are_filtered(caller: Caller, expression: str, found: list[int]) -> None:
    assert days(caller.get("/api/events", filter=expression)) == found


@pytest.mark.usefixtures("five_events")
def test_events_of_one_profile_and_metric(sandbox: Sandbox, caller: Caller) -> None:
    profile, metric = sandbox.profiles()[1]["id"], sandbox.metrics()[0]["id"]
    expression = f'equals(profile_id,"{profile}"),equals(metric_id,"{metric}")'

    assert days(caller.get("/api/events", filter=expression, sort="datetime")) == [4, 5]


@pytest.mark.usefixtures("five_events")
def test_pages_are_chained_both_ways(sandbox: Sandbox, caller: Caller) -> None:
    first = caller.get("/api/events", **{"page[size]": "2", "sort": "-datetime"})
    caller.event(unique_id="late", time="2026-11-09T00:00:00Z")
    second = requests.get(first.json()["links"]["next"], headers=caller.headers, timeout=5)
    third = requests.get(second.json()["links"]["next"], headers=caller.headers, timeout=5)
    back = requests.get(third.json()["links"]["prev"], headers=caller.headers, timeout=5)

    assert [days(page) for page in (first, second, third, back)] == [[5, 4], [3, 2], [1], [3, 2]]
    assert (first.json()["links"]["prev"], third.json()["links"]["next"]) == (None, None)


@pytest.mark.usefixtures("five_events")
def test_included_metric_and_sparse_attributes(caller: Caller) -> None:
    answer = caller.get(
        "/api/events", include="metric", **{"fields[event]": "datetime", "fields[metric]": "name"}
    ).json()

    assert [entry["attributes"] for entry in answer["included"]] == [{"name": "Shipment Delivered"}]
    assert set(answer["data"][0]["attributes"]) == {"datetime"}


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"filter": "equals(unique_id,'u1')"}, "filter"),
        ({"filter": "equals(metric_id"}, "filter"),
        ({"filter": "equals(metric_id,'x'),"}, "filter"),
        ({"sort": "value"}, "sort"),
        ({"include": "profiless"}, "include"),
        ({"page[size]": "1001"}, "page[size]"),
        ({"page[cursor]": "!!"}, "page[cursor]"),
        ({"limit": "5"}, "limit"),
    ],
)
def test_wrong_parameter_is_named(caller: Caller, parameters: dict[str, str], named: str) -> None:
    response = caller.get("/api/events", **parameters)

    assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {"parameter": named})


def test_time_in_a_filter_needs_an_offset(caller: Caller) -> None:
    caller.event()

    assert caller.get("/api/events", filter="less-than(datetime,2026-11-03)").status_code == 400


def test_account_belongs_to_the_key(sandbox: Sandbox, caller: Caller) -> None:
    made = sandbox.add_account(KEY, name="Ann's Shop", timezone="Europe/Zurich", currency="CHF")
    (data,) = caller.get("/api/accounts").json()["data"]

    assert data["id"] == data["attributes"]["public_api_key"] == made["public_key"]
    assert data["attributes"]["contact_information"]["organization_name"] == "Ann's Shop"
    assert (data["attributes"]["timezone"], data["attributes"]["preferred_currency"]) == ("Europe/Zurich", "CHF")


def test_metrics_of_other_integrations_are_listed(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(metric="Placed Order")
    sandbox.add_metric(KEY, "Placed Order", integration="Shopify", category="eCommerce")
    all_metrics = caller.get("/api/metrics").json()["data"]
    of_shopify = caller.get("/api/metrics", filter='equals(integration.name,"Shopify")').json()["data"]

    assert [entry["attributes"]["integration"]["name"] for entry in all_metrics] == ["API", "Shopify"]
    assert [entry["attributes"]["integration"]["category"] for entry in of_shopify] == ["eCommerce"]


def make_list(caller: Caller, name: str) -> str:
    body = {"data": {"type": "list", "attributes": {"name": name, "opt_in_process": "single_opt_in"}}}
    response = caller.post("/api/lists", body)
    assert response.status_code == 201
    return str(response.json()["data"]["id"])


def test_list_is_found_by_name_and_by_id(caller: Caller) -> None:
    wanted, _ = make_list(caller, 'Whiplash, "VIP" (1)'), make_list(caller, "Other")
    found = caller.get("/api/lists", filter='equals(name,["Whiplash, \\"VIP\\" (1)"])').json()["data"]

    assert [entry["id"] for entry in found] == [wanted]
    assert caller.get(f"/api/lists/{wanted}").json()["data"] == found[0]


def test_lists_come_ten_to_a_page(caller: Caller) -> None:
    for number in range(10):
        make_list(caller, f"List {number}")
    full = caller.get("/api/lists").json()

    assert (len(full["data"]), full["links"]["next"]) == (10, None)
    assert caller.get("/api/lists", **{"page[size]": "11"}).status_code == 400


def test_profiles_are_added_to_a_list_and_removed(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    identifier, member = make_list(caller, "Whiplash"), sandbox.profiles()[0]["id"]
    path, body = f"/api/lists/{identifier}/relationships/profiles", {"data": [{"type": "profile", "id": member}]}
    added, members = caller.post(path, body), sandbox.lists()[0]["profiles"]
    removed = caller.call("DELETE", path, json=body)

    assert (added.status_code, removed.status_code) == (204, 204)
    assert (members, sandbox.lists()[0]["profiles"]) == ([member], [])


def test_unknown_member_changes_no_membership(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    path = f"/api/lists/{make_list(caller, 'Whiplash')}/relationships/profiles"
    named = [{"type": "profile", "id": identifier} for identifier in (sandbox.profiles()[0]["id"], "01NOBODY")]

    assert caller.post(path, {"data": named}).status_code == 404
    assert sandbox.lists()[0]["profiles"] == []


def test_unknown_list_has_the_recorded_body(caller: Caller) -> None:
    (error,) = caller.get("/api/lists/invalid").json()["errors"]

    assert (error["code"], error["detail"]) == ("not_found", "A list with id `invalid` does not exist.")
