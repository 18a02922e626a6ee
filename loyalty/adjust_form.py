"""The form in which somebody adds or takes a member's points by hand."""

from __future__ import annotations

from datetime import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.audit import Actor
from loyalty import services
from loyalty.ledger import NotEnough
from loyalty.models import LedgerEntry, Member
from loyalty.services.points import NOTE_LENGTH


class AdjustForm(forms.Form):
    """Points by hand. `once` tells this form from others: sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput())
    points = forms.IntegerField(label="Points", help_text="Below 0: they are taken.")
    reason = forms.CharField(
        label="Reason", max_length=NOTE_LENGTH, help_text="It is kept with the points and sent along."
    )

    def adjust(self, member: Member, *, by: Actor, at: datetime) -> LedgerEntry | None:
        """The entry that was posted; None where the reason why not is noted in the form. Valid after `is_valid`."""
        given = self.cleaned_data
        try:
            with transaction.atomic():
                return services.adjust(
                    merchant=member.merchant,
                    customer=member.customer,
                    points=given["points"],
                    reason=given["reason"],
                    by=by,
                    cause=f"manual:{given['once']}",
                    at=at,
                )
        except ValidationError as error:
            self.add_error(None, error)
        except NotEnough as error:
            self.add_error("points", str(error).capitalize())
        return None
