"""The audit trail: who changed what about a merchant, and when."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import User

from integrations.models import AuditEntry, Merchant

NAME_LENGTH = 254


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: a person, a client of the API with the `label` of its token, or a CSM's client, which is both.

    `as_staff`: a CSM, who is none of the merchant's people.
    """

    user: User | None = None
    as_staff: bool = False
    label: str = ""

    @property
    def name(self) -> str:
        """The e-mail address, else the user name; of a client its token, too."""
        person = (self.user.email or self.user.get_username()) if self.user else ""
        return " by ".join(each for each in (person, self.label) if each)


def note(merchant: Merchant, actor: Actor, what: str, details: Iterable[str] = (), *, at: datetime) -> AuditEntry:
    """Write down a change, in its transaction. `what` and `details` are for people and hold no secrets."""
    return AuditEntry.objects.create(
        merchant=merchant,
        at=at,
        user=actor.user,
        actor=actor.name[:NAME_LENGTH],
        as_staff=actor.as_staff,
        what=what[:120],
        details=list(details),
    )
