from __future__ import annotations

import io
import itertools
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations import rotation
from integrations.fields import Sealed
from integrations.models import Connection, Merchant, SourceSecret

pytestmark = pytest.mark.django_db
OLDEST, OLD, NEW, LOST = (Fernet.generate_key().decode() for _ in range(4))
SOURCES = ("shopify", "easypost", "shippo", "aftership")


def sealed_with(key: str, text: str) -> Sealed:
    return Sealed(Fernet(key).encrypt(text.encode()).decode())


def merchant(name: str = "Alba") -> Merchant:
    return Merchant.objects.create(name=name, created_at=timezone.now())


def connection(key: str, text: str = "pk_alba") -> Connection:
    return Connection.objects.create(merchant=merchant(), secret=sealed_with(key, text))


def rotate() -> str:
    output = io.StringIO()
    call_command("rotate_encryption_keys", stdout=output)
    return output.getvalue()


def test_every_column_of_secrets_is_known() -> None:
    found = {(column.model.__name__, column.name) for column in rotation.columns()}
    sources = {("SourceSecret", "current"), ("SourceSecret", "previous")}
    assert found == {
        ("Connection", "secret"),
        ("AlertAddress", "secret"),
        ("ErasureKey", "key"),
        ("LogFeed", "secret"),
        *sources,
    }


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_afterwards_the_first_key_opens_everything(settings: Any, monkeypatch: pytest.MonkeyPatch, batch: int) -> None:
    monkeypatch.setattr(rotation, "BATCH", batch)
    keys = itertools.cycle([OLDEST, OLD, NEW])
    for number in range(3):
        owner = merchant(f"Alba {number}")
        Connection.objects.create(merchant=owner, secret=sealed_with(next(keys), f"pk_{number}"))
        for source in SOURCES:
            SourceSecret.objects.create(
                merchant=owner,
                source=source,
                current=sealed_with(next(keys), f"{number} {source}"),
                previous=sealed_with(next(keys), f"{number} {source} before"),
                connected_at=timezone.now(),
            )
    settings.ENCRYPTION_KEYS = [NEW, OLD, OLDEST]

    rotate()

    settings.ENCRYPTION_KEYS = [NEW]
    assert [each.secret.reveal() for each in Connection.objects.order_by("pk")] == ["pk_0", "pk_1", "pk_2"]
    secrets = SourceSecret.objects.order_by("pk")
    expected = [f"{number} {source}" for number in range(3) for source in SOURCES]
    assert [each.current.reveal() for each in secrets] == expected
    assert [each.previous.reveal() for each in secrets] == [f"{text} before" for text in expected]


def test_a_second_run_finds_nothing_to_do(settings: Any) -> None:
    connection(OLD)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert "1 secrets re-encrypted, 0 were" in rotate()
    token = Connection.objects.get().secret.token
    assert "0 secrets re-encrypted, 1 were" in rotate()
    assert Connection.objects.get().secret.token == token


def test_an_empty_secret_stays_empty(settings: Any) -> None:
    Connection.objects.create(merchant=merchant())
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert "0 secrets re-encrypted, 0 were" in rotate()
    assert not Connection.objects.get().secret


def test_rows_that_no_key_opens_are_named_and_the_others_are_rotated(settings: Any) -> None:
    lost, fine = connection(LOST), connection(OLD)
    settings.ENCRYPTION_KEYS = [NEW, OLD]

    with pytest.raises(CommandError, match=rf"stay as they are: connection {lost.pk} \(secret\)$"):
        rotate()

    settings.ENCRYPTION_KEYS = [NEW]
    assert Connection.objects.get(pk=fine.pk).secret.reveal() == "pk_alba"
    assert Connection.objects.get(pk=lost.pk).secret.token == lost.secret.token


def test_a_secret_that_changes_meanwhile_is_not_overwritten(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = connection(OLD, "pk_before")
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotated = Sealed.rotated

    def meanwhile(self: Sealed) -> Sealed:
        monkeypatch.setattr(Sealed, "rotated", rotated)
        Connection.objects.filter(pk=row.pk).update(secret=sealed_with(OLD, "pk_after"))
        return rotated(self)

    monkeypatch.setattr(Sealed, "rotated", meanwhile)
    assert "1 secrets re-encrypted" in rotate()

    settings.ENCRYPTION_KEYS = [NEW]
    assert Connection.objects.get().secret.reveal() == "pk_after"


def test_a_row_that_is_deleted_meanwhile_is_no_trouble(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    row = connection(OLD)
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    rotated = Sealed.rotated

    def meanwhile(self: Sealed) -> Sealed:
        Connection.objects.filter(pk=row.pk).delete()
        return rotated(self)

    monkeypatch.setattr(Sealed, "rotated", meanwhile)
    assert "0 secrets re-encrypted" in rotate()


def test_it_says_when_older_keys_can_go(settings: Any) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD, OLDEST]
    assert "The other 2 of TIDINGS_ENCRYPTION_KEYS can be removed" in rotate()
