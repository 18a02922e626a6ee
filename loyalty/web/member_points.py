"""Points of one member, changed by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.utils import timezone

from integrations.web.access import Visit
from loyalty.adjust_form import AdjustForm
from loyalty.models import Member


def form(member: Member, given: Any) -> AdjustForm:
    """The form, empty or as it was sent."""
    return AdjustForm(given, initial={"once": uuid.uuid4()})


def act(request: Visit, member: Member, form: AdjustForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    entry = form.adjust(member, by=request.access.actor, at=timezone.now())
    if entry is not None:
        messages.success(request, f"{entry.points:+,} points. The balance is {entry.balance_after:,} now.")
    return entry is not None
