"""The tiers of the programme: what each asks for and gives, and placing everybody anew."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations.models import Merchant
from integrations.web.access import Role, Visit, page
from loyalty import progress, recomputation
from loyalty.models import LoyaltyClock, Tier
from loyalty.services import tier_rules
from loyalty.tier_form import TierForm
from loyalty.web import amounts

SECONDS = 3
"""For which a request itself places members anew: a worker goes on."""


@require_safe
@page()
def tiers(request: Visit, merchant: Merchant) -> HttpResponse:
    """Tiers in their order, with how many members hold each."""
    held = progress.members_by_tier(merchant)
    rows = [
        {
            "tier": each,
            "entry": amounts.told(each.entry_minor, merchant),
            "maintain": amounts.told(each.maintain_minor, merchant),
            "members": held.get(each.pk, 0),
        }
        for each in Tier.objects.for_merchant(merchant).order_by("position", "entry_minor", "pk")
    ]
    clock = LoyaltyClock.objects.for_merchant(merchant).first()
    return render(request, "web/loyalty_tiers.html", {"rows": rows, "clock": clock})


@page()
def new(request: Visit, merchant: Merchant) -> HttpResponse:
    """All that is said of a tier; an editor makes another one."""
    return _form(request, merchant, None)


@page()
def tier(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """What one asks for and gives; an editor changes it."""
    return _form(request, merchant, _tier(merchant, pk))


def _form(request: Visit, merchant: Merchant, row: Tier | None) -> HttpResponse:
    form = TierForm(merchant, row, request.POST if request.method == "POST" else None)
    if form.is_valid() and request.access.may_edit:
        key = row.key if row else form.cleaned_data["key"]
        try:
            saved = tier_rules.save(
                merchant, key, by=request.access.actor, at=timezone.now(), is_new=row is None, **form.values
            )
        except ValidationError as error:
            form.refuse(error)
        else:
            said = "Members move with their next order, at the end of their period, or when everybody is placed anew."
            messages.success(request, f"{saved.name} is saved. {said}")
            return redirect("loyalty_tiers", merchant.public_id)
    return render(request, "web/loyalty_tier.html", {"form": form, "tier": row})


@require_POST
@page(Role.EDITOR)
def retire(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Let nobody into it any more."""
    row = tier_rules.retire(merchant, _tier(merchant, pk).key, by=request.access.actor, at=timezone.now())
    messages.success(request, f"{row.name} is retired. Who holds it keeps it until the period is over, or the date.")
    return redirect("loyalty_tiers", merchant.public_id)


@page()
def placing(request: Visit, merchant: Merchant) -> HttpResponse:
    """What placing everybody anew would do; an editor does it."""
    at = timezone.now()
    if request.method == "POST" and request.access.may_edit:
        moved = recomputation.recompute(merchant, by=request.access.actor, at=at, seconds=SECONDS)
        messages.success(request, _said(moved))
        return redirect("loyalty_tiers", merchant.public_id)
    ways = recomputation.foresee(merchant, at=at)
    context: dict[str, Any] = {"ways": ways, "members": sum(each.members for each in ways or ())}
    return render(request, "web/loyalty_placing.html", context)


def _said(moved: int | None) -> str:
    if moved is None:
        return "It has begun, and goes on in the background."
    return f"{moved:,} member{' was' if moved == 1 else 's were'} placed in another tier."


def _tier(merchant: Merchant, pk: int) -> Tier:
    return get_object_or_404(Tier.objects.for_merchant(merchant), pk=pk)
