"""What all carriers' sources share: a message is one parcel's tracker, with its whole history."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations.sources import Handled, Source
from tracking.inputs import ScanInput, TrackerInput

if TYPE_CHECKING:
    from integrations.models import Merchant


class Carrier(Source):
    """A source of tracking. A subclass says how its messages are signed, and reads one into a `TrackerInput`."""

    @abstractmethod
    def parse(self, payload: Any) -> TrackerInput | Handled:
        """Read a message, or say in a `Handled` why it is none of ours. Raises `Malformed`."""

    def headers_for(self, topic: str) -> dict[str, str]:
        """None: a carrier's body says its topic itself."""
        return {}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Take in the tracker. Raises `Malformed`."""
        from tracking import services  # here, so that the parsers can be used without models

        tracker = self.parse(payload)
        if isinstance(tracker, Handled):
            return tracker
        return services.ingest_tracker(merchant=merchant, tracker=tracker, at=at)


def in_order(scans: Iterable[ScanInput]) -> tuple[ScanInput, ...]:
    """Each scan once, earliest first. Carriers repeat scans under new ids and do not always send them in order."""
    return tuple(sorted(dict.fromkeys(scans), key=lambda scan: scan.occurred_at))


def newest_of(status: str, scans: Sequence[ScanInput]) -> ScanInput | None:
    """The newest of ordered `scans` that has the status."""
    return next((scan for scan in reversed(scans) if scan.status == status), None)


def status_time(status: str, scans: Sequence[ScanInput], otherwise: datetime | None) -> datetime | None:
    """When the status was reached: at the newest scan that has it, else at the newest scan, else `otherwise`."""
    scan = newest_of(status, scans) or (scans[-1] if scans else None)
    return scan.occurred_at if scan else otherwise
