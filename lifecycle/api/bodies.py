"""What clients tell of the activity log, and the input that it becomes: the same as every other source's."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from rest_framework import serializers

from integrations.api.bodies import Body, Flag, Instant, Text
from integrations.api.people import Person
from integrations.people import PersonInput
from integrations.sources import Malformed
from lifecycle import reading
from lifecycle.inputs import EntryInput, PlanInput
from lifecycle.models.activity import ENTRY_ID_LENGTH, KIND_LENGTH
from lifecycle.models.plan import WORD_LENGTH


class NewPlan(Body):
    """What a customer has with the merchant as of `told_at`. What is not given stays."""

    schedule = Text(required=False, max_length=WORD_LENGTH, help_text="How often they are delivered to: “Weekly”.")
    box = Text(required=False, max_length=WORD_LENGTH, help_text="What they get.")
    status = Text(required=False, max_length=WORD_LENGTH, help_text="“Active”, “Stopped”, “Dead”.")
    subscribed = Flag(required=False, help_text="Whether they are subscribed to e-mail.")
    signed_up_at = Instant(required=False, help_text="When the sign-up was completed.")
    told_at = Instant(required=False, help_text="As of when; now, if not given. An older word changes nothing.")


class NewLogEntry(Body):
    """An entry of the customers' activity log."""

    entry_id = Text(max_length=ENTRY_ID_LENGTH, help_text="The log's own id of it, by which a repeat is known.")
    kind = Text(
        max_length=KIND_LENGTH, help_text="The log's word, as “failed.payment”, or a custom metric's key or name."
    )
    occurred_at = Instant(help_text="The entry's time, which becomes the event's.")
    customer = Person(required=False, help_text="Whom it is about.")
    # A serializer has `data` of its own; a declared field is taken out before it could replace it.
    data = serializers.DictField(required=False, help_text="The event's properties by their names.")  # type: ignore[assignment]
    plan = NewPlan(required=False, help_text="What the customer has now.")

    def validate_data(self, data: Mapping[str, Any]) -> Mapping[str, Any]:
        """Within bounds. Raises DRF's `ValidationError`."""
        try:
            return reading.checked_data(data)
        except Malformed:
            raise serializers.ValidationError(f"must be at most {reading.DATA_BYTES:,} bytes of JSON") from None


def entry_input(told: Mapping[str, Any], *, at: datetime) -> EntryInput:
    """The input of a body that `NewLogEntry` checked."""
    return EntryInput(
        entry_id=told["entry_id"],
        kind=told["kind"],
        occurred_at=told["occurred_at"],
        customer=PersonInput(**told.get("customer", {})),
        data=told.get("data", {}),
        plan=_plan(told["plan"], at=at) if "plan" in told else None,
    )


def _plan(told: Mapping[str, Any], *, at: datetime) -> PlanInput:
    words = {name: told.get(name) for name in ("schedule", "box", "status", "signed_up_at")}
    return PlanInput(told_at=min(told.get("told_at") or at, at), is_mailed=told.get("subscribed"), **words)
