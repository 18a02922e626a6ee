"""Codes for offline purchases: nobody makes one up, and each gives its points once, in time, unless it was withdrawn."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import segno
from django.core.exceptions import ValidationError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from integrations import erasure
from integrations.models import AuditEntry, Customer, Event, Merchant
from loyalty import services
from loyalty.models import LedgerEntry, Member, OfflineBatch, UsedCode
from loyalty.services import offline_codes, tier_rules
from loyalty.services.codes import LETTERS
from loyalty.services.offline import NotOpen, NotUnderstood
from loyalty.services.offline_codes import LENGTH, Named
from loyalty.verification import verify
from tests.loyalty.telling import MAY, merchant_with_programme, told
from tests.tracking.telling import AT, DAY, make_merchant

LAST_DAY = date(2027, 1, 31)
MIDNIGHT = datetime(2027, 1, 31, 23, tzinfo=UTC)
"""The end of that day in Berlin."""

NAMED = st.builds(Named, st.integers(0, 2**24 - 1), st.integers(0, 2**16 - 1))


@pytest.fixture
def merchant(db: Any) -> Merchant:
    return merchant_with_programme()


def batch_of(merchant: Merchant, **more: Any) -> OfflineBatch:
    """Three codes of 50 points each, until the end of January."""
    values: dict[str, Any] = {"name": "Tea tins", "points": 50, "size": 3, "last_day": LAST_DAY}
    return services.make_offline_batch(merchant, by=MAY, at=AT, **(values | more))


def use(
    batch: OfflineBatch, number: int = 1, *, contact: str = "ann@shopper.example", at: datetime = AT
) -> LedgerEntry:
    """Somebody uses a code."""
    found = services.find_offline_code(Named(batch.pk, number))
    assert found
    return services.use_offline_code(found, contact=contact, at=at)


# The code itself


@given(NAMED)
def test_a_code_says_which_one_it_is_however_it_is_typed(named: Named) -> None:
    code = offline_codes.write(named)

    assert (len(code), set(code) <= set(LETTERS)) == (LENGTH, True)
    for typed in (code, code.lower(), offline_codes.spelled(code), f" {code[:7]} {code[7:]}\n"):
        assert offline_codes.read(typed) == named


@given(NAMED, st.integers(0, LENGTH - 1), st.sampled_from(LETTERS))
def test_a_code_that_was_altered_is_none(named: Named, place: int, letter: str) -> None:
    code = offline_codes.write(named)
    altered = code[:place] + letter + code[place + 1 :]

    assert (offline_codes.read(altered) == named) == (altered == code)
    assert offline_codes.read(altered) in (None, named)


@given(st.text(max_size=70) | st.text(LETTERS, min_size=LENGTH, max_size=LENGTH))
def test_nobody_makes_a_code_up(typed: str) -> None:
    assert offline_codes.read(typed) is None


def test_a_printed_code_outlives_the_key_as_long_as_that_is_kept(settings: Any) -> None:
    named = Named(7, 12)
    code, old = offline_codes.write(named), settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "new" * 20, [old]
    assert (offline_codes.read(code), offline_codes.write(named) == code) == (named, False)

    settings.SECRET_KEY_FALLBACKS = []
    assert offline_codes.read(code) is None


def test_what_has_no_room_in_a_code_is_refused() -> None:
    with pytest.raises(ValueError, match="no code has room"):
        offline_codes.write(Named(2**24, 1))


def test_the_square_stays_small(settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://loyalty.tidings.example"
    address = offline_codes.address(offline_codes.write(Named(2**24 - 1, 10_000)))

    assert re.fullmatch(r"https://loyalty\.tidings\.example/p/[2-9A-HJ-NP-Z]{20}/", address)
    assert segno.make(address, error="m", micro=False).designator == "4-M"


# Batches


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"name": "  "}, "name"),
    ({"points": 0}, "points"),
    ({"points": 1_000_001}, "points"),
    ({"size": 0}, "size"),
    ({"size": 10_001}, "size"),
    ({"last_day": AT.date() - DAY}, "last_day"),
]


@pytest.mark.parametrize(("values", "field"), WRONG)
def test_codes_that_cannot_be_are_refused_with_the_field(
    merchant: Merchant, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        batch_of(merchant, **values)

    assert list(refused.value.message_dict) == [field]
    assert not OfflineBatch.objects.exists()


def test_without_a_programme_there_are_no_codes(db: Any) -> None:
    with pytest.raises(ValidationError, match="There is no programme yet"):
        batch_of(make_merchant())


def test_codes_work_until_the_midnight_of_the_merchant(merchant: Merchant) -> None:
    batch = batch_of(merchant)
    assert (batch.ends_at, batch.last_day) == (MIDNIGHT, LAST_DAY)

    use(batch, 1, at=MIDNIGHT - timedelta(microseconds=1))
    with pytest.raises(NotOpen):
        use(batch, 2, at=MIDNIGHT)
    assert OfflineBatch.objects.get().used == LedgerEntry.objects.count() == 1


def test_withdrawn_codes_stop_and_points_that_were_given_stay(merchant: Merchant) -> None:
    batch = batch_of(merchant)
    use(batch, 1)
    for _ in range(2):
        services.withdraw_offline_batch(batch, by=MAY, at=AT + DAY)
    with pytest.raises(NotOpen):
        use(batch, 2, at=AT + DAY)

    assert Member.objects.get().balance == 50
    noted = AuditEntry.objects.filter(what__contains="offline").order_by("pk").values_list("what", "details")
    assert list(noted) == [
        ("made codes for offline purchases", ["Tea tins: 3 of 50 points, until 2027-01-31"]),
        ("withdrew codes for offline purchases", ["Tea tins: 2 left"]),
    ]


# Using one


def test_whoever_uses_a_code_is_a_member_with_its_points(merchant: Merchant) -> None:
    tier_rules.save(merchant, "basic", by=None, at=AT - DAY, name="Basic", entry_minor=0)
    batch = batch_of(merchant)
    entry = use(batch, contact=" Ann@Shopper.example ")

    customer = Customer.objects.get()
    assert (customer.email, customer.consent, customer.updates) == ("ann@shopper.example", {}, {})
    member = Member.objects.select_related("tier").get()
    assert (member.source, member.balance, member.tier and member.tier.key) == ("offline", 50, "basic")
    assert (entry.source, entry.note, entry.cause) == (
        "offline_purchase",
        "Tea tins",
        f"offline:{OfflineBatch.objects.get().pk}:1",
    )
    (added,) = told("points_added")
    assert (added["Points"], added["Source"], added["BalanceAfter"]) == (50, "offline_purchase", 50)
    assert not Event.objects.filter(metric__contains="subscri").exists()
    assert verify(merchant) == []


def test_a_known_shopper_gets_the_points_and_changes_in_nothing(merchant: Merchant) -> None:
    ann = Customer.objects.create(
        merchant=merchant, email="ann@shopper.example", phone="+4915112345678", first_name="Ann"
    )
    Customer.objects.create(merchant=merchant, phone="+4915123456789")
    batch = batch_of(merchant)
    before = Customer.objects.order_by("pk").values()
    known = list(before)
    use(batch, 1)
    use(batch, 2, contact="+49 1512 3456789")

    assert list(before.all()) == known
    assert [each.member.customer_id for each in LedgerEntry.objects.order_by("pk")] == [ann.pk, ann.pk + 1]


@pytest.mark.parametrize(
    ("contact", "sentence"),
    [
        ("", "nothing_typed"),
        ("  ", "nothing_typed"),
        ("ann@", "no_email"),
        ("0151 2345", "no_phone"),
        ("ann", "no_phone"),
    ],
)
def test_what_leads_to_nobody_uses_up_nothing(merchant: Merchant, contact: str, sentence: str) -> None:
    batch = batch_of(merchant)
    with pytest.raises(NotUnderstood) as refused:
        use(batch, contact=contact)

    assert refused.value.sentence == sentence
    assert [UsedCode.objects.count(), Customer.objects.count(), OfflineBatch.objects.get().used] == [0, 0, 0]


def test_a_code_counts_once_whoever_comes_again(merchant: Merchant) -> None:
    batch = batch_of(merchant, size=1)
    use(batch)
    for contact in ("ann@shopper.example", "bob@shopper.example"):
        with pytest.raises(NotOpen):
            use(batch, contact=contact)

    assert LedgerEntry.objects.count() == Customer.objects.count() == OfflineBatch.objects.get().used == 1


def test_who_comes_back_after_being_erased_is_somebody_new_and_no_address_is_left(merchant: Merchant) -> None:
    batch = batch_of(merchant)
    use(batch)
    erasure.erase(merchant, [Customer.objects.get()], by=MAY, at=AT + DAY)
    tables = [list(model.objects.values()) for model in (OfflineBatch, UsedCode)]
    assert "ann@" not in repr(tables)

    use(batch, 2, at=AT + 2 * DAY)
    assert Customer.objects.filter(email="ann@shopper.example").count() == 1
    assert [each.balance for each in Member.objects.order_by("pk")] == [50, 50]


# At once


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_of_many_who_use_a_code_at_once_one_gets_it() -> None:
    merchant = merchant_with_programme()
    batch = batch_of(merchant)
    contacts = [f"shopper{number // 2}@shopper.example" for number in range(10)]

    done = [_at_once(batch, contacts, number) for number in (1, 2)]

    assert [sum(each) for each in done] == [1, 1]
    assert OfflineBatch.objects.get().used == UsedCode.objects.count() == LedgerEntry.objects.count() == 2
    assert (Customer.objects.count() <= 2, verify(merchant)) == (True, [])


def _at_once(batch: OfflineBatch, contacts: list[str], number: int) -> list[bool]:
    """All of them use one code at the same moment; whether each got its points."""
    start = threading.Barrier(len(contacts))

    def run(contact: str) -> bool:
        try:
            start.wait(30)
            use(batch, number, contact=contact)
        except NotOpen:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(len(contacts)) as pool:
        return list(pool.map(run, contacts))
