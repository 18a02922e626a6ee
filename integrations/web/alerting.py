"""Whom to tell when something is wrong."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.core.validators import validate_email
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from integrations import alerts, daily_list, notices, posting
from integrations.models import Alert, AlertAddress, Merchant
from integrations.web.access import Role, Visit, page


class AddressForm(forms.Form):
    """Somebody to be told."""

    address = forms.CharField(
        label="E-mail, or https address of a webhook",
        max_length=500,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "inputmode": "email"}),
    )

    @property
    def is_webhook(self) -> bool:
        """Whether what was given is a URL."""
        return "://" in self.cleaned_data["address"]

    def clean_address(self) -> str:
        """An e-mail address, or a URL that may be posted to."""
        address = str(self.cleaned_data["address"])
        if "://" not in address:
            validate_email(address)
            return address
        try:
            posting.check(address)
        except posting.BadAddress as error:
            raise forms.ValidationError(str(error)) from None
        return address


@never_cache
@page()
def alerting(request: Visit, merchant: Merchant) -> HttpResponse:
    """What is wrong now, and who is told; an editor adds addresses. A webhook's secret is shown this once."""
    form = AddressForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        try:
            return _add(request, merchant, form)
        except notices.TooMany as error:
            form.add_error("address", str(error))
    context: dict[str, Any] = {
        "form": form,
        "addresses": AlertAddress.objects.for_merchant(merchant).order_by("email", "url"),
        "alerts": Alert.objects.for_merchant(merchant).order_by("since"),
        "failures": alerts.FAILURES,
        "most": notices.MOST_ADDRESSES,
        "usual_time": daily_list.USUAL_TIME,
    }
    return render(request, "web/alerts.html", context)


def _add(request: Visit, merchant: Merchant, form: AddressForm) -> HttpResponse:
    address, by, at = form.cleaned_data["address"], request.access.actor, timezone.now()
    if not form.is_webhook:
        notices.add_email(merchant, address, by=by, at=at)
    elif secret := notices.add_webhook(merchant, address, by=by, at=at):
        context = {"what": "The secret that messages to the webhook are signed with", "text": secret, "back": "alerts"}
        return render(request, "web/once.html", context)
    messages.success(request, f"{address} is told from now on.")
    return redirect("alerts", merchant.public_id)


class DailyListForm(forms.Form):
    """When an address gets the daily list; empty: never."""

    time = forms.TimeField(required=False)


@require_POST
@page(Role.EDITOR)
def choose_daily_list(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Send an address the daily list, at another time, or no more."""
    form = DailyListForm(request.POST)
    if form.is_valid():
        daily_list.choose(merchant, pk, form.cleaned_data["time"], by=request.access.actor, at=timezone.now())
    else:
        messages.error(request, "That is no time of day.")
    return redirect("alerts", merchant.public_id)


@require_POST
@page(Role.EDITOR)
def remove(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Tell somebody no more."""
    notices.remove(merchant, pk, by=request.access.actor, at=timezone.now())
    return redirect("alerts", merchant.public_id)
