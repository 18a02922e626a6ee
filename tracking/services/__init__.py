"""What can be done with orders and shipments: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from tracking.services.orders import forget_order, ingest_order, ingest_refund
from tracking.services.shipments import ingest_fulfillment, ingest_fulfillment_scan, ingest_tracker

__all__ = [
    "forget_order",
    "ingest_fulfillment",
    "ingest_fulfillment_scan",
    "ingest_order",
    "ingest_refund",
    "ingest_tracker",
]
