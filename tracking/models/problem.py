"""The types of problem, in the words that merchants' flows are built on."""

from __future__ import annotations

from django.db import models


class Problem(models.TextChoices):
    """A type of problem of an order or a parcel."""

    FULFILLMENT_STALLED = "FulfillmentStalled", "Order stalled"
    SHIPMENT_STALLED = "ShipmentStalled", "Parcel stalled"
    DELIVERY_ATTEMPTED = "ShipmentDeliveryAttempted", "Delivery attempted"
    RETURN_TO_SENDER = "ShipmentReturnToSender", "Returned to sender"
