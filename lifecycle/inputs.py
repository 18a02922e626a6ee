"""The shapes in which sources tell of subscribers. Pure: `lifecycle.services` turns them into rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from integrations.people import PersonInput


@dataclass(frozen=True, slots=True)
class PlanInput:
    """What a message says of a subscription at `told_at`, by the source's clock. What it does not say is None, and stays.

    `started_at` is when a sign-up was begun: the last one holds, whoever tells of it.
    """

    told_at: datetime
    schedule: str | None = None
    box: str | None = None
    status: str | None = None
    is_mailed: bool | None = None
    has_filled_out_profile: bool | None = None
    signed_up_at: datetime | None = None
    started_at: datetime | None = None

    @property
    def says_anything(self) -> bool:
        """Whether it says more than that, and when, a sign-up was begun."""
        said = {each.name for each in fields(self)} - {"told_at", "started_at"}
        return any(getattr(self, name) is not None for name in said)


@dataclass(frozen=True, slots=True)
class EntryInput:
    """An entry of the merchant's activity log. `entry_id` is the log's own id of it, by which a repeat is known.

    `data` holds the properties of its event by their names; `plan` is what its customer has now, None where the log does not say.
    """

    entry_id: str
    kind: str
    occurred_at: datetime
    customer: PersonInput
    data: Mapping[str, Any]
    plan: PlanInput | None = None
