"""Bringing every secret in the database under the first key of the ring, while everything else goes on.

A row whose secret is under the first key already is passed over, so that a run that was stopped is resumed by running again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.db.models import Model, Q

from integrations.fields import Sealed, SealedField, Undecryptable

BATCH = 500
SECOND_FACTORS = ("secret", "seed")
"""Where django-allauth keeps the secret of an authenticator app, and of recovery codes."""

_SEALED = Q(data__has_key="secret") | Q(data__has_key="seed")
MOST_TRIES = 5
"""How often a secret is looked at again that somebody else changes at the same moment."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of secrets."""

    model: type[Model]
    name: str

    def describe(self, pk: Any) -> str:
        """A row for people: "connection 12 (secret)"."""
        return f"{self.model._meta.verbose_name} {pk} ({self.name})"


@dataclass(slots=True)
class Outcome:
    """What a rotation came to: secrets re-encrypted, those that were under the first key before, and those it cannot open."""

    rotated: int = 0
    current: int = 0
    unreadable: list[str] = field(default_factory=list)


def columns() -> list[Column]:
    """Every column of secrets, of every app."""
    return [
        Column(model, each.name)
        for model in apps.get_models()
        for each in model._meta.get_fields()
        if isinstance(each, SealedField)
    ]


def count() -> int:
    """How many secrets there are."""
    counts: list[int] = [_secrets(column).count() for column in columns()]
    return sum(counts, start=Authenticator.objects.filter(_SEALED).count())


def rotate(progress: Callable[[], None] = lambda: None) -> Outcome:
    """Re-encrypt what is not under the first key; `progress` is called for every secret that was looked at.

    Safe beside workers: a row is written only where it still holds the secret that was read.
    """
    first = Fernet(settings.ENCRYPTION_KEYS[0])
    outcome = Outcome()
    for column in columns():
        for pk, secret in _in_batches(column):
            _rotate(column, pk, secret, first, outcome)
            progress()
    for pk in Authenticator.objects.filter(_SEALED).values_list("pk", flat=True):
        _rotate_second_factor(pk, first, outcome)
        progress()
    return outcome


def _rotate_second_factor(pk: int, first: Fernet, outcome: Outcome) -> None:
    """What an authenticator app or recovery codes are made from stands in a document of django-allauth's."""
    with transaction.atomic():
        row = Authenticator.objects.select_for_update().filter(pk=pk).first()
        name = next((name for name in SECOND_FACTORS if row and name in row.data), None)
        if row is None or name is None:
            return
        secret = Sealed(row.data[name])
        if _is_under(first, secret):
            outcome.current += 1
            return
        try:
            row.data[name] = secret.rotated().token
        except Undecryptable:
            outcome.unreadable.append(f"second factor {pk} ({row.type})")
            return
        row.save(update_fields=["data"])
        outcome.rotated += 1


def _secrets(column: Column) -> Any:
    return column.model._default_manager.exclude(**{column.name: Sealed("")})


def _in_batches(column: Column) -> Iterator[tuple[Any, Sealed]]:
    """Every row with a secret, by primary key, a batch in memory at a time."""
    rows = list(_secrets(column).order_by("pk").values_list("pk", column.name)[:BATCH])
    while rows:
        yield from rows
        rows = list(_secrets(column).filter(pk__gt=rows[-1][0]).order_by("pk").values_list("pk", column.name)[:BATCH])


def _rotate(column: Column, pk: Any, secret: Sealed, first: Fernet, outcome: Outcome) -> None:
    for _ in range(MOST_TRIES):
        if not secret or _is_under(first, secret):
            outcome.current += 1
            return
        try:
            renewed = secret.rotated()
        except Undecryptable:
            outcome.unreadable.append(column.describe(pk))
            return
        unchanged = column.model._default_manager.filter(**{"pk": pk, column.name: secret})
        if unchanged.update(**{column.name: renewed}):
            outcome.rotated += 1
            return
        secret = _secrets(column).filter(pk=pk).values_list(column.name, flat=True).first() or Sealed("")
    outcome.unreadable.append(column.describe(pk))


def _is_under(key: Fernet, secret: Sealed) -> bool:
    try:
        key.decrypt(secret.token.encode())
    except InvalidToken:
        return False
    return True
