"""Whom to tell when something is wrong."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import alerts
from integrations.models import Alert, AlertAddress, Merchant
from integrations.web.access import Role, Visit, page


class AddressForm(forms.Form):
    """Somebody to be told."""

    email = forms.EmailField(label="E-mail", max_length=254)


@page()
def alerting(request: Visit, merchant: Merchant) -> HttpResponse:
    """What is wrong now, and who is told; an editor adds addresses."""
    form = AddressForm(request.POST or None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        email = form.cleaned_data["email"]
        alerts.add_address(merchant, email, by=request.access.actor, at=timezone.now())
        messages.success(request, f"{email} is told from now on.")
        return redirect("alerts", merchant.public_id)
    context = {
        "form": form,
        "addresses": AlertAddress.objects.for_merchant(merchant).order_by("email"),
        "alerts": Alert.objects.for_merchant(merchant).order_by("since"),
        "failures": alerts.FAILURES,
    }
    return render(request, "web/alerts.html", context)


@require_POST
@page(Role.EDITOR)
def remove(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Tell somebody no more."""
    alerts.remove_address(merchant, pk, by=request.access.actor, at=timezone.now())
    return redirect("alerts", merchant.public_id)
