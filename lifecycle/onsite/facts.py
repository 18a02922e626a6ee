"""What a page tells of a subscriber: the facts that metrics are declared on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from integrations.catalog import Fact
from integrations.models import Customer, Merchant
from lifecycle.onsite.calls import Call, Checkout


@dataclass(frozen=True, slots=True, kw_only=True)
class OnsiteFact(Fact):
    """Something that a shopper did on a page. `customer_id` is the shop's own id of them: the event's identity is made of it."""

    customer_id: str
    at: datetime

    @classmethod
    def of(cls, merchant: Merchant, customer: Customer, call: Call, **more: Any) -> Self:
        """The fact that the call tells of."""
        return cls(
            merchant=merchant,
            customer=customer,
            subject=f"subscriber:{customer.pk}",
            subject_at=call.occurred_at,
            customer_id=call.customer_id,
            at=call.occurred_at,
            **more,
        )

    @property
    def epoch(self) -> int:
        """Seconds since 1970, by the source's clock."""
        return int(self.at.timestamp())


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckoutStarted(OnsiteFact):
    """The sign-up's first page was filled in."""

    checkout: Checkout


class SignUpCompleted(OnsiteFact):
    """The sign-up was completed."""


class AccountCancelled(OnsiteFact):
    """The shopper cancelled their account."""
