"""What can happen to returns: the facts that metrics are declared on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from integrations.catalog import Fact
from returns import stages
from returns.case import Case
from returns.models import ReturnItem


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnFact(Fact):
    """Something happened to a return, `at` by the source's clock. Its events belong to the story of its order."""

    case: Case
    at: datetime

    @classmethod
    def of(cls, case: Case, at: datetime, **more: Any) -> Self:
        """The fact about that return, whose order is known."""
        order = case.known_order
        return cls(
            merchant=case.merchant,
            customer=case.row.customer,
            subject=order.subject,
            subject_at=order.placed_at,
            order_number=order.number,
            case=case,
            at=at,
            **more,
        )


class ReturnCreated(ReturnFact):
    """A shopper asked to send something back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnItemCreated(ReturnFact):
    """One line of what a shopper sends back."""

    item: ReturnItem


class ReturnApproved(ReturnFact):
    """The shopper may send it."""


class ReturnInTransit(ReturnFact):
    """It is on its way back."""


class ReturnReceived(ReturnFact):
    """It is back."""


class ReturnRefunded(ReturnFact):
    """The money was given back."""


class ReturnClosed(ReturnFact):
    """Nothing is left to be done for it."""


class ReturnExpiring(ReturnFact):
    """It was not sent yet, and time runs out."""


OF_STATUS: dict[str, type[ReturnFact]] = {
    stages.APPROVED: ReturnApproved,
    stages.IN_TRANSIT: ReturnInTransit,
    stages.RECEIVED: ReturnReceived,
    stages.REFUNDED: ReturnRefunded,
    stages.CLOSED: ReturnClosed,
}
"""The statuses that are told of."""
