"""The shapes in which sources tell of subscribers. Pure: `lifecycle.services` turns them into rows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What a message says of a subscription at `told_at`, by the source's clock. What it does not say is None, and stays."""

    told_at: datetime
    schedule: str | None = None
    box: str | None = None
    status: str | None = None
    is_mailed: bool | None = None
    has_filled_out_profile: bool | None = None
    signed_up_at: datetime | None = None

    @property
    def says_anything(self) -> bool:
        """Whether it says more than when."""
        return any(getattr(self, each.name) is not None for each in fields(self) if each.name != "told_at")
