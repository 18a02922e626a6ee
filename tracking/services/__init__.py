"""What can be done with orders, shipments and what shoppers do: one public function is one domain action.

Each runs in its caller's transaction (the handling of one message, one request), changes the rows and announces what happened.
"""

from tracking.services.accounts import open_account
from tracking.services.contradiction import Contradiction
from tracking.services.orders import bill_order, cancel_order, complete_order, forget_order, ingest_order, ingest_refund
from tracking.services.shipments import (
    ingest_fulfillment,
    ingest_fulfillment_scan,
    ingest_scans,
    ingest_shipment,
    ingest_tracker,
)
from tracking.services.wishes import add_wish, may_wish, wish_for_line

__all__ = [
    "Contradiction",
    "add_wish",
    "bill_order",
    "cancel_order",
    "complete_order",
    "forget_order",
    "ingest_fulfillment",
    "ingest_fulfillment_scan",
    "ingest_order",
    "ingest_refund",
    "ingest_scans",
    "ingest_shipment",
    "ingest_tracker",
    "may_wish",
    "open_account",
    "wish_for_line",
]
