"""Members: finding one, what they have and how it came about, and changing points by hand."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations import search
from integrations.models import Membership, Merchant
from integrations.web import paging
from integrations.web.access import RANK, Visit, page
from loyalty import standing
from loyalty.adjust_form import AdjustForm
from loyalty.models import LedgerEntry, Member


class FindForm(forms.Form):
    """Whom to look for."""

    q = forms.CharField(label="E-mail or phone (+49…)", required=False, max_length=254)


@require_safe
@page()
def members(request: Visit, merchant: Merchant) -> HttpResponse:
    """Members, the newest first, or those of an address."""
    form = FindForm(request.GET or None)
    term = form.cleaned_data["q"].strip() if form.is_valid() else ""
    found = Member.objects.for_merchant(merchant).select_related("customer").order_by("-joined_at", "-pk")
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
def member(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One member; an editor adds or takes points."""
    found = Member.objects.for_merchant(merchant).select_related("customer")
    row = get_object_or_404(found, customer=pk)
    row.merchant = merchant
    form = AdjustForm(request.POST if request.method == "POST" else None, initial={"once": uuid.uuid4()})
    may_adjust = RANK[request.access.role] >= RANK[Membership.Role.EDITOR]
    if form.is_valid() and may_adjust and _adjust(request, row, form):
        return redirect("loyalty_member", merchant.public_id, pk)
    entries = LedgerEntry.objects.for_merchant(merchant).filter(member=row).order_by("-recorded_at", "-pk")
    rows, older = paging.page_of(entries, request, by="recorded_at")
    context = {
        "member": row,
        "standing": standing.of(merchant, row),
        "entries": rows,
        "older": urlencode(older),
        "is_first": paging.is_first(request),
        "form": form,
    }
    return render(request, "web/loyalty_member.html", context)


def _adjust(request: Visit, row: Member, form: AdjustForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    entry = form.adjust(row, by=request.access.actor, at=timezone.now())
    if entry is not None:
        messages.success(request, f"{entry.points:+,} points. The balance is {entry.balance_after:,} now.")
    return entry is not None
