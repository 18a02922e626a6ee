"""The tables of `integrations`, one noun in each module."""

from integrations.models.clockwork import Lease, Tick
from integrations.models.connection import Connection, Lane
from integrations.models.customer import Customer, CustomerExternalId
from integrations.models.delivery import Delivery, DeliveryAttempt
from integrations.models.event import Event
from integrations.models.inbound import InboundMessage, SourceSecret
from integrations.models.merchant import ApiToken, Membership, Merchant, ShopDomain

__all__ = [
    "ApiToken",
    "Connection",
    "Customer",
    "CustomerExternalId",
    "Delivery",
    "DeliveryAttempt",
    "Event",
    "InboundMessage",
    "Lane",
    "Lease",
    "Membership",
    "Merchant",
    "ShopDomain",
    "SourceSecret",
    "Tick",
]
