"""Keys of merchants: not in the database, not in another merchant's requests, and lost neither with a key ring nor a queue."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.fernet import Fernet
from django.utils import timezone

from integrations import merchants, rotation, wake
from integrations.delivery.engine import Engine
from integrations.destinations.klaviyo.client import KlaviyoSession
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.fields import Sealed, Undecryptable
from integrations.models import Connection, Merchant, SourceSecret
from tests.integrations.delivery.conftest import Backlog, backlog, sandbox, shop, world
from tests.integrations.klaviyo.examples import parcel
from tests.support.dump import dump
from tests.support.world import ALL_SOURCES, Shop

__all__ = ["backlog", "sandbox", "shop", "world"]

KEYS = [f"pk_planted_{number:03d}_{number * 7919:08x}" for number in range(50)]


def test_hundred_planted_secrets_are_nowhere_in_the_database_and_no_other_key_opens_them(
    db: None, settings: Any
) -> None:
    for key in KEYS:
        merchant = Merchant.objects.create(name=key[-3:])
        Connection.objects.create(merchant=merchant, secret=Sealed.of(key))
        merchants.set_source_secret(merchant, "shopify", f"hook {key}", at=timezone.now())
    stored = dump()
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    sealed = [each.secret for each in Connection.objects.all()] + [each.current for each in SourceSecret.objects.all()]

    assert len(sealed) == 100
    assert [key for key in KEYS if key in stored] == []
    for each in sealed:
        with pytest.raises(Undecryptable):
            each.reveal()


def test_keys_are_rotated_while_events_are_sent(shop: Shop, backlog: Backlog, settings: Any) -> None:
    """No request goes out without its key, and afterwards the new key alone opens everything."""
    backlog(shop, 40)
    for number in range(100):
        merchants.set_source_secret(Merchant.objects.create(name=str(number)), "shopify", "s", at=timezone.now())
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode(), *settings.ENCRYPTION_KEYS]
    engine = threading.Thread(target=_send_all)
    engine.start()
    outcome = rotation.rotate()
    engine.join()
    settings.ENCRYPTION_KEYS = settings.ENCRYPTION_KEYS[:1]

    assert shop.states == {"sent": 40}
    assert (outcome.unreadable, outcome.rotated) == ([], 101 + len(ALL_SOURCES))
    assert all(each.current.opens() for each in SourceSecret.objects.all())
    assert Connection.objects.get().secret.reveal() == shop.key


@pytest.mark.parametrize("keys", [200, pytest.param(10_000, marks=pytest.mark.full)])
def test_rotation_that_is_stopped_goes_on_where_it_was_while_others_read(
    transactional_db: None, settings: Any, keys: int
) -> None:
    """No reader ever meets a key that it cannot open, and none is turned twice."""
    new, old = (Fernet.generate_key().decode() for _ in range(2))
    settings.ENCRYPTION_KEYS = [old]
    owners = Merchant.objects.bulk_create(Merchant(name=f"M{number}") for number in range(keys))
    Connection.objects.bulk_create(Connection(merchant=each, secret=Sealed.of(f"pk_{each.name}")) for each in owners)
    settings.ENCRYPTION_KEYS = [new, old]
    readers = [_Reader(), _Reader()]
    for reader in readers:
        reader.start()
    turned = itertools.count(1)

    def stop_half_way() -> None:
        if next(turned) == keys // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(stop_half_way)
    outcome = rotation.rotate()
    for reader in readers:
        reader.finish()
    settings.ENCRYPTION_KEYS = [new]

    assert (outcome.current, outcome.rotated, outcome.unreadable) == (keys // 2, keys - keys // 2, [])
    assert all(
        each.secret.reveal() == f"pk_{each.merchant.name}" for each in Connection.objects.select_related("merchant")
    )
    assert [reader.failed for reader in readers] == [0, 0]
    assert all(reader.read >= keys for reader in readers)


class _Reader(threading.Thread):
    """Opens every key again and again, as workers do, until it is told to finish; once in any case."""

    def __init__(self) -> None:
        super().__init__()
        self.read = self.failed = 0
        self._finished = threading.Event()

    def run(self) -> None:
        """Read."""
        from django.db import connection

        while not (self._finished.is_set() and self.read):
            for secret in Connection.objects.values_list("secret", flat=True):
                self.read += 1
                self.failed += not secret.opens()
        connection.close()

    def finish(self) -> None:
        """End after this round."""
        self._finished.set()
        self.join()


def _send_all() -> None:
    from django.db import connection

    Engine().run(seconds=60)
    connection.close()


def test_no_event_is_lost_with_the_secret_key_of_the_queue(shop: Shop, backlog: Backlog, settings: Any) -> None:
    """The queue's ticks are signed with it and become unreadable; what is to be sent stands in the tables."""
    backlog(shop, 50)
    wake.ask(wake.DELIVER)
    settings.SECRET_KEY = "another-" + "0123456789abcdef" * 4
    settings.SECRET_KEY_FALLBACKS = []

    Engine().run(seconds=60)

    assert shop.states == {"sent": 50}
    assert len(shop.received) == 50


@pytest.mark.parametrize("events", [4, pytest.param(200, marks=pytest.mark.full)])
def test_fifty_merchants_at_once_each_send_with_their_own_key(
    events: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though .netrc and the environment offer another one."""
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    with Sandbox(limit_scale=None) as klaviyo:
        sessions = {
            key: KlaviyoSession(key, base_url=klaviyo.url, revision="2026-07-15")
            for key in (f"pk_sandbox_{number}" for number in range(50))
        }
        accounts = {
            orjson.loads(session.exchange("GET", "/api/accounts").body)["data"][0]["id"]: key
            for key, session in sessions.items()
        }

        def send(number: int) -> int:
            key = f"pk_sandbox_{number % 50}"
            return sessions[key].send_one(parcel(unique_id=f"{key}:{number}")).status

        with ThreadPoolExecutor(16) as pool:
            answers = Counter(pool.map(send, range(50 * events)))
        recorded = Counter(
            event["unique_id"].partition(":")[0] for account in accounts for event in klaviyo.events(account)
        )
        astray = [
            event["unique_id"]
            for account, key in accounts.items()
            for event in klaviyo.events(account)
            if not event["unique_id"].startswith(f"{key}:")
        ]
        for session in sessions.values():
            session.close()

    assert answers == {202: 50 * events}
    assert recorded == dict.fromkeys(sessions, events)
    assert astray == []
