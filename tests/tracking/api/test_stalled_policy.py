"""When something stalls, as clients see and change it: the form's own settings, versions and figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations.models import AuditEntry, Merchant
from tests.support import rest as world
from tests.support.rest import Rest, logged
from tests.tracking.stalling import many, merchant_in_new_york
from tests.tracking.test_preview import NOW
from tracking import preview
from tracking.models import StalledPolicy
from tracking.services import policies

UPS = {"carrier": "ups", "destination": "international", "before_pickup": 96, "in_transit": None}


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant in New York with every metric on."""
    return merchant_in_new_york()


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)


def test_who_never_changed_anything_is_told_the_defaults(api: Rest) -> None:
    told = api.get("stalled-policy").json()

    assert (told["version"], told["created_at"], told["hours_in_transit"]) == (0, None, 72)
    assert told.keys() == {"version", "created_at", "changes", "warnings", *policies.SETTINGS}


def test_a_change_is_a_new_version_and_the_trail_names_the_token(merchant: Merchant, api: Rest) -> None:
    change = {
        "based_on": 0,
        "hours_in_transit": 12,
        "home_country": "US",
        "own_dates": ["2026-12-24"],
        "overrides": [UPS],
    }

    answer = api.post("stalled-policy", change)

    made = answer.json()
    assert (answer.status_code, made["version"], made["hours_until_fulfillment"]) == (201, 1, 72)
    assert {name: made[name] for name in change if name != "based_on"} == {
        name: value for name, value in change.items() if name != "based_on"
    }
    assert ("12 h" in made["warnings"][0], len(made["changes"])) == (True, 4)
    assert api.get("stalled-policy").json() == made
    assert policies.current(merchant).overrides == [UPS]
    assert "API token “warehouse”" in AuditEntry.objects.get().actor


def test_who_has_not_seen_the_newest_version_changes_nothing(api: Rest) -> None:
    api.post("stalled-policy", {"based_on": 0, "hours_in_transit": 48})

    answer = api.post("stalled-policy", {"based_on": 0, "hours_before_pickup": 48})

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert "Version 1 holds now" in answer.json()["detail"]
    assert StalledPolicy.objects.get().hours_before_pickup == 72


def test_where_nothing_differs_the_version_stays(api: Rest) -> None:
    answer = api.post("stalled-policy", {"based_on": 0, "hours_in_transit": 72})

    assert (answer.status_code, answer.json()["version"]) == (200, 0)
    assert not StalledPolicy.objects.exists()


WRONG: dict[str, tuple[dict[str, Any], str, str]] = {
    "hours": ({"hours_in_transit": 0}, "/hours_in_transit", "1"),
    "a weekday": ({"excluded_weekdays": [7]}, "/excluded_weekdays/0", "6"),
    "every weekday": ({"excluded_weekdays": [0, 1, 2, 3, 4, 5, 6]}, "/excluded_weekdays", "must count"),
    "a date": ({"own_dates": ["24.12."]}, "/own_dates/0", "2026-11-24"),
    "a country": ({"holiday_country": "XX"}, "/holiday_country", "No holidays"),
    "an override": ({"overrides": [{**UPS, "carrier": 1}]}, "/overrides/0/carrier", "text"),
    "what is domestic": ({"overrides": [{**UPS, "destination": "domestic"}]}, "/overrides", "home country"),
    "a problem": ({"problems_off": ["Lost"]}, "/problems_off/0", "ShipmentStalled"),
}


@pytest.mark.parametrize("path", ["stalled-policy", "stalled-policy/preview"])
@pytest.mark.parametrize(("wrong", "pointer", "right"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_named_with_what_would_be_right(
    api: Rest, path: str, wrong: dict[str, Any], pointer: str, right: str
) -> None:
    answer = api.post(path, wrong | ({"based_on": 0} if path == "stalled-policy" else {}))

    [error] = answer.json()["errors"]
    assert (answer.status_code, error["pointer"]) == (422, pointer)
    assert right in error["detail"]
    assert not StalledPolicy.objects.exists()


@pytest.mark.parametrize("days", preview.PERIODS)
def test_the_preview_tells_the_figures_of_the_form(merchant: Merchant, api: Rest, days: int) -> None:
    many(merchant, 3)
    new = StalledPolicy(merchant=merchant, hours_until_fulfillment=None, hours_in_transit=None, hours_before_pickup=24)
    expected = preview.preview(merchant, new, policies.defaults(merchant), days=days, at=NOW)

    with time_machine.travel(NOW, tick=False), CaptureQueriesContext(connection) as queries:
        settings = {"hours_until_fulfillment": None, "hours_in_transit": None, "hours_before_pickup": 24}
        told = api.post("stalled-policy/preview", {"days": days, **settings}).json()

    assert (told["days"], told["start"]) == (days, (NOW - timedelta(days=days)).isoformat().replace("+00:00", "Z"))
    for part in expected.parts:
        seen = told[part.kind]
        assert (seen["count"], seen["flagged"], seen["today"], seen["limits"]) == (
            part.count,
            part.flagged,
            part.today,
            part.limits,
        )
        for name in ("hours", "weekdays", "carriers"):
            bars = [(bar["label"], bar["count"], bar["flagged"], bar["today"]) for bar in seen[name]]
            assert bars == [(bar.label, bar.count, bar.flagged, bar.today) for bar in getattr(part, name)]
    assert (told["orders"]["flagged"], told["orders"]["today"]) == (0, 3)
    assert not StalledPolicy.objects.exists()
    # The token, its count, the version that holds, the merchant of the proposed one, and the six of the preview.
    assert len(queries) == logged(11)


def test_a_period_that_is_none_is_refused(api: Rest) -> None:
    answer = api.post("stalled-policy/preview", {"days": 31})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/days")
    assert "30, 60, 90" in answer.json()["detail"]


def test_reading_does_not_permit_to_change(merchant: Merchant) -> None:
    reader = world.rest(merchant, ["settings:read"])

    assert reader.post("stalled-policy/preview", {}).status_code == 200
    assert reader.post("stalled-policy", {"based_on": 0, "hours_in_transit": 48}).status_code == 403
