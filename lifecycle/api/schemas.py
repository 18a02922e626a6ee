"""Shapes of what is told of the activity log, for the documentation."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from integrations.api.schemas import KEY, page_of
from lifecycle.models.activity import STATES

WHOSE = "Whom it is about; null: nobody who is known."


class LoggedActivity(serializers.Serializer[Any]):
    """An entry of the customers' activity log."""

    id = serializers.CharField(help_text=KEY)
    entry_id = serializers.CharField(help_text="The log's own id of it.")
    kind = serializers.CharField(help_text="The log's word.")
    occurred_at = serializers.DateTimeField(help_text="The entry's time.")
    customer_id = serializers.CharField(allow_null=True, help_text=WHOSE)
    data = serializers.DictField(help_text="The properties of its event.")  # type: ignore[assignment]
    state = serializers.ChoiceField(
        choices=list(STATES), help_text="`waiting` to be parsed; `told`: there is an event."
    )
    note = serializers.CharField(allow_blank=True, help_text="Why it told nothing; blank: it did, or waits.")
    is_history = serializers.BooleanField(help_text="Of the past that a sync goes through: it starts no flow.")
    recorded_at = serializers.DateTimeField(help_text="When Tidings learnt of it.")
    parsed_at = serializers.DateTimeField(allow_null=True)


class RecordedActivity(serializers.Serializer[Any]):
    """What became of an entry."""

    entry_id = serializers.CharField()
    customer_id = serializers.CharField(allow_null=True, help_text=WHOSE)
    is_new = serializers.BooleanField(help_text="It was not known before.")


LoggedActivityPage = page_of(LoggedActivity)
