"""The shapes in which every source tells of a shopper. Pure: `integrations.customers` turns them into rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PersonInput:
    """A shopper as one message describes them. `phone` may be unparseable: the services make it E.164 or drop it.

    `external_id` is the shop's own customer id; `country` (ISO 3166 alpha-2) helps to read a phone without a prefix.
    """

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    company: str = ""
    external_id: str = ""
    country: str = ""

    @property
    def has_identity(self) -> bool:
        """Whether a destination could know this shopper: an e-mail address or a phone number is there."""
        return bool(self.email or self.phone)


NOBODY = PersonInput()
"""A message that says nothing of a shopper."""


@dataclass(frozen=True, slots=True)
class ConsentInput:
    """A change of marketing consent on one channel ("email", "sms").

    `state` is "subscribed", "unsubscribed", "pending" or "none".
    """

    person: PersonInput
    channel: str
    state: str
    at: datetime
