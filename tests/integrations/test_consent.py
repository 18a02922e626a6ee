"""The guard of opt-outs: whatever the order in which words come in and are sent, the newest one of each channel holds."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from hypothesis import strategies as st

from integrations import consent, erasure, profiles
from integrations.audit import Actor
from integrations.consent import NothingShown, NotReachable, SignUp
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.history import OutsideTransaction
from integrations.models import Connection, ConsentRecord, Customer, Delivery, Lane, Merchant, ProfileChange
from integrations.people import ConsentInput, PersonInput
from tests.support.examples import tried_with
from tests.support.world import Shop, World

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
ANN = PersonInput(email="ann@shopper.example", phone="+4930901820")


def sign_up(at: datetime, channels: tuple[str, ...] = ("email",), *, ticked: bool = True) -> SignUp:
    """Ann signs up."""
    return SignUp(person=ANN, channels=channels, is_marketing=ticked, source="Page", given_at=at, text="Yes, please.")


def opt_out(merchant: Merchant, at: datetime, channel: str = "email", person: PersonInput = ANN) -> str:
    """Ann opts out; what is said of it."""
    word = ConsentInput(person, channel, "unsubscribed", at)
    return consent.record(merchant=merchant, consent=word, at=timezone.now()).note


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with a connection."""
    made = Merchant.objects.create(name="Alba")
    Connection.objects.create(merchant=made, launch_at=AT - 30 * 24 * HOUR)
    return made


def asked() -> list[tuple[str, list[str]]]:
    """What was lined up."""
    return [
        (kind, list(channels))
        for kind, channels in ProfileChange.objects.order_by("pk").values_list("kind", "channels")
    ]


def test_an_opt_out_of_the_same_instant_wins(merchant: Merchant) -> None:
    opt_out(merchant, AT)
    done = consent.subscribe(merchant=merchant, sign_up=sign_up(AT), at=AT)

    assert (done.subscribed, done.opted_out) == ((), ("email",))
    assert done.record is not None
    assert asked() == [("unsubscribe", ["email"])]


def test_a_newer_consent_holds_after_an_opt_out(merchant: Merchant) -> None:
    opt_out(merchant, AT)
    consent.subscribe(merchant=merchant, sign_up=sign_up(AT + HOUR), at=AT + HOUR)

    assert asked() == [("unsubscribe", ["email"]), ("subscribe", ["email"])]
    assert Customer.objects.get().consent["email"]["state"] == "subscribed"


@pytest.mark.parametrize("later", ["pending", "none"])
def test_a_later_word_that_is_no_consent_hides_no_opt_out(merchant: Merchant, later: str) -> None:
    """The shop says that the double opt-in is pending: the opt-out before it still outlives an older consent."""
    opt_out(merchant, AT + HOUR)
    word = ConsentInput(ANN, "email", later, AT + 2 * HOUR)
    consent.record(merchant=merchant, consent=word, at=AT + 2 * HOUR)
    done = consent.subscribe(merchant=merchant, sign_up=sign_up(AT), at=AT + 3 * HOUR)

    assert done.opted_out == ("email",)


def test_an_opt_out_that_comes_after_a_later_word_that_is_no_consent_is_passed_on(merchant: Merchant) -> None:
    word = ConsentInput(ANN, "email", "pending", AT + 2 * HOUR)
    consent.record(merchant=merchant, consent=word, at=AT + 2 * HOUR)
    opt_out(merchant, AT + HOUR)

    assert asked() == [("unsubscribe", ["email"])]
    assert Customer.objects.get().consent["email"]["state"] == "pending"


def test_an_opt_out_of_a_number_counts_for_everybody_who_has_it(merchant: Merchant) -> None:
    opt_out(merchant, AT + HOUR, "sms", PersonInput(phone="+4930901820"))
    done = consent.subscribe(merchant=merchant, sign_up=sign_up(AT, ("email", "sms")), at=AT + 2 * HOUR)

    assert Customer.objects.count() == 2
    assert (done.subscribed, done.opted_out) == (("email",), ("sms",))


def test_an_opt_out_is_told_of_the_address_that_it_is_about(merchant: Merchant) -> None:
    opt_out(merchant, AT, "sms")
    opt_out(merchant, AT, "email")

    told = ProfileChange.objects.order_by("pk").values_list("channels", "email", "phone")
    assert list(told) == [(["sms"], "", "+4930901820"), (["email"], "ann@shopper.example", "")]


def test_wishes_for_updates_are_no_consent_and_keep_their_first_day(merchant: Merchant) -> None:
    for hours in (1, 2):
        consent.subscribe(merchant=merchant, sign_up=sign_up(AT + hours * HOUR, ticked=False), at=AT)

    assert Customer.objects.get().updates == {"email": (AT + HOUR).isoformat()}
    assert (asked(), ConsentRecord.objects.count(), Customer.objects.get().consent) == ([], 0, {})


@pytest.mark.parametrize(
    ("change", "channel"),
    [
        ({"channels": ("sms",), "person": PersonInput(phone="030 901820")}, "sms"),
        ({"channels": ("email",), "person": PersonInput(email="ann", phone="+4930901820")}, "email"),
        ({"channels": ()}, ""),
        ({"channels": ("fax",)}, ""),
    ],
)
def test_nobody_signs_up_who_cannot_be_reached(merchant: Merchant, change: dict[str, Any], channel: str) -> None:
    said = replace(sign_up(AT), **change)
    with pytest.raises(NotReachable) as caught:
        consent.subscribe(merchant=merchant, sign_up=said, at=AT)

    assert (caught.value.channel, Customer.objects.count()) == (channel, 0)


def test_a_consent_to_nothing_that_was_shown_is_none(merchant: Merchant) -> None:
    blank = SignUp(person=ANN, channels=("email",), is_marketing=True, source="Page", given_at=AT, text=" ")
    with pytest.raises(NothingShown):
        consent.subscribe(merchant=merchant, sign_up=blank, at=AT)

    assert not Customer.objects.exists()


def test_erasing_forgets_the_addresses_and_sends_nothing_more(merchant: Merchant) -> None:
    consent.subscribe(merchant=merchant, sign_up=sign_up(AT, ("email", "sms")), at=AT)
    erasure.requested(merchant=merchant, person=ANN, by=Actor(label="a test"), at=AT + HOUR)

    kept, change = ConsentRecord.objects.get(), ProfileChange.objects.get(kind="subscribe")
    delivery = Delivery.objects.get(change=change)
    assert (kept.email, kept.phone, kept.text) == ("", "", "Yes, please.")
    assert (change.email, change.phone, change.asked_at) == ("", "", AT)
    assert (delivery.state, delivery.reason, delivery.identifier) == ("skipped", "erased", "")


@pytest.mark.django_db(transaction=True)
def test_a_change_is_asked_for_in_the_transaction_of_what_leads_to_it() -> None:
    shop = Merchant.objects.create(name="Alba")
    nobody = Customer.objects.create(merchant=shop)
    kind = ProfileChange.Kind.SUPPRESS
    with pytest.raises(OutsideTransaction):
        profiles.request(shop, nobody, kind, asked_at=AT, at=AT)
    with pytest.raises(ValueError, match="no e-mail address"), transaction.atomic():
        profiles.request(shop, nobody, kind, asked_at=AT, at=AT)


# Every order of events

WORDS = st.lists(
    st.tuples(st.sampled_from(["consent", "opt-out"]), st.sampled_from(["email", "sms"]), st.integers(0, 4)),
    min_size=1,
    max_size=6,
)
STEPS = st.lists(st.sampled_from(["send", "lose", "fail", "wait"]), min_size=6, max_size=6)
FRESH, LATE = timedelta(seconds=1), HOUR
_numbers = itertools.count(1)


@tried_with(8, 60, words=WORDS, steps=STEPS, apart=st.sampled_from([FRESH, LATE]))
def test_the_newest_word_holds_at_klaviyo_in_every_order(
    words: list[tuple[str, str, int]], steps: list[str], apart: timedelta, shop: Shop
) -> None:
    """Words come in in any order, and between two of them what waits is sent, or its answer is lost, or it fails for a while.

    In the end whoever opted out last is out, always; of two words of one instant the opt-out holds. Whoever consented last is
    in, unless the consent came late or an answer was lost, and an opt-out was passed on meanwhile: then they may stay out.
    """
    sandbox = shop.world.sandbox
    number = next(_numbers)
    person = PersonInput(email=f"ann-{number}@shopper.example", phone=f"+49309{number:06}")
    start = timezone.now() - 5 * apart
    for (what, channel, place), step in zip(words, steps, strict=False):
        at = start + place * apart
        if what == "consent":
            given_ = replace(sign_up(at, (channel,)), person=person)
            consent.subscribe(merchant=shop.merchant, sign_up=given_, at=timezone.now())
        else:
            opt_out(shop.merchant, at, channel, person)
        if step in FAULTS:
            sandbox.fault(FAULTS[step], account=shop.public_key, times=1)
        if step != "wait":
            deliver()
    sandbox.clear_faults()
    for _ in range(3):
        deliver()

    assert set(shop.states) <= {"sent", "skipped"}
    known = [each for each in sandbox.profiles(shop.public_key) if person.phone == each["phone_number"]]
    known += [each for each in sandbox.profiles(shop.public_key) if person.email == each["email"]]
    for channel in ("email", "sms"):
        said = [(place, what == "opt-out") for what, about, place in words if about == channel]
        states = {each["consent"][channel]["state"] for each in known if channel in each["consent"]}
        is_out, was_out = bool(said) and max(said)[1], any(opted_out for _, opted_out in said)
        may_stay_out = was_out and (apart is LATE or bool({"lose", "fail"} & set(steps)))
        expected = {"UNSUBSCRIBED"} if is_out else {"SUBSCRIBED"} if said else set()
        assert states == expected or (may_stay_out and states == {"UNSUBSCRIBED"}), channel


FAULTS = {"lose": "reset_after", "fail": "server_error"}


def deliver() -> None:
    """Send what waits, however long it would have to wait."""
    Delivery.objects.filter(state="pending").update(not_before=timezone.now() - timedelta(seconds=1))
    Lane.objects.update(blocked_until=None, opened=0, failures=0)
    Engine().run(seconds=10)


@pytest.fixture
def shop(db: None, settings: Any) -> Iterator[Shop]:
    """A merchant whose sign-ups join a list with single opt-in, and a Klaviyo without limits."""
    with Sandbox(limit_scale=None) as sandbox:
        settings.KLAVIYO_BASE_URL = sandbox.url
        made = World(sandbox, "http://site.invalid").shop()
        newsletter = sandbox._store.account(made.public_key).create_list("All", "single_opt_in", timezone.now())
        Connection.objects.filter(pk=made.connection.pk).update(marketing_list_id=newsletter.id)
        yield made


def test_a_late_consent_that_follows_an_opt_out_passed_on_late_stays_out(shop: Shop) -> None:
    """Klaviyo says when it heard of the opt-out, not when the shopper said it: in doubt they stay out."""
    start = timezone.now() - 3 * HOUR
    opt_out(shop.merchant, start)
    consent.subscribe(merchant=shop.merchant, sign_up=sign_up(start + HOUR), at=timezone.now())
    deliver()

    assert Delivery.objects.get(change__kind="subscribe").reason == "opted_out"
