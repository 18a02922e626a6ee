"""API tokens: made once, shown once, and refused before the database is asked where they cannot be right."""

from __future__ import annotations

import random
import re
import string
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from integrations import tokens
from integrations.models import ApiToken, Merchant
from tests.support.dump import dump

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
DAY = timedelta(days=1)
GOOD = "tdg_live_0123456789abcdefghijABCDEFGHIJXY"


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant."""
    return Merchant.objects.create(name="Alba")


def test_a_token_has_its_form_and_is_kept_as_a_hash(merchant: Merchant) -> None:
    row, token = tokens.create(merchant, "shop", ["orders:write", "events:read"], at=AT)

    assert re.fullmatch(r"tdg_live_[0-9a-zA-Z]{38}", token)
    assert (row.prefix, row.scopes, row.created_at) == (token[:16], ["events:read", "orders:write"], AT)
    assert token[9:] not in dump()
    assert token not in repr(row) + str(row)


def test_a_token_opens_its_merchant_and_no_other(merchant: Merchant) -> None:
    other = Merchant.objects.create(name="Bora")
    _, mine = tokens.create(merchant, "shop", [], at=AT)
    _, theirs = tokens.create(other, "shop", [], at=AT)

    found = [tokens.find(token, at=AT) for token in (mine, theirs)]

    assert [row.merchant.name if isinstance(row, ApiToken) else None for row in found] == ["Alba", "Bora"]


def test_looking_a_token_up_is_one_query(merchant: Merchant) -> None:
    _, token = tokens.create(merchant, "shop", [], at=AT)

    with CaptureQueriesContext(connection) as queries:
        found = tokens.find(token, at=AT)
        assert isinstance(found, ApiToken)
        assert found.merchant.name == "Alba"

    assert len(queries) == 1


def test_unknown_scopes_are_refused_by_name(merchant: Merchant) -> None:
    with pytest.raises(ValueError, match="unknown scopes admin, orders; scopes are"):
        tokens.create(merchant, "shop", ["orders", "admin", "events:read"], at=AT)
    assert not ApiToken.objects.exists()


def test_a_revoked_token_is_refused_from_then_on(merchant: Merchant) -> None:
    row, token = tokens.create(merchant, "shop", [], at=AT)

    assert (tokens.revoke(row, at=AT), tokens.revoke(row, at=AT + DAY)) == (True, False)

    assert tokens.find(token, at=AT) is None
    assert ApiToken.objects.get().revoked_at == AT


def test_a_token_expires_to_the_second(merchant: Merchant) -> None:
    row, token = tokens.create(merchant, "shop", [], at=AT)
    ApiToken.objects.update(expires_at=AT + DAY)

    assert tokens.find(token, at=AT + DAY - timedelta(seconds=1)) == row
    assert tokens.find(token, at=AT + DAY) is None


def test_a_token_with_the_prefix_of_another_and_a_right_checksum_is_refused(merchant: Merchant) -> None:
    _, token = tokens.create(merchant, "shop", [], at=AT)
    body = token[:-7] + ("a" if token[-7] != "a" else "b")
    forged = body + tokens._checksum(body)

    assert tokens.is_well_formed(forged)
    assert tokens.find(forged, at=AT) is None


def test_the_checksum_is_frozen() -> None:
    """Clients keep their tokens for years."""
    assert tokens._checksum(GOOD) == "35ajIy"
    assert tokens.is_well_formed(GOOD + "35ajIy")


CHECKED = GOOD + "35ajIy"
DAMAGED = {
    "nothing": "",
    "start only": "tdg_live_",
    "another start": "tdg_test_" + CHECKED[9:],
    "cut": CHECKED[:-1],
    "longer": CHECKED + "0",
    "a letter changed": CHECKED.replace("5", "6"),
    "two letters swapped": CHECKED.replace("12", "21"),
    "other case": CHECKED.replace("abc", "ABC"),
    "blank around": f" {CHECKED}",
    "line end": f"{CHECKED}\n",
    "full-width digit": CHECKED.replace("5", "\uff15"),
    "lone surrogate": CHECKED[:-1] + "\ud800",
    "NUL": CHECKED[:-1] + "\0",
    "very long": "tdg_live_" + "x" * 1_000_000,
}


@pytest.mark.parametrize("token", DAMAGED.values(), ids=DAMAGED.keys())
def test_what_cannot_be_a_token_never_reaches_the_database(token: str) -> None:
    """Without the database's fixture any query would fail the test."""
    assert tokens.find(token, at=AT) is None


def test_ten_thousand_invented_tokens_never_reach_the_database() -> None:
    chance = random.Random(20261120)
    letters = string.ascii_letters + string.digits

    invented = ("tdg_live_" + "".join(chance.choices(letters, k=38)) for _ in range(10_000))

    assert [token for token in invented if tokens.find(token, at=AT)] == []
