"""The ten canonical statuses of a shipment, and the one rule by which a scan may move a shipment on.

Pure: no models, no clock. The words are those that merchants' flows are built on; unknown words of a carrier become `unknown`.
"""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

Moment = TypeVar("Moment", datetime, float)
"""An instant, or the seconds since the epoch: all that is asked is which is later."""

UNKNOWN = "unknown"
PRE_TRANSIT = "pre_transit"
IN_TRANSIT = "in_transit"
OUT_FOR_DELIVERY = "out_for_delivery"
AVAILABLE_FOR_PICKUP = "available_for_pickup"
DELIVERED = "delivered"
RETURN_TO_SENDER = "return_to_sender"
FAILURE = "failure"
ERROR = "error"
CANCELLED = "cancelled"

DELIVERY_ATTEMPTED = "delivery_attempted"
"""Sub-status of a `failure` after which the carrier will try again."""

ARRIVING_EARLY, ON_TIME = "arriving_early", "on_time"
DELAYED = frozenset({"delayed", "weather_delay"})
"""Sub-statuses by which a carrier itself says that a parcel comes early, at its time, or late."""

ALL = (
    UNKNOWN,
    PRE_TRANSIT,
    IN_TRANSIT,
    OUT_FOR_DELIVERY,
    AVAILABLE_FOR_PICKUP,
    DELIVERED,
    RETURN_TO_SENDER,
    FAILURE,
    ERROR,
    CANCELLED,
)
SELDOM = (AVAILABLE_FOR_PICKUP, RETURN_TO_SENDER, FAILURE, ERROR, CANCELLED)
"""Few parcels are in one of these: an index finds them."""

TERMINAL = frozenset({DELIVERED, RETURN_TO_SENDER, CANCELLED})
TROUBLE = frozenset({FAILURE, ERROR})
LABELS = {status: status.replace("_", " ").capitalize() for status in ALL}

_RANK = {
    UNKNOWN: 0,
    PRE_TRANSIT: 1,
    IN_TRANSIT: 2,
    OUT_FOR_DELIVERY: 3,
    AVAILABLE_FOR_PICKUP: 3,
    DELIVERED: 4,
}


def advances(current: str, current_at: Moment, new: str, new_at: Moment) -> bool:
    """Whether a scan with status `new` at `new_at` moves a shipment on from `current`, reached at `current_at`.

    Statuses move forward only. A parcel in trouble (`failure`, `error`) may move again on any later scan, because the carrier
    tries again. `return_to_sender` is taken from any status but `delivered`; nothing leaves a terminal status otherwise.
    A scan that merely repeats the status, and an `unknown` one, move nothing.
    """
    if new in (current, UNKNOWN):
        return False
    if new == RETURN_TO_SENDER:
        return current != DELIVERED
    if current in TERMINAL:
        return False
    if new == CANCELLED:
        return True
    if new in TROUBLE:
        return new_at >= current_at
    if current in TROUBLE:
        return new == DELIVERED or (new_at >= current_at and _RANK[new] >= _RANK[IN_TRANSIT])
    if _RANK[new] == _RANK[current]:
        return new_at > current_at
    return _RANK[new] > _RANK[current]
