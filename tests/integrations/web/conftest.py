"""People of a merchant, and their browsers without a window."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client

from integrations import staff
from integrations.models import Membership, Merchant

PASSWORD = "a-long-password-of-somebody"

SignIn = Callable[..., Client]


@pytest.fixture(autouse=True)
def _no_attempts(request: pytest.FixtureRequest) -> None:
    """Attempts to sign in are counted in a table that no test's rollback clears."""
    request.getfixturevalue("db")
    cache.clear()


@pytest.fixture
def merchant(db: Any) -> Merchant:
    return Merchant.objects.create(name="Alba", timezone="America/New_York")


@pytest.fixture
def person(merchant: Merchant) -> Callable[[str], User]:
    """Somebody with that role at the merchant; "" for none."""

    def make(role: str = "owner") -> User:
        name = f"{role or 'stranger'}@alba.example"
        user = User.objects.create_user(name, name, PASSWORD)
        if role:
            Membership.objects.create(merchant=merchant, user=user, role=role)
        return user

    return make


@pytest.fixture
def sign_in(person: Callable[[str], User]) -> SignIn:
    """The client of somebody with that role, signed in."""

    def sign_in(role: str = "owner") -> Client:
        client = Client()
        client.force_login(person(role))
        return client

    return sign_in


@pytest.fixture
def csm(db: Any) -> Client:
    """A CSM, signed in."""
    user, _ = staff.make_csm("carla", PASSWORD)
    client = Client()
    client.force_login(user)
    return client
