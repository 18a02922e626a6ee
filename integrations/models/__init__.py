"""The tables of `integrations`, one noun in each module."""

from integrations.models.alert import Alert, AlertAddress
from integrations.models.clockwork import Lease, Tick
from integrations.models.connection import Connection, Lane
from integrations.models.custom_metric import CustomMetric
from integrations.models.customer import Customer, CustomerExternalId
from integrations.models.delivery import Delivery, DeliveryAttempt
from integrations.models.erasure import DataRequest, ErasedIdentity, Erasure, ErasureKey, MerchantRemoval
from integrations.models.event import Event
from integrations.models.idempotency import IdempotentRequest
from integrations.models.inbound import InboundMessage, SourceSecret
from integrations.models.merchant import Membership, Merchant, ShopDomain
from integrations.models.people import AuditEntry, Invitation
from integrations.models.profile import ConsentRecord, ProfileChange
from integrations.models.replay import Replay
from integrations.models.suppression import Suppression, SuppressionCheck
from integrations.models.test_event import TestEvent
from integrations.models.token import ApiToken, StaffToken

__all__ = [
    "Alert",
    "AlertAddress",
    "ApiToken",
    "AuditEntry",
    "Connection",
    "ConsentRecord",
    "CustomMetric",
    "Customer",
    "CustomerExternalId",
    "DataRequest",
    "Delivery",
    "DeliveryAttempt",
    "ErasedIdentity",
    "Erasure",
    "ErasureKey",
    "Event",
    "IdempotentRequest",
    "InboundMessage",
    "Invitation",
    "Lane",
    "Lease",
    "Membership",
    "Merchant",
    "MerchantRemoval",
    "ProfileChange",
    "Replay",
    "ShopDomain",
    "SourceSecret",
    "StaffToken",
    "Suppression",
    "SuppressionCheck",
    "TestEvent",
    "Tick",
]
