"""What can happen to orders and shipments: the facts that metrics are declared on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from integrations.catalog import Fact
from tracking.dossier import Dossier
from tracking.models import Issue, OrderLine, Shipment, WishlistItem


def _about(dossier: Dossier) -> dict[str, Any]:
    """What a fact about an order, or about something of it, says of the order."""
    order = dossier.order
    return {
        "merchant": order.merchant,
        "customer": order.customer,
        "subject": order.subject,
        "subject_at": order.placed_at,
        "order_number": order.number,
        "followers": dossier.followers,
        "dossier": dossier,
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderFact(Fact):
    """Something happened to an order, `at` by the source's clock."""

    dossier: Dossier
    at: datetime

    @classmethod
    def of(cls, dossier: Dossier, at: datetime) -> Self:
        """The fact about that order."""
        return cls(**_about(dossier), at=at)


class OrderPlaced(OrderFact):
    """An order came in from the shop for the first time."""


class OrderProcessing(OrderFact):
    """Nothing stands against working on the order: it is paid, authorised or free, or it was shipped all the same."""


class OrderCancelled(OrderFact):
    """The order was cancelled."""


class OrderCompleted(OrderFact):
    """The order is completed, and its billing succeeded. It is to be shipped."""


class OrderShipped(OrderFact):
    """The first parcel of the order left."""


class OrderDelivered(OrderFact):
    """Every parcel of the order arrived, and nothing is left to be shipped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentFact(Fact):
    """Something happened to a shipment. The status is that of the moment: one message may move a shipment several times."""

    dossier: Dossier
    shipment: Shipment
    status: str
    substatus: str
    message: str
    status_at: datetime

    @classmethod
    def of(cls, dossier: Dossier, shipment: Shipment, **more: Any) -> Self:
        """The fact about that shipment as it stands now."""
        return cls(
            **_about(dossier),
            tracking_number=shipment.tracking_number,
            shipment=shipment,
            status=shipment.status,
            substatus=shipment.substatus,
            message=shipment.status_message,
            status_at=shipment.status_at,
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentCreated(ShipmentFact):
    """A parcel of an order became known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShipmentMoved(ShipmentFact):
    """A scan moved a shipment's status on from `previous`."""

    previous: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueFound(Fact):
    """A problem was found with a shipment, or with the order itself where `shipment` is None."""

    dossier: Dossier
    issue: Issue
    shipment: Shipment | None

    @classmethod
    def of(cls, dossier: Dossier, issue: Issue, shipment: Shipment | None = None, **more: Any) -> Self:
        """The fact about that problem."""
        return cls(
            **_about(dossier),
            tracking_number=shipment.tracking_number if shipment else "",
            issue=issue,
            shipment=shipment,
            **more,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueResolved(IssueFound):
    """What had stalled moved again, `at` by the source's clock."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCreated(Fact):
    """A shopper made an account in the shop. `account_id` is the shop's own id of it, `source` where it was made."""

    account_id: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductWished(Fact):
    """A shopper put a product on the wish list."""

    item: WishlistItem


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingUpdate(Fact):
    """What Redo calls a tracking update, of a parcel, or of the order where `shipment` is None.

    `at` is when it happened; `anchor` tells two of the same trigger apart: the same instant, or for a finding what it is counted
    from.
    """

    dossier: Dossier
    shipment: Shipment | None
    trigger: str
    at: datetime
    anchor: datetime

    @classmethod
    def of(cls, dossier: Dossier, shipment: Shipment | None, **more: Any) -> Self:
        """The fact about that parcel or order."""
        number = shipment.tracking_number if shipment else ""
        return cls(**_about(dossier), tracking_number=number, shipment=shipment, **more)

    @property
    def items(self) -> list[tuple[OrderLine, int]]:
        """What is in the parcel; the whole order where that is meant. Each line with its units."""
        if self.shipment is None:
            return [(line, line.ordered) for line in self.dossier.lines]
        return self.dossier.lines_in(self.shipment)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackingUpdateItem(TrackingUpdate):
    """One line of what a tracking update is about, with its units."""

    line: OrderLine
    quantity: int
