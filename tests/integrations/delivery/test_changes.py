"""Changes of profiles on the lane: what travels together, in which order, and what each answer leads to."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from integrations import connections, launch, profiles
from integrations.delivery.engine import Engine
from integrations.delivery.resend import resend
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.models import Connection, Customer, Delivery, DeliveryAttempt, Lane, ProfileChange
from tests.support.clock import Clock
from tests.support.world import Shop, World

from .conftest import Backlog

Kind = ProfileChange.Kind
PATHS = {
    "/api/profile-subscription-bulk-create-jobs": "subscribe",
    "/api/profile-subscription-bulk-delete-jobs": "unsubscribe",
    "/api/profile-suppression-bulk-create-jobs": "suppress",
    "/api/profile-bulk-import-jobs": "list_add",
    "/api/profile-import": "upsert",
    "/api/profile-merge": "merge",
    "/api/data-privacy-deletion-jobs": "erase",
    "/api/events": "event",
    "/api/event-bulk-create-jobs": "events",
}


def shopper(shop: Shop, number: int = 0, **more: Any) -> Customer:
    """A shopper with an e-mail address; the same one again for the same number."""
    email = f"person-{number}@mail.example"
    return Customer.objects.get_or_create(merchant=shop.merchant, email=email, defaults=more)[0]


def ask(
    shop: Shop, kind: Kind, customer: Customer | None = None, *, at: datetime | None = None, **more: Any
) -> Delivery:
    """Line up a change of a shopper's profile."""
    at = at or timezone.now()
    more = {"channels": ["email"]} | more if kind in (Kind.SUBSCRIBE, Kind.UNSUBSCRIBE) else more
    with transaction.atomic():
        change = profiles.request(
            shop.merchant, customer or shopper(shop), kind, asked_at=more.pop("asked_at", at), at=at, **more
        )
    return change.deliveries.get()


@pytest.fixture
def newsletter(shop: Shop, sandbox: Sandbox) -> str:
    """A list with single opt-in, which the merchant's sign-ups join."""
    made = sandbox._store.account(shop.public_key).create_list("Newsletter", "single_opt_in", timezone.now())
    Connection.objects.filter(pk=shop.connection.pk).update(marketing_list_id=made.id)
    return made.id


def requests_of(sandbox: Sandbox, shop: Shop) -> list[tuple[str, int]]:
    """What was posted since the merchant was taken on: (kind, HTTP status)."""
    told = sandbox.requests(shop.public_key)
    started = max(
        (place for place, each in enumerate(told) if each["path"].endswith("relationships/profiles")), default=-1
    )
    return [
        (PATHS[each["path"]], each["status"])
        for each in told[started + 1 :]
        if each["method"] == "POST" and each["path"] in PATHS
    ]


def profile(sandbox: Sandbox, shop: Shop, email: str = "person-0@mail.example") -> dict[str, Any]:
    """A profile at Klaviyo."""
    return next(each for each in sandbox.profiles(shop.public_key) if each["email"] == email)


def test_every_kind_reaches_the_account(shop: Shop, sandbox: Sandbox, newsletter: str) -> None:
    asked: dict[Kind, dict[str, Any]] = {
        Kind.SUBSCRIBE: {"source": "Tracking page"},
        Kind.UNSUBSCRIBE: {},
        Kind.SUPPRESS: {},
        Kind.LIST_ADD: {"details": {"list_id": newsletter}},
        Kind.UPSERT: {"details": {"first_name": "Ann", "properties": {"Tier": "Gold"}}},
        Kind.ERASE: {},
    }
    for number, (kind, more) in enumerate(asked.items()):
        ask(shop, kind, shopper(shop, number), **more)
    summary = Engine().run(seconds=20)

    seen = [profile(sandbox, shop, f"person-{number}@mail.example") for number in range(5)]
    assert summary.states == {"sent": 6}
    assert (seen[0]["consent"]["email"]["custom_source"], seen[0]["lists"]) == ("Tracking page", [newsletter])
    assert seen[1]["consent"]["email"]["state"] == "UNSUBSCRIBED"
    assert seen[2]["suppressions"] == ["USER_SUPPRESSED"]
    assert seen[3]["lists"] == [newsletter]
    assert (seen[4]["first_name"], seen[4]["properties"]) == ("Ann", {"Tier": "Gold"})
    assert DeliveryAttempt.objects.filter(outcome="accepted", delivery__change__isnull=False).count() == 6


def test_merging_gives_one_profile_up_for_the_other_and_may_be_repeated(
    shop: Shop, sandbox: Sandbox, backlog: Backlog
) -> None:
    backlog(shop, 1, email="old@mail.example")
    backlog(shop, 1, email="new@mail.example")
    Engine().run(seconds=20)
    for _ in range(2):
        new = Customer.objects.get(email="new@mail.example")
        assert ask(shop, Kind.MERGE, new, details={"email": "old@mail.example"})
        Engine().run(seconds=20)

    assert profile(sandbox, shop, "new@mail.example")["events"] == 2
    assert "old@mail.example" not in [each["email"] for each in sandbox.profiles(shop.public_key)]
    assert shop.states == {"sent": 4}


@pytest.mark.parametrize(("kind", "sizes"), [(Kind.SUPPRESS, [100, 100, 5]), (Kind.SUBSCRIBE, [205])])
def test_changes_of_a_kind_travel_together_up_to_the_limit(
    shop: Shop, sandbox: Sandbox, newsletter: str, kind: Kind, sizes: list[int]
) -> None:
    for number in range(205):
        ask(shop, kind, shopper(shop, number))

    assert Engine().run(seconds=20).states == {"sent": 205}
    sent = DeliveryAttempt.objects.filter(connection=shop.connection).order_by("pk")
    assert [attempt.events for attempt in sent] == sizes


def test_what_has_another_source_travels_by_itself(shop: Shop, sandbox: Sandbox, newsletter: str) -> None:
    for number, source in enumerate(["Page", "Till", "Page"]):
        ask(shop, Kind.SUBSCRIBE, shopper(shop, number), source=source)
    Engine().run(seconds=20)

    sources = [
        profile(sandbox, shop, f"person-{n}@mail.example")["consent"]["email"]["custom_source"] for n in range(3)
    ]
    assert (sources, len(requests_of(sandbox, shop))) == (["Page", "Till", "Page"], 2)


def test_changes_of_one_shopper_go_in_order_each_by_itself(shop: Shop, sandbox: Sandbox, newsletter: str) -> None:
    kinds = [Kind.SUBSCRIBE, Kind.UNSUBSCRIBE, Kind.SUBSCRIBE, Kind.SUPPRESS, Kind.UNSUBSCRIBE]
    for kind in kinds:
        ask(shop, kind)
    Engine().run(seconds=20)

    assert requests_of(sandbox, shop) == [(kind.value, 202) for kind in kinds]
    assert profile(sandbox, shop)["suppressions"] == ["UNSUBSCRIBE", "USER_SUPPRESSED"]


@pytest.mark.parametrize("others", [0, 300], ids=["single", "bulk"])
def test_events_of_a_shopper_wait_for_the_changes_before_them(
    world: World, shop: Shop, sandbox: Sandbox, backlog: Backlog, others: int
) -> None:
    """A suppression that is in trouble holds back its own shopper's events, and nobody else's."""
    first = shopper(shop)
    ask(shop, Kind.SUPPRESS, first)
    (held,) = backlog(shop, 1)
    Delivery.objects.filter(pk=held.pk).update(identifier=first.email)
    free = backlog(shop, 1 + others, email="other-{0}@mail.example")
    sandbox.fault("server_error", operation="bulk_suppress_profiles", times=1)
    Engine().run(seconds=20)

    sent = set(Delivery.objects.filter(state="sent").values_list("pk", flat=True))
    assert sent == {each.pk for each in free}
    assert Delivery.objects.get(pk=held.pk).attempts == 0

    Delivery.objects.filter(state="pending").update(not_before=timezone.now())
    Engine().run(seconds=20)
    kinds = [kind for kind, _ in requests_of(sandbox, shop)]
    assert shop.states == {"sent": 3 + others}
    assert (kinds.count("suppress"), kinds[-2:]) == (2, ["suppress", "event"])


def test_a_failing_change_holds_events_back_however_long_it_fails(
    standing: World, clock: Clock, backlog: Backlog
) -> None:
    shop = standing.shop()
    suppressed = ask(shop, Kind.SUPPRESS, at=clock())
    (held,) = backlog(shop, 1, at=clock())
    Delivery.objects.filter(pk=held.pk).update(identifier=suppressed.identifier)
    standing.sandbox.fault("server_error", operation="bulk_suppress_profiles")
    for _ in range(4):
        Engine(clock=clock).run(seconds=5)
        clock.move_to(clock() + timedelta(hours=1))
        Lane.objects.update(blocked_until=None)

    held.refresh_from_db()
    assert (held.state, held.attempts) == ("pending", 0)
    standing.sandbox.clear_faults()
    clock.move_to(clock() + timedelta(hours=8))
    Engine(clock=clock).run(seconds=5)
    assert shop.states == {"sent": 2}


def test_an_event_before_a_change_does_not_wait_for_it(shop: Shop, sandbox: Sandbox, backlog: Backlog) -> None:
    (event,) = backlog(shop, 1)
    customer = Customer.objects.get(email=event.identifier)
    ask(shop, Kind.UNSUBSCRIBE, customer)
    sandbox.fault("server_error", operation="bulk_unsubscribe_profiles")
    Engine().run(seconds=20)

    assert Delivery.objects.get(event__isnull=False).state == "sent"


def test_a_suppression_comes_before_whatever_was_not_sent(shop: Shop, sandbox: Sandbox, backlog: Backlog) -> None:
    event, _ = backlog(shop, 2)
    ask(shop, Kind.SUPPRESS, Customer.objects.get(email=event.identifier))
    sandbox.fault("server_error", operation="bulk_suppress_profiles")
    Engine().run(seconds=20)

    assert list(Delivery.objects.order_by("pk").values_list("state", flat=True)) == ["pending", "sent", "pending"]


def test_a_suppression_that_the_key_may_not_make_pauses_the_connection(
    world: World, sandbox: Sandbox, backlog: Backlog
) -> None:
    shop = world.shop()
    scopes = {"accounts:read", "metrics:read", "events:read", "events:write", "profiles:read", "profiles:write"}
    sandbox.add_account(shop.key, public_key=shop.public_key, scopes=scopes)
    (event,) = backlog(shop, 1)
    ask(shop, Kind.SUPPRESS, Customer.objects.get(email=event.identifier))
    Engine().run(seconds=20)

    assert Connection.objects.get().state == "paused_scope"
    assert shop.states == {"pending": 2}


def test_one_bad_address_costs_no_other_change(shop: Shop, sandbox: Sandbox, newsletter: str) -> None:
    sandbox.refuse_email("person-3@mail.example")
    bad = [ask(shop, Kind.SUBSCRIBE, shopper(shop, number)) for number in range(6)][3]
    Engine().run(seconds=20)
    bad.refresh_from_db()

    assert shop.states == {"sent": 5, "dead": 1}
    assert (bad.reason, bad.error[:21]) == ("rejected", "Invalid email address")


def test_a_change_that_cannot_be_is_refused_without_a_request(shop: Shop, sandbox: Sandbox) -> None:
    phone_only = Customer.objects.create(merchant=shop.merchant, phone="+4930901820")
    delivery = ask(shop, Kind.SUPPRESS, phone_only)
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    assert (delivery.state, requests_of(sandbox, shop)) == ("dead", [])
    assert "only e-mail addresses can be suppressed" in delivery.error


def test_a_list_that_is_gone_fails_the_sign_up_and_stops_nothing(
    shop: Shop, sandbox: Sandbox, backlog: Backlog
) -> None:
    Connection.objects.update(marketing_list_id="gone")
    delivery = ask(shop, Kind.SUBSCRIBE)
    backlog(shop, 1, email="other@mail.example")
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    assert (delivery.state, "does not exist" in delivery.error) == ("dead", True)
    assert shop.states == {"dead": 1, "sent": 1}
    assert Lane.objects.get(connection=shop.connection).blocked_until is None


def test_a_missing_scope_holds_changes_and_not_events(world: World, sandbox: Sandbox, backlog: Backlog) -> None:
    shop = world.shop()
    scopes = {"accounts:read", "metrics:read", "events:read", "events:write", "profiles:read", "profiles:write"}
    sandbox.add_account(shop.key, public_key=shop.public_key, scopes=scopes | {"lists:read", "lists:write"})
    delivery = ask(shop, Kind.UNSUBSCRIBE)
    backlog(shop, 1, email="other@mail.example")
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    assert (delivery.state, delivery.reason, delivery.attempts) == ("held", "scope_missing", 0)
    assert "subscriptions:write" in delivery.error
    assert Connection.objects.get().state == "active"
    assert shop.states == {"held": 1, "sent": 1}

    sandbox.add_account(shop.key, public_key=shop.public_key)
    sandbox.set_limits(None)
    connections.check(Connection.objects.get(), at=timezone.now())
    Engine().run(seconds=20)
    assert shop.states == {"sent": 2}


def test_a_refused_key_pauses_the_connection_and_loses_no_change(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.revoke_key(shop.key)
    delivery = ask(shop, Kind.SUPPRESS)
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    assert (delivery.state, delivery.attempts, Connection.objects.get().state) == ("pending", 0, "paused_auth")


@pytest.mark.parametrize("kind", [Kind.SUBSCRIBE, Kind.UNSUBSCRIBE, Kind.SUPPRESS, Kind.UPSERT, Kind.ERASE])
def test_a_change_whose_answer_was_lost_is_repeated_without_harm(
    shop: Shop, sandbox: Sandbox, newsletter: str, kind: Kind
) -> None:
    once = ask(shop, kind)
    Engine().run(seconds=20)
    expected = [{**each, "updated": "", "created": "", "id": ""} for each in sandbox.profiles(shop.public_key)]
    Delivery.objects.filter(pk=once.pk).delete()
    sandbox.fault("reset_after", times=1)
    again = ask(shop, kind)
    Engine().run(seconds=20)
    again.refresh_from_db()
    assert (again.state, again.is_ambiguous) == ("pending", True)

    Delivery.objects.update(not_before=timezone.now())
    Engine().run(seconds=20)

    again.refresh_from_db()
    now = [{**each, "updated": "", "created": "", "id": ""} for each in sandbox.profiles(shop.public_key)]
    assert (again.state, again.attempts) == ("sent", 2)
    assert [_without_times(each) for each in now] == [_without_times(each) for each in expected]


def _without_times(told: dict[str, Any]) -> dict[str, Any]:
    states = {channel: each["state"] for channel, each in told["consent"].items()}
    return {**told, "consent": states}


def test_what_a_dead_worker_left_in_flight_is_sent_again(shop: Shop, sandbox: Sandbox) -> None:
    delivery = ask(shop, Kind.SUPPRESS)
    Delivery.objects.update(state="sending", claim=0, attempts=1, first_attempt_at=timezone.now())
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    assert (delivery.state, delivery.is_ambiguous) == ("sent", True)


def test_a_subscription_in_doubt_undoes_no_opt_out_that_was_made_at_klaviyo(
    shop: Shop, sandbox: Sandbox, newsletter: str
) -> None:
    """The shopper clicks “unsubscribe” in the mail that the lost request had started."""
    sandbox.fault("reset_after", times=1)
    delivery = ask(shop, Kind.SUBSCRIBE)
    other = ask(shop, Kind.SUBSCRIBE, shopper(shop, 1))
    Engine().run(seconds=20)
    book = sandbox._store.account(shop.public_key).profiles
    ann = next(each for each in book if each.identifiers["email"] == "person-0@mail.example")
    ann.consents.unsubscribe("email", at=timezone.now())
    Delivery.objects.update(not_before=timezone.now())
    Engine().run(seconds=20)

    delivery.refresh_from_db()
    other.refresh_from_db()
    assert (delivery.state, delivery.reason, other.state) == ("skipped", "opted_out", "sent")
    assert profile(sandbox, shop)["consent"]["email"]["state"] == "UNSUBSCRIBED"
    assert profile(sandbox, shop, "person-1@mail.example")["consent"]["email"]["state"] == "SUBSCRIBED"


def test_a_late_subscription_keeps_the_channel_that_nobody_opted_out_of(
    shop: Shop, sandbox: Sandbox, newsletter: str
) -> None:
    customer = shopper(shop, phone="+4930901820")
    ask(shop, Kind.SUPPRESS, customer)
    Engine().run(seconds=20)
    consented_at = timezone.now() - timedelta(hours=2)
    delivery = ask(shop, Kind.SUBSCRIBE, customer, asked_at=consented_at, channels=["email", "sms"])
    Engine().run(seconds=20)
    delivery.refresh_from_db()

    ann = profile(sandbox, shop)
    assert (delivery.state, ann["suppressions"], ann["consent"].keys()) == ("sent", ["USER_SUPPRESSED"], {"sms"})


def test_a_fresh_subscription_asks_nothing_and_lifts_an_older_opt_out(
    shop: Shop, sandbox: Sandbox, newsletter: str
) -> None:
    ask(shop, Kind.SUPPRESS)
    Engine().run(seconds=20)
    ask(shop, Kind.SUBSCRIBE)
    Engine().run(seconds=20)

    assert profile(sandbox, shop)["suppressions"] == []
    assert requests_of(sandbox, shop) == [("suppress", 202), ("subscribe", 202)]


def test_failed_changes_can_be_sent_again_and_held_ones_survive_a_new_launch(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.refuse_email("person-0@mail.example")
    ask(shop, Kind.SUPPRESS)
    Engine().run(seconds=20)
    assert shop.states == {"dead": 1}
    sandbox.refuse_email()

    assert resend(Delivery.objects.all(), at=timezone.now()) == 1
    at = timezone.now()
    launch.reschedule(shop.connection, launch_at=at + timedelta(days=1), backfill_days=0, at=at)
    assert shop.states == {"pending": 1}
    launch.reschedule(shop.connection, launch_at=at, backfill_days=0, at=at)
    Engine().run(seconds=20)
    assert shop.states == {"sent": 1}
