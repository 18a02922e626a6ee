"""Rewards by the API: offered, given for points or as a present, used, and taken back."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import AuditEntry, Event, Merchant
from loyalty.api import examples
from loyalty.models import Reward, RewardCode
from loyalty.services import programmes
from tests.loyalty.rewarding import five_off
from tests.loyalty.telling import ann, balance, merchant_with_programme
from tests.support.rest import Rest
from tests.tracking.telling import AT, HOUR

pytestmark = pytest.mark.django_db


@pytest.fixture
def reward(merchant: Merchant) -> Reward:
    """Five euros off for 50 points."""
    return five_off(merchant)


def issue(api: Rest, reward: Reward | str, external_id: str = "R-1", **more: Any) -> Any:
    key = reward if isinstance(reward, str) else str(reward.pk)
    return api.post(f"members/{ann().pk}/rewards", {"external_id": external_id, "reward": key, **more})


def end(api: Rest, how: str, issued: Any, body: Any = None) -> Any:
    return api.post(f"members/{ann().pk}/rewards/{issued.json()['id']}/{how}", body)


def test_a_reward_is_offered_and_listed(merchant: Merchant, api: Rest) -> None:
    made = api.post("rewards", examples.NEW_REWARD)

    assert made.status_code == 201
    assert api.get("rewards").json()["items"] == [made.json()]
    assert made.json() == examples.REWARD | {name: made.json()[name] for name in ("id", "created_at")}
    assert (AuditEntry.objects.get().what, "“warehouse”" in AuditEntry.objects.get().actor) == (
        "offered a reward",
        True,
    )


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no discount": ({"discount": None}, "/discount"),
    "a pattern that is easily guessed": ({"code_pattern": "TEA-#"}, "/code_pattern"),
    "a kind that there is not": ({"kind": "Discount_code"}, "/kind"),
    "too many decimals": ({"discount": "5.001"}, "/discount"),
}


@pytest.mark.parametrize(("change", "pointer"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_a_reward_is_said(
    merchant: Merchant, api: Rest, change: dict[str, Any], pointer: str
) -> None:
    answer = api.post("rewards", examples.NEW_REWARD | change)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert not Reward.objects.exists()


def test_a_reward_costs_its_points_once(merchant: Merchant, api: Rest, reward: Reward) -> None:
    first, again = issue(api, reward), issue(api, reward)
    other = issue(api, reward, source="one_time_campaign")
    more = issue(api, reward, "R-2")

    assert [each.status_code for each in (first, again, other, more)] == [201, 200, 409, 409]
    assert [each.json()["code"] for each in (other, more)] == ["conflict", "not_enough"]
    assert again.json() == first.json()
    told = first.json()
    assert (told["points_spent"], told["status"], told["code"][:4], told["external_id"]) == (50, "open", "TEA-", "R-1")
    assert (balance(merchant), Event.objects.filter(metric="reward_issued").count()) == (30, 1)
    assert RewardCode.objects.count() == 1
    assert api.get(f"members/{ann().pk}/rewards").json()["items"] == [told]


def test_a_present_costs_nothing(merchant: Merchant, api: Rest, reward: Reward) -> None:
    told = issue(api, reward, source="one_time_campaign").json()

    assert (told["points_spent"], told["source"], balance(merchant)) == (0, "one_time_campaign", 80)


def test_points_come_back_with_a_reward_that_is_taken_back(merchant: Merchant, api: Rest, reward: Reward) -> None:
    issued = issue(api, reward)
    first, again = end(api, "deactivate", issued, {"note": "by mistake"}), end(api, "deactivate", issued)
    used = end(api, "use", issued)

    assert [each.status_code for each in (first, again, used)] == [200, 200, 409]
    assert (first.json()["status"], again.json(), balance(merchant)) == ("deactivated", first.json(), 80)
    assert used.json()["detail"] == "The reward was deactivated: nothing more becomes of it."


def test_a_reward_is_used_once_and_then_not_taken_back(merchant: Merchant, api: Rest, reward: Reward) -> None:
    issued = issue(api, reward)
    answers = [end(api, how, issued) for how in ("use", "use", "deactivate")]

    assert [each.status_code for each in answers] == [200, 200, 409]
    assert (answers[0].json()["status"], answers[1].json(), balance(merchant)) == ("used", answers[0].json(), 30)


def test_a_reward_of_nobody_is_not_found_or_named(merchant: Merchant, api: Rest, reward: Reward) -> None:
    theirs = five_off(merchant_with_programme())
    named = [issue(api, str(theirs.pk)), issue(api, "x"), issue(api, "0")]
    gone = [api.post(f"members/{ann().pk}/rewards/1/{how}") for how in ("use", "deactivate")]
    gone += [api.post(f"rewards/{theirs.pk}/retire"), api.post(f"rewards/{theirs.pk}/codes", {"codes": ["A"]})]

    assert [(each.status_code, each.json()["errors"][0]["pointer"]) for each in named] == [(422, "/reward")] * 3
    assert [each.status_code for each in gone] == [404] * 4


def test_codes_come_from_a_list_and_none_is_given_twice(merchant: Merchant, api: Rest) -> None:
    made = api.post("rewards", examples.NEW_REWARD | {"codes": "pool", "code_pattern": ""}).json()
    path = f"rewards/{made['id']}/codes"
    added = [api.post(path, {"codes": codes}).json() for codes in (["A-1", "A-2", "A-1"], ["A-2"])]
    pattern = api.post(f"rewards/{five_off(merchant).pk}/codes", {"codes": ["B"]})

    got = [issue(api, made["id"], f"R-{each}", source="one_time_campaign") for each in range(3)]

    assert [each["added"] for each in added] == [2, 0]
    assert pattern.json()["errors"][0]["pointer"] == "/codes"
    assert [each.json()["code"] for each in got] == ["A-1", "A-2", "conflict"]
    assert "has no code left" in got[2].json()["detail"]


def test_a_retired_reward_is_given_to_nobody(merchant: Merchant, api: Rest, reward: Reward) -> None:
    programmes.change(merchant, by=None, at=AT + HOUR, welcome_reward=reward)
    given = api.post(f"rewards/{reward.pk}/retire")
    programmes.change(merchant, by=None, at=AT + HOUR, welcome_reward=None)
    retired = [api.post(f"rewards/{reward.pk}/retire") for _ in range(2)]

    assert (given.status_code, given.json()["code"]) == (409, "conflict")
    assert [each.status_code for each in retired] == [200, 200]
    assert retired[0].json() == retired[1].json()
    assert retired[0].json()["retired_at"]
    assert issue(api, reward).json()["code"] == "conflict"
    assert balance(merchant) == 80
