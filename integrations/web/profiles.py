"""Changes of shoppers' profiles as a merchant sees them: sign-ups and opt-outs, the consent behind them, what Klaviyo said."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import Exists, OuterRef
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from integrations import search
from integrations.delivery import resend
from integrations.models import Delivery, Merchant, ProfileChange
from integrations.web import paging, ways
from integrations.web.access import Role, Visit, page


class ChangeSearchForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(label="E-mail or phone (+49…)", required=False, max_length=254)
    kind = forms.ChoiceField(choices=[("", "Any"), *ProfileChange.Kind.choices], required=False)
    state = forms.ChoiceField(choices=ways.STATES, required=False)

    def found(self, merchant: Merchant) -> Any:
        """The changes that fit, newest first. Valid after `is_valid`."""
        given = self.cleaned_data
        rows = ProfileChange.objects.for_merchant(merchant)
        if given["q"]:
            rows = rows.filter(customer__in=search.customers(merchant, given["q"].strip()))
        if given["kind"]:
            rows = rows.filter(kind=given["kind"])
        if given["state"]:
            mine = Delivery.objects.for_merchant(merchant).filter(state__in=search.states_of(given["state"]))
            rows = rows.filter(Exists(mine.filter(change=OuterRef("pk"))))
        return rows


@require_safe
@page()
def changes(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list, newest first."""
    form = ChangeSearchForm(request.GET or None)
    found = form.found(merchant) if form.is_valid() else ProfileChange.objects.for_merchant(merchant)
    known = found.select_related("customer").prefetch_related("deliveries").order_by("-created_at", "-pk")
    rows, place_of_older = paging.page_of(known, request, by="created_at")
    kept = {name: value for name in form.fields if (value := str(request.GET.get(name, "")))}
    context = {
        "form": form,
        "changes": rows,
        "older": urlencode({**kept, **place_of_older}) if place_of_older else "",
        "is_searched": bool(kept),
        "is_first": paging.is_first(request),
    }
    return render(request, "web/profile_changes.html", context)


@require_safe
@page()
def change(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One change: what the shopper ticked, and what Klaviyo answered each time."""
    rows = ProfileChange.objects.for_merchant(merchant).select_related("customer", "consent")
    row = get_object_or_404(rows, pk=pk)
    taken = ways.of(merchant, change=row)
    may_resend = any(way.delivery.state in resend.RESENDABLE for way in taken)
    return render(request, "web/profile_change.html", {"change": row, "ways": taken, "may_resend": may_resend})


@require_POST
@page(Role.EDITOR)
def send_again(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Line up what failed of a change once more."""
    row = get_object_or_404(ProfileChange.objects.for_merchant(merchant), pk=pk)
    if resend.resend_change(row, by=request.access.actor, at=timezone.now()):
        messages.success(request, "It is on its way again. If the shopper opted out since, they stay out.")
    else:
        messages.warning(request, "Nothing of it can be sent again now: it did not fail, or the connection is paused.")
    return redirect("profile_change", merchant.public_id, pk)
