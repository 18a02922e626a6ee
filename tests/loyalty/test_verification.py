"""`verify_ledger` finds whatever was tampered with, and names the member."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import F

from integrations.models import Merchant
from loyalty.models import Allocation, Grant, LedgerEntry, Lot, Member
from loyalty.services import tier_rules
from loyalty.verification import CHECKS, verify
from tests.loyalty.telling import add, member, merchant_with_programme, order, redeem, revert
from tests.tracking.telling import AT, DAY, make_merchant


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A member who bought, redeemed, took one redemption back, and owes points."""
    made = merchant_with_programme()
    order(made)
    add(made, 30)
    first = redeem(made, 20)
    revert(made, first)
    redeem(made, 90)
    order(made, refunded="40", hours=1)
    return made


def execute(sql: str) -> None:
    """Tamper behind the models' backs."""
    with connection.cursor() as cursor:
        cursor.execute(sql)


def _lot_refilled() -> None:
    Lot.objects.filter(remaining=0).update(remaining=F("points"))


def _tier_typed_in() -> None:
    Member.objects.update(tier=tier_rules.save(Merchant.objects.get(), "gold", by=None, at=AT, name="Gold"))


TAMPERINGS: dict[str, tuple[Callable[[], Any], set[str]]] = {
    "balance typed in": (lambda: Member.objects.update(balance=500), {"balance", "points in lots", "owed"}),
    "lot filled up": (_lot_refilled, {"left in a lot", "points in lots"}),
    "entry changed": (
        lambda: execute("UPDATE loyalty_ledgerentry SET points = points + 5 WHERE source = 'one_time_campaign'"),
        {"balance", "added by an entry", "balance after an entry"},
    ),
    "entry taken away": (
        lambda: execute("UPDATE loyalty_ledgerentry SET points = points - 5 WHERE source = 'order_refund'"),
        {"balance", "owed", "balance after an entry", "points of an order"},
    ),
    "told balance changed": (
        lambda: execute("UPDATE loyalty_ledgerentry SET balance_after = 7 WHERE source = 'order_refund'"),
        {"balance after an entry"},
    ),
    "allocation added": (
        lambda: execute(
            "UPDATE loyalty_allocation SET points = points + 1 WHERE id = (SELECT min(id) FROM loyalty_allocation)"
        ),
        {"left in a lot", "owed", "taken by an entry"},
    ),
    "grant changed": (lambda: Grant.objects.update(reversed_points=0), {"points of an order"}),
    "tier typed in": (_tier_typed_in, {"tier held"}),
}


def test_a_ledger_that_was_left_alone_adds_up(merchant: Merchant) -> None:
    out = io.StringIO()
    call_command("verify_ledger", stdout=out)

    assert Member.objects.get().owes == 20
    assert out.getvalue() == "0 differences\n"


@pytest.mark.parametrize("kind", TAMPERINGS)
def test_what_was_tampered_with_is_found(merchant: Merchant, kind: str) -> None:
    tamper, expected = TAMPERINGS[kind]
    tamper()

    found = verify(merchant)

    assert {each.what for each in found} == expected
    assert {(each.member, each.customer) for each in found} == set(Member.objects.values_list("pk", "customer"))


def test_every_check_is_needed() -> None:
    assert set().union(*(found for _, found in TAMPERINGS.values())) == set(CHECKS)


def test_the_command_fails_and_names_who_differs(merchant: Merchant) -> None:
    other = make_merchant("loyalty")
    Member.objects.update(balance=F("balance") + 1)
    out = io.StringIO()

    with pytest.raises(CommandError, match=r"^\d differences of 1 members: the ledger does not add up$"):
        call_command("verify_ledger", "--json", stdout=out)
    told = json.loads(out.getvalue())
    assert {each["merchant"] for each in told} == {merchant.public_id}
    assert {"what": "balance", "kept": -19, "expected": -20}.items() <= told[0].items()
    call_command("verify_ledger", merchant=other.public_id, stdout=io.StringIO())
    with pytest.raises(CommandError, match="no merchant is called 'nobody'"):
        call_command("verify_ledger", merchant="nobody")


def test_statements_do_not_grow_with_the_ledger(merchant: Merchant, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(12):
        verify(merchant)
    for _ in range(5):
        add(merchant, 3)
    member(merchant)
    order(merchant, "2", "30", refunded="10", hours=DAY.days)
    with django_assert_num_queries(12):
        verify(merchant)


def test_the_ledger_is_never_changed(merchant: Merchant) -> None:
    entry, allocation = LedgerEntry.objects.earliest("pk"), Allocation.objects.earliest("pk")
    for change in (entry.save, entry.delete, allocation.save, allocation.delete):
        with pytest.raises(TypeError, match="the ledger is never changed"):
            change()
