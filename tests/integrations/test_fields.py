"""Secrets at rest: sealed in every row, opened on purpose only, and never by half."""

from __future__ import annotations

import copy
import json
import logging
import re
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core import serializers
from django.utils import timezone

from integrations import merchants, onboarding
from integrations.destinations.base import Account
from integrations.fields import NOTHING, Sealed, Undecryptable
from integrations.models import Connection, Merchant, SourceSecret
from tests.support.dump import dump

SECRET = "pk_0123456789abcdef"
OLD, NEW, FOREIGN = (Fernet.generate_key().decode() for _ in range(3))


@pytest.fixture
def sealed(settings: Any) -> Sealed:
    """A secret under the old key, which is the only one of the ring."""
    settings.ENCRYPTION_KEYS = [OLD]
    return Sealed.of(SECRET)


def test_the_first_key_seals_and_all_open(settings: Any, sealed: Sealed) -> None:
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    assert sealed.reveal() == SECRET

    renewed = sealed.rotated()
    settings.ENCRYPTION_KEYS = [NEW]

    assert renewed.reveal() == SECRET
    with pytest.raises(Undecryptable):
        sealed.reveal()


@pytest.mark.parametrize("keys", [[FOREIGN], [FOREIGN, NEW]])
def test_a_wrong_key_raises_and_shows_neither_text_nor_token(settings: Any, sealed: Sealed, keys: list[str]) -> None:
    settings.ENCRYPTION_KEYS = keys

    with pytest.raises(Undecryptable) as refused:
        sealed.reveal()

    assert "TIDINGS_ENCRYPTION_KEYS" in str(refused.value)
    assert sealed.token not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "damage",
    [
        lambda token: token[:-1],
        lambda token: token[:20] + ("A" if token[20] != "A" else "B") + token[21:],
        lambda token: SECRET,
    ],
    ids=["cut", "one letter changed", "plain text"],
)
def test_a_damaged_value_raises(sealed: Sealed, damage: Any) -> None:
    with pytest.raises(Undecryptable):
        Sealed(damage(sealed.token)).reveal()


def test_the_same_text_is_never_sealed_to_the_same_token(sealed: Sealed) -> None:
    assert Sealed.of(SECRET).token != sealed.token


def test_nothing_is_an_empty_secret() -> None:
    assert (NOTHING.reveal(), bool(NOTHING), str(NOTHING), Sealed.of("").token) == ("", False, "", "")


def test_it_prints_and_formats_as_nothing(sealed: Sealed, caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("test").warning("%s %r", sealed, sealed)

    shown = [str(sealed), repr(sealed), f"{sealed}", repr([sealed]), repr({"key": sealed}), caplog.text]

    assert not [text for text in shown if SECRET in text or sealed.token in text]
    assert repr(sealed) == "Sealed('••••')"


def test_it_is_no_json_by_accident(sealed: Sealed) -> None:
    with pytest.raises(TypeError):
        json.dumps({"key": sealed})


@pytest.fixture
def row(db: None) -> Connection:
    """A connection whose secret is under the old key."""
    merchant = Merchant.objects.create(name="Alba")
    return Connection.objects.create(merchant=merchant, secret=Sealed.of(SECRET), secret_last4=SECRET[-4:])


def test_a_plain_text_is_refused(row: Connection) -> None:
    row.secret = SECRET  # type: ignore[assignment]

    with pytest.raises(TypeError, match=r"Sealed\.of"):
        row.save()
    with pytest.raises(TypeError):
        Connection.objects.filter(secret=SECRET).exists()


def test_loading_a_row_decrypts_nothing(settings: Any, row: Connection) -> None:
    settings.ENCRYPTION_KEYS = [FOREIGN]

    loaded = Connection.objects.select_related("merchant").get(pk=row.pk)
    copied = copy.copy(loaded)
    loaded.save()

    assert (str(loaded), bool(copied.secret)) == ("klaviyo of Alba", True)
    with pytest.raises(Undecryptable):
        loaded.secret.reveal()


def test_a_dump_has_the_token_and_not_the_text(row: Connection) -> None:
    text = serializers.serialize("json", Connection.objects.all())

    assert row.secret.token in text
    assert SECRET not in text


def test_a_dump_can_be_loaded_again(row: Connection) -> None:
    text = serializers.serialize("json", Connection.objects.all())

    for loaded in serializers.deserialize("json", text):
        loaded.save()

    assert Connection.objects.get().secret.reveal() == SECRET


def test_the_admin_and_forms_cannot_edit_a_secret() -> None:
    fields = [
        Connection._meta.get_field("secret"),
        *(SourceSecret._meta.get_field(name) for name in ("current", "previous")),
    ]

    assert not any(field.editable for field in fields)


def test_a_hundred_planted_keys_are_nowhere_in_the_database(db: None) -> None:
    at = timezone.now()
    keys = [f"pk_planted{number:03d}_abcdefgh" for number in range(100)]
    account = Account(id="A", name="Acme", public_key="PUBKEY", timezone="UTC", currency="USD")
    for key in keys:
        merchant = Merchant.objects.create(name="Alba")
        onboarding.connect(merchant, "klaviyo", key, account, metrics=[], launch_at=at, at=at)
        merchants.set_source_secret(merchant, "shopify", f"before-{key}", at=at)
        merchants.set_source_secret(merchant, "shopify", f"now-{key}", at=at)

    stored = dump()

    assert len(re.findall("gAAAAA[A-Za-z0-9_-]{80}", stored)) == 3 * len(keys)
    assert not [key for key in keys if key in stored]
