"""Rewards on merchants' pages: offering one, its codes, giving it to a member, and its end."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import AuditEntry, Merchant
from loyalty import services
from loyalty.models import IssuedReward, Member, Reward, RewardCode
from loyalty.services import programmes

from .conftest import SignIn
from .test_loyalty import AT, DAY, give, member, offer, running

__all__ = ["running"]

ONCE = "0b0c6d54-9a6a-4a4e-8d0c-1f1f3f6a2c11"
POOL: dict[str, Any] = {"kind": Reward.Kind.DISCOUNT_CODE, "discount": 5, "codes": Reward.Codes.POOL}
FIVE_OFF = {
    "once": ONCE,
    "kind": "Discount_code",
    "name": "5 € off",
    "discount": "5",
    "discount_unit": "amount",
    "points_cost": "50",
    "valid_days": "30",
    "codes": "pattern",
    "code_pattern": "TEA-########",
}


def at(merchant: Merchant, path: str) -> str:
    return f"/m/{merchant.public_id}/loyalty/{path}"


def post(client: Client, merchant: Merchant, path: str, **values: Any) -> str:
    return client.post(at(merchant, path), values, follow=True).content.decode()


def issue(merchant: Merchant, reward: Reward, to: Member, cause: str = "a present") -> IssuedReward:
    with transaction.atomic():
        source = IssuedReward.Source.ONE_TIME_CAMPAIGN
        return services.issue_reward(
            merchant=merchant, customer=to.customer, reward=reward, source=source, cause=cause, at=AT + DAY / 7
        )


def test_an_editor_offers_a_reward_once_however_often_the_form_is_sent(running: Merchant, sign_in: SignIn) -> None:
    client = sign_in("editor")
    for _ in range(2):
        assert "5 € off is offered." in post(client, running, "rewards/new/", **FIVE_OFF)

    made = Reward.objects.get()
    assert (made.points_cost, made.valid_days, made.code_pattern) == (50, 30, "TEA-########")
    assert [each.what for each in AuditEntry.objects.all()] == ["offered a reward"]


@pytest.mark.parametrize(
    ("values", "field", "complaint"),
    [
        ({"name": ""}, "name", "This field is required"),
        ({"discount": ""}, "discount", "Say what it takes off."),
        ({"discount": "101", "discount_unit": "percent"}, "discount", "At most 100 percent."),
        ({"points_cost": "0"}, "points_cost", "greater than or equal to 1"),
        ({"code_pattern": "TEA-#"}, "code_pattern", "at least eight times #"),
        ({"codes": "none", "code_pattern": ""}, "codes", "Say where its codes come from."),
        ({"kind": "Free_product"}, "product_id", "Say which product is free"),
    ],
)
def test_what_a_reward_cannot_be_is_said_at_the_field(
    running: Merchant, sign_in: SignIn, values: dict[str, str], field: str, complaint: str
) -> None:
    answer = sign_in("editor").post(at(running, "rewards/new/"), FIVE_OFF | values)

    assert complaint in " ".join(answer.context["form"].errors[field])
    assert not Reward.objects.exists()


def test_codes_are_added_by_pasting_and_by_a_file(running: Merchant, sign_in: SignIn) -> None:
    reward, client = offer(running, **POOL), sign_in("editor")
    path = f"rewards/{reward.pk}/"
    assert "2 codes were added." in post(client, running, path, codes="A-1\n\n A-2 \r\nA-1")
    page = post(client, running, path, codes="A-2", file=SimpleUploadedFile("codes.txt", b"\xef\xbb\xbfB-1\r\nB-2\n"))
    assert "2 codes were added; 1 was known already." in page

    for wrong, complaint in (
        ({"codes": " "}, "Paste codes, or choose a file."),
        ({"codes": "A" * 101}, "A code has 1 to 100 characters"),
        ({"file": SimpleUploadedFile("codes.xlsx", b"\xff\xfe\x00")}, "It is no text file in UTF-8."),
    ):
        assert complaint in post(client, running, path, **wrong)
    assert sorted(RewardCode.objects.values_list("code", flat=True)) == ["A-1", "A-2", "B-1", "B-2"]


def test_rewards_are_listed_page_by_page_with_what_is_left(running: Merchant, sign_in: SignIn) -> None:
    ann = member(running)
    low = offer(running, "Low", points_cost=None, **POOL)
    services.add_codes(low, ["A", "B"], by=None, at=AT)
    issue(running, low, ann)
    for number in range(55):
        offer(running, f"Reward {number}")
    client = sign_in("viewer")
    with CaptureQueriesContext(connection) as queries:
        first = client.get(at(running, "rewards/"))
    second = client.get(f"{at(running, 'rewards/')}?{first.context['older']}")

    rows = [each for page in (first, second) for each in page.context["rewards"]]
    assert (len(rows), len({each.reward.pk for each in rows}), len(queries) <= 11) == (56, 56, True)
    assert [(each.given, each.left, each.codes) for each in rows if each.reward == low] == [(1, 1, 2)]
    assert "run low: 1 of 2 are left" in first.content.decode()


def test_whoever_got_a_reward_is_listed_page_by_page(running: Merchant, sign_in: SignIn) -> None:
    reward = offer(running)
    for number in range(55):
        issue(running, reward, member(running, f"ann{number}"), f"c{number}")
    client, path = sign_in("viewer"), at(running, f"rewards/{reward.pk}/")
    with CaptureQueriesContext(connection) as queries:
        first = client.get(path)
    second = client.get(f"{path}?{first.context['older']}")

    rows = {each.member.customer.email for page in (first, second) for each in page.context["issued"]}
    assert (len(rows), len(queries) <= 9) == (55, True)
    assert "Deactivate" not in first.content.decode()


def redeem(client: Client, merchant: Merchant, reward: Reward, to: Member, **more: str) -> str:
    values = {"once": ONCE, "reward": str(reward.pk), "for_points": "yes", **more}
    return post(client, merchant, f"members/{to.customer_id}/rewards/", **values)


def test_a_reward_is_redeemed_once_and_its_points_come_back(running: Merchant, sign_in: SignIn) -> None:
    give(running, 120)
    ann, reward, client = Member.objects.get(), offer(running, points_cost=50), sign_in("editor")
    for _ in range(2):
        assert "A pot of honey is given." in redeem(client, running, reward, ann)
    issued = IssuedReward.objects.get()
    ann.refresh_from_db()
    assert (issued.source, issued.points_spent, ann.balance) == ("points_redemption", 50, 70)

    page = post(client, running, f"issued/{issued.pk}/deactivate/", back="reward")
    assert "A pot of honey is deactivated: 50 points are back, the balance is 120 now." in page
    page = post(client, running, f"issued/{issued.pk}/use/")
    assert "The reward was deactivated: nothing more becomes of it." in page
    assert [(each.what, each.details, each.actor) for each in AuditEntry.objects.order_by("pk")] == [
        (what, [name, f"customer {ann.customer_id}"], "editor@alba.example")
        for what, name in (
            ("gave a reward", "A pot of honey, for 50 points"),
            ("deactivated a reward", "A pot of honey"),
        )
    ]


def test_a_present_costs_nothing_and_is_used(running: Merchant, sign_in: SignIn) -> None:
    ann, reward, client = member(running), offer(running, points_cost=50), sign_in("editor")
    assert "is given" in redeem(client, running, reward, ann, for_points="no")
    assert "is marked as used" in post(client, running, f"issued/{IssuedReward.objects.get().pk}/use/")

    issued = IssuedReward.objects.get()
    assert (issued.source, issued.points_spent, bool(issued.used_at)) == ("one_time_campaign", 0, True)


def test_what_cannot_be_given_is_refused_with_the_reason(running: Merchant, sign_in: SignIn) -> None:
    ann, client = member(running), sign_in("editor")
    costly, present, empty = offer(running), offer(running, points_cost=None), offer(running, points_cost=None, **POOL)
    retired, theirs = offer(running), offer(Merchant.objects.create(name="Birch"))
    services.retire_reward(retired, by=None, at=AT)

    assert "There are 0 points to spend, not 50" in redeem(client, running, costly, ann)
    assert "is not to be had for points" in redeem(client, running, present, ann)
    assert "has no code left" in redeem(client, running, empty, ann, for_points="no")
    for wrong in (retired, theirs):
        assert "Select a valid choice" in redeem(client, running, wrong, ann, for_points="no")
    assert not IssuedReward.objects.exists()


def test_a_reward_is_retired_unless_the_programme_gives_it(running: Merchant, sign_in: SignIn) -> None:
    reward, client = offer(running), sign_in("editor")
    programmes.change(running, by=None, at=AT - DAY, welcome_reward=reward)
    assert "choose another one there first" in post(client, running, f"rewards/{reward.pk}/retire/")
    programmes.change(running, by=None, at=AT, welcome_reward=None)
    assert "is retired" in post(client, running, f"rewards/{reward.pk}/retire/")
    assert Reward.objects.get().retired_at


def test_a_viewer_changes_no_reward_and_those_of_others_do_not_exist(running: Merchant, sign_in: SignIn) -> None:
    ann, mine = member(running), offer(running, points_cost=None, **POOL)
    services.add_codes(mine, ["A"], by=None, at=AT)
    issued = issue(running, mine, ann)
    viewer, editor = sign_in("viewer"), sign_in("editor")
    changes = (f"rewards/{mine.pk}/retire/", f"issued/{issued.pk}/use/", f"issued/{issued.pk}/deactivate/")
    assert [viewer.post(at(running, path)).status_code for path in changes] == [403] * 3
    post(viewer, running, "rewards/new/", **FIVE_OFF)
    viewer.post(at(running, f"rewards/{mine.pk}/"), {"codes": "B"})
    redeem(viewer, running, mine, ann, for_points="no")
    assert IssuedReward.objects.filter(used_at=None, deactivated_at=None).count() == 1
    assert (Reward.objects.count(), RewardCode.objects.count()) == (1, 1)

    other = Merchant.objects.create(name="Birch")
    programmes.change(other, by=None, at=AT - 365 * DAY)
    theirs = issue(other, offer(other), member(other, "eve"))
    paths = (f"rewards/{theirs.reward_id}/retire/", f"issued/{theirs.pk}/use/", f"issued/{theirs.pk}/deactivate/")
    answers = [editor.post(at(running, path)).status_code for path in paths]
    answers.append(editor.get(at(running, f"rewards/{theirs.reward_id}/")).status_code)
    assert answers == [404] * 4
