"""Points of one member, changed by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.web.access import Visit
from loyalty import services
from loyalty.ledger import NotEnough
from loyalty.models import Member
from loyalty.services.points import NOTE_LENGTH


class AdjustForm(forms.Form):
    """Points by hand. `once` tells this form from others: sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput())
    points = forms.IntegerField(label="Points", help_text="Below 0: they are taken.")
    reason = forms.CharField(
        label="Reason", max_length=NOTE_LENGTH, help_text="It is kept with the points and sent along."
    )


def form(member: Member, given: Any) -> AdjustForm:
    """The form, empty or as it was sent."""
    return AdjustForm(given, initial={"once": uuid.uuid4()})


def act(request: Visit, member: Member, form: AdjustForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    given = form.cleaned_data
    try:
        with transaction.atomic():
            entry = services.adjust(
                merchant=request.access.merchant,
                customer=member.customer,
                points=given["points"],
                reason=given["reason"],
                by=request.access.actor,
                cause=f"manual:{given['once']}",
                at=timezone.now(),
            )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    except NotEnough as error:
        form.add_error("points", str(error).capitalize())
        return False
    messages.success(request, f"{entry.points:+,} points. The balance is {entry.balance_after:,} now.")
    return True
