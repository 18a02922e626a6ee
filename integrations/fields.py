"""Secrets at rest: a value that is encrypted in the database, opened only on purpose, and never by half.

The key ring is `settings.ENCRYPTION_KEYS` (Fernet keys, never SECRET_KEY): the first one encrypts, all of them decrypt, so that
a key is rotated by putting a new one in front and running `manage.py rotate_encryption_keys`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression


class Undecryptable(Exception):
    """No key of the ring opens this secret: the ring lost a key, or the value is damaged. The value itself is never shown."""


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(key) for key in keys])


def _current_ring() -> MultiFernet:
    return _ring(tuple(settings.ENCRYPTION_KEYS))


class Sealed:
    """A secret as it is stored. It prints as nothing; `reveal()` opens it."""

    __slots__ = ("token",)

    def __init__(self, token: str) -> None:
        self.token = token

    @classmethod
    def of(cls, text: str) -> Sealed:
        """Seal a plain text with the first key of the ring."""
        return cls(_current_ring().encrypt(text.encode()).decode() if text else "")

    def reveal(self) -> str:
        """The plain text. Raises `Undecryptable`: anything else that came back might be sent as a key."""
        if not self.token:
            return ""
        try:
            return _current_ring().decrypt(self.token.encode()).decode()
        except InvalidToken:
            raise Undecryptable(
                "no encryption key opens this secret: is a key missing from TIDINGS_ENCRYPTION_KEYS?"
            ) from None

    def opens(self) -> bool:
        """Whether a key of the ring opens it."""
        try:
            self.reveal()
        except Undecryptable:
            return False
        return True

    def rotated(self) -> Sealed:
        """The same secret under the first key of the ring. Raises `Undecryptable`."""
        return Sealed.of(self.reveal())

    def __bool__(self) -> bool:
        return bool(self.token)

    def __str__(self) -> str:
        return "••••" if self.token else ""

    def __repr__(self) -> str:
        return f"Sealed({str(self)!r})"


NOTHING = Sealed("")


class SealedField(models.TextField[Sealed, Sealed]):
    """A column of `Sealed` values. It takes nothing else, so that no plain text is stored by mistake; it cannot be searched."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        kwargs.setdefault("default", NOTHING.token)
        super().__init__(*args, **kwargs)

    def get_default(self) -> Any:
        """An empty secret."""
        return NOTHING

    def from_db_value(self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper) -> Sealed:
        """The stored token, still sealed: loading a row never fails for the sake of its secret."""
        return Sealed(value or "")

    def to_python(self, value: Any) -> Sealed:
        """A `Sealed`, or the token of one as a dump carries it. Raises `TypeError` for a plain text."""
        sealed = Sealed(value) if isinstance(value, str) else value
        if not isinstance(sealed, Sealed) or (isinstance(value, str) and not sealed.opens()):
            raise TypeError("a secret is assigned as Sealed.of(text)")
        return sealed

    def get_prep_value(self, value: Any) -> Any:
        """The token to store. Raises `TypeError` for anything but a `Sealed`."""
        if not isinstance(value, Sealed):
            raise TypeError("a secret is assigned as Sealed.of(text)")
        return value.token

    def value_to_string(self, obj: models.Model) -> str:
        """Dumps carry the token, never the text."""
        return str(self.value_from_object(obj).token)
