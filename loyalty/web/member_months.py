"""The birth month of one member, entered by hand."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.utils import timezone
from django.utils.dates import MONTHS

from integrations.web.access import Visit
from loyalty import by_hand
from loyalty.models import Member


class MonthForm(forms.Form):
    """In which month somebody was born."""

    month = forms.TypedChoiceField(label="Birth month", choices=[("", "Choose"), *MONTHS.items()], coerce=int)


def form(member: Member, given: Any) -> MonthForm:
    """The form, as it is known or as it was sent."""
    return MonthForm(given, initial={"month": member.birth_month}, auto_id="birth_%s")


def act(request: Visit, member: Member, form: MonthForm) -> bool:
    """Keep it; what it leads to follows the rules of the programme."""
    month = form.cleaned_data["month"]
    by_hand.capture_birth_month(member, month, by=request.access.actor, at=timezone.now())
    messages.success(request, f"The birth month is {MONTHS[month]} now.")
    return True
