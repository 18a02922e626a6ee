"""A merchant's connections, each on a page: whether it works, a new key where it does not, and what failed sent again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import amending, connections
from integrations.amending import OtherAccount
from integrations.delivery import resend
from integrations.destinations import registry
from integrations.destinations.base import Destination
from integrations.models import Connection, Delivery, Merchant
from integrations.onboarding import AccountTaken, DestinationUnreachable, KeyRefused
from integrations.web import connected
from integrations.web.access import Role, Visit, page


class KeyForm(forms.Form):
    """A new key. It is written and never shown again, not even after an error."""

    key = forms.CharField(
        max_length=200, widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )

    def __init__(self, destination: Destination, data: Any = None) -> None:
        super().__init__(data)
        key, label = destination.key, destination.label
        self.fields["key"].label = f"New {key.name}"
        self.fields["key"].help_text = f"{key.where}. It is checked at {label} before it is saved."


@page()
def connection(request: Visit, merchant: Merchant, kind: str = "") -> HttpResponse:
    """How a connection fares; an owner may give it another key."""
    found = connected.find(merchant, kind)
    row = found.row
    here = redirect("connection", merchant.public_id, row.kind) if kind else redirect("connection", merchant.public_id)
    form = KeyForm(found.destination, request.POST or None)
    if request.method == "POST":
        if not request.access.may_own:
            return here
        if form.is_valid() and _change_key(request, row, form):
            return here
    failed = resend.resendable(Delivery.objects.for_merchant(merchant).filter(connection=row)).count()
    told: dict[str, Any] = {"form": form, "failed": failed, "clashes": connections.name_clashes(row)}
    return render(request, "web/connection.html", told | found.shown("connection"))


def _change_key(request: Visit, row: Connection, form: KeyForm) -> bool:
    """Whether the key was taken; why not is noted in the form."""
    try:
        advice = amending.change_key(row, form.cleaned_data["key"].strip(), by=request.access.actor, at=timezone.now())
    except (KeyRefused, DestinationUnreachable) as error:
        form.add_error("key", str(error))
        return False
    except (OtherAccount, AccountTaken):
        label = registry.get(row.kind).label
        text = f"This key belongs to another {label} account. Use a key of the account that is connected."
        form.add_error("key", text)
        return False
    messages.success(request, "The key works. What waited is on its way.")
    for line in advice:
        messages.warning(request, line)
    return True


@require_POST
@page(Role.EDITOR)
def send_failed(request: Visit, merchant: Merchant, kind: str = "") -> HttpResponse:
    """Line up everything that failed at one connection once more."""
    row, destination, _ = connected.find(merchant, kind)
    count = resend.resend_failed(row, by=request.access.actor, at=timezone.now())
    ignored = f" {destination.label} ignores what it has already." if destination.ignores_repeats else ""
    told = "1 event is on its way" if count == 1 else f"{count} events are on their way"
    messages.success(request, f"{told} again.{ignored}")
    return redirect("connection", merchant.public_id, row.kind)
