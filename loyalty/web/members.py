"""Members: finding one, what they have and how it came about, and what an editor changes of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django import forms
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.dates import MONTHS
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations import erasure, search
from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from loyalty import standing
from loyalty.models import LedgerEntry, Member
from loyalty.web import member_months, member_points, member_rewards, member_tiers


class FindForm(forms.Form):
    """Whom to look for."""

    q = forms.CharField(label="E-mail or phone (+49…)", required=False, max_length=254)


class Part(NamedTuple):
    """What of a member is changed by a form of its own: the form, and what it does; False: it notes in itself why not."""

    form: Callable[[Member, Any], forms.Form]
    act: Callable[[Visit, Member, Any], bool]


PARTS = {
    "points": Part(member_points.form, member_points.act),
    "tier": Part(member_tiers.form, member_tiers.act),
    "reward": Part(member_rewards.form, member_rewards.act),
    "month": Part(member_months.form, member_months.act),
}


@require_safe
@page()
def members(request: Visit, merchant: Merchant) -> HttpResponse:
    """Members, the newest first, or those of an address."""
    form = FindForm(request.GET or None)
    term = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = Member.objects.for_merchant(merchant).select_related("customer", "tier").order_by("-joined_at", "-pk")
    if term:
        found = found.filter(customer__in=search.customers(merchant, term))
    rows, older = paging.page_of(found, request, by="joined_at")
    context = {
        "form": form,
        "term": term,
        "members": rows,
        "older": urlencode({"q": term, **older}) if older else "",
        "is_first": paging.is_first(request),
    }
    return render(request, "web/loyalty_members.html", context)


@page()
def member(request: Visit, merchant: Merchant, pk: int, part: str = "points") -> HttpResponse:
    """One member; an editor changes one part of it."""
    found = Member.objects.for_merchant(merchant).select_related("customer", "tier", "merchant")
    row = get_object_or_404(found, customer=pk)
    given = {part: request.POST} if request.method == "POST" else {}
    with timezone.override(merchant.tz):
        shown = (
            {name: each.form(row, given.get(name)) for name, each in PARTS.items()} if request.access.may_edit else {}
        )
        if given and shown and _act(request, row, part, shown[part]):
            return redirect("loyalty_member", merchant.public_id, pk)
        return render(request, "web/loyalty_member.html", _context(request, row) | {"forms": shown})


def _act(request: Visit, row: Member, part: str, form: forms.Form) -> bool:
    """Whether it was done. Who was erased meanwhile stays so."""
    if not form.is_valid():
        return False
    with transaction.atomic():
        is_done = PARTS[part].act(request, row, form)
        erasure.keep_erased(row.merchant, row.customer_id, at=timezone.now())
    return is_done


def _context(request: Visit, row: Member) -> dict[str, Any]:
    entries = LedgerEntry.objects.for_merchant(row.merchant_id).filter(member=row).order_by("-recorded_at", "-pk")
    rows, older = paging.page_of(entries, request, by="recorded_at")
    return {
        "member": row,
        "standing": standing.of(row.merchant, row),
        "way": member_tiers.way(row, at=timezone.now()),
        "issued": member_rewards.newest(row),
        "most_issued": member_rewards.NEWEST,
        "birth_month": MONTHS.get(row.birth_month or 0, ""),
        "entries": rows,
        "older": urlencode(older),
        "is_first": paging.is_first(request),
    }
