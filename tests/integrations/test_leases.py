"""Leases: one holder at a time, by the database's clock, and fenced."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from integrations import leases
from integrations.models import Lease

KEY = "lane:1"


def expire() -> None:
    """Let the time run out, by the database's clock."""
    Lease.objects.filter(key=KEY).update(until=Now() - timedelta(seconds=1))


def test_one_of_two_gets_it(db: None) -> None:
    first = leases.acquire(KEY, 60)

    assert first
    assert leases.acquire(KEY, 60) is None
    assert leases.acquire("lane:2", 60)


def test_whoever_comes_next_has_a_higher_epoch(db: None) -> None:
    epochs = []
    for _ in range(3):
        held = leases.acquire(KEY, 60)
        assert held
        epochs.append(held.epoch)
        held.release()

    assert epochs == [1, 2, 3]


def test_an_expired_lease_is_anybodys_and_no_longer_its_holders(db: None) -> None:
    dead = leases.acquire(KEY, 60)
    expire()
    heir = leases.acquire(KEY, 60)

    assert dead
    assert heir
    assert (dead.renew(60), heir.renew(60), heir.epoch) == (False, True, dead.epoch + 1)


def test_a_stale_holder_who_lets_go_takes_nothing_from_the_heir(db: None) -> None:
    dead = leases.acquire(KEY, 60)
    expire()
    leases.acquire(KEY, 60)
    assert dead

    dead.release()

    assert leases.acquire(KEY, 60) is None


def test_a_holder_who_was_late_but_first_goes_on(db: None) -> None:
    held = leases.acquire(KEY, 60)
    expire()

    assert held
    assert held.renew(60)
    assert leases.acquire(KEY, 60) is None


@pytest.mark.parametrize("hours", [-1, 1])
def test_this_machines_clock_says_nothing(db: None, hours: int) -> None:
    assert leases.acquire(KEY, 60)

    with time_machine.travel(timezone.now() + timedelta(hours=hours)):
        assert leases.acquire(KEY, 60) is None
        assert leases.acquire("lane:2", 60)
    assert leases.acquire("lane:2", 60) is None


def test_with_lets_go_at_the_end_whatever_happens(db: None) -> None:
    def work_and_fail() -> None:
        with leases.holding(KEY, 60) as held, leases.holding(KEY, 60) as other:
            assert (bool(held), other) == (True, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        work_and_fail()

    assert leases.acquire(KEY, 60)


@pytest.mark.django_db(transaction=True)
def test_of_eight_at_once_one_gets_it() -> None:
    def try_it(_: int) -> bool:
        try:
            return leases.acquire(KEY, 60) is not None
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(try_it, range(8))) == 1
    assert Lease.objects.get().epoch == 1
