"""The tier of one member: how far it is to the next one, and another one by hand."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.web.access import Visit
from loyalty import progress, services
from loyalty.models import Member, Tier
from loyalty.services.tiers import REASON_LENGTH
from loyalty.web import amounts


class AssignForm(forms.Form):
    """A tier by hand. `once` tells this form from others: sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput())
    tier = forms.ModelChoiceField[Tier](None, to_field_name="key", empty_label="Choose")
    until = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: a tier by spending for its period, another one for good.",
    )
    reason = forms.CharField(max_length=REASON_LENGTH, help_text="It is kept with the tier.")


@dataclass(frozen=True, slots=True)
class Way:
    """How far a member is: what was spent in 365 days, `wanted` for the `following` tier, and what is missing, as texts.

    `percent` of the way are done. `kept_with` is what it takes to keep the tier that is held when its period ends, "" for none.
    """

    spent: str
    following: Tier | None
    wanted: str
    missing: str
    percent: int
    kept_with: str


def form(member: Member, given: Any) -> AssignForm:
    """The form, empty or as it was sent."""
    made = AssignForm(given, initial={"once": uuid.uuid4()}, auto_id="tier_%s")
    field: Any = made.fields["tier"]
    there = Tier.objects.for_merchant(member.merchant_id).filter(retired_at=None)
    field.queryset = there.order_by("position", "entry_minor", "pk")
    return made


def way(member: Member, *, at: datetime) -> Way:
    """How far a member is, whose tier is at hand. Two statements."""
    merchant, tier = member.merchant, member.tier
    found = progress.of(merchant, member, at=at)
    wanted = found.following.entry_minor if found.following else 0
    return Way(
        spent=amounts.told(found.spent_minor, merchant),
        following=found.following,
        wanted=amounts.told(wanted, merchant),
        missing=amounts.told(found.missing_minor, merchant),
        percent=min(found.spent_minor * 100 // wanted, 100) if wanted else 100,
        kept_with=amounts.told(tier.maintain_minor, merchant) if tier and tier.maintain_minor else "",
    )


def act(request: Visit, member: Member, form: AssignForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    given = form.cleaned_data
    try:
        with transaction.atomic():
            made = services.assign_tier(
                merchant=request.access.merchant,
                customer=member.customer,
                tier=given["tier"].key,
                reason=given["reason"],
                until=given["until"],
                by=request.access.actor,
                cause=f"manual:{given['once']}",
                at=timezone.now(),
            )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    messages.success(request, f"The tier is {made.to_tier} now.")
    return True
