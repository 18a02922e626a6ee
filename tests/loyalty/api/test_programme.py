"""The programme's rules and figures by the API."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import AuditEntry, Merchant
from loyalty.models import Programme
from tests.loyalty.rewarding import five_off
from tests.loyalty.telling import redeem
from tests.support import rest as world
from tests.support.rest import Rest
from tests.tracking.telling import make_merchant

pytestmark = pytest.mark.django_db


def test_a_programme_begins_with_its_first_version(db: None) -> None:
    merchant = make_merchant("loyalty")
    api = world.rest(merchant)
    assert api.get("loyalty-programme").status_code == 404

    made = api.post("loyalty-programme", {"based_on": 0, "points_per_unit": "1.5"})

    told = made.json()
    assert (made.status_code, told["version"], told["version_in_force"], told["points_per_unit"]) == (201, 1, 1, "1.5")
    assert api.get("loyalty-programme").json() == told
    assert "“warehouse”" in AuditEntry.objects.get().actor


def test_a_version_is_made_on_top_of_the_one_that_was_seen(merchant: Merchant, api: Rest) -> None:
    reward = five_off(merchant)
    change = {"based_on": 1, "welcome_reward": str(reward.pk), "effective_at": "2026-12-01T00:00:00Z"}
    made = api.post("loyalty-programme", change)
    late = api.post("loyalty-programme", change | {"birthday_points": 10})
    same = api.post("loyalty-programme", {"based_on": 2, "welcome_reward": str(reward.pk)})

    assert [each.status_code for each in (made, late, same)] == [201, 409, 200]
    assert (made.json()["version"], made.json()["version_in_force"]) == (2, 1)
    assert (made.json()["welcome_reward"], made.json()["changes"]) == (
        str(reward.pk),
        ["Welcome reward: none → 5 € off"],
    )
    assert late.json()["detail"] == "Version 2 holds now, and the change is based on version 1."
    assert same.json() == made.json()


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "the past": ({"effective_at": "2026-11-01T00:00:00Z"}, "/effective_at"),
    "a fraction of a hundredth": ({"points_per_unit": "1.005"}, "/points_per_unit"),
    "a reward that there is not": ({"birthday_reward": "99"}, "/birthday_reward"),
    "windows that repeat": ({"expiring_windows": [7, 7]}, "/expiring_windows"),
    "no days": ({"expiry_days": 0}, "/expiry_days"),
    "a word": ({"expiry": "soon"}, "/expiry"),
}


@pytest.mark.parametrize(("change", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_is_said_and_makes_no_version(
    merchant: Merchant, api: Rest, change: dict[str, Any], pointer: str
) -> None:
    answer = api.post("loyalty-programme", {"based_on": 1, **change})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert Programme.objects.count() == 1


def test_the_figures_are_those_of_the_dashboard(merchant: Merchant, api: Rest) -> None:
    redeem(merchant, 30)

    told = api.get("loyalty-programme/figures").json()

    assert {name: told[name] for name in ("members", "outstanding", "owed", "pending")} == {
        "members": 1,
        "outstanding": 50,
        "owed": 0,
        "pending": 0,
    }
    assert len(told["days"]) == 30
    assert told["days"][-1] == {
        "date": "2026-11-20",
        "points_added": 80,
        "points_subtracted": 30,
        "points_expired": 0,
        "outstanding": 50,
    }
    assert told["days"][-2] == {
        "date": "2026-11-19",
        "points_added": 0,
        "points_subtracted": 0,
        "points_expired": 0,
        "outstanding": 0,
    }
