"""The merchant's Klaviyo account: whether it works, a new key where it does not, and what failed sent again."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations import amending, audit, connections
from integrations.amending import Amendment, OtherAccount
from integrations.delivery import resend
from integrations.models import Connection, Delivery, Merchant
from integrations.onboarding import AccountTaken, DestinationUnreachable, KeyRefused
from integrations.web.access import Role, Visit, page


class KeyForm(forms.Form):
    """A new private key. It is written and never shown again, not even after an error."""

    key = forms.CharField(
        label="New private key",
        max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
        help_text="Klaviyo → Settings → API keys → Create private key. It is checked at Klaviyo before it is saved.",
    )


@page()
def connection(request: Visit, merchant: Merchant) -> HttpResponse:
    """How the connection fares; an owner may give it another key."""
    row = get_object_or_404(Connection.objects.for_merchant(merchant).select_related("lane"))
    form = KeyForm(request.POST or None)
    if request.method == "POST":
        if not request.access.may_own:
            return redirect("connection", merchant.public_id)
        if form.is_valid() and _change_key(request, merchant, row, form):
            return redirect("connection", merchant.public_id)
    failed = resend.resendable(Delivery.objects.for_merchant(merchant).filter(connection=row)).count()
    row.merchant = merchant
    clashes = connections.name_clashes(row)
    context: dict[str, Any] = {"connection": row, "form": form, "failed": failed, "clashes": clashes}
    return render(request, "web/connection.html", context)


def _change_key(request: Visit, merchant: Merchant, row: Connection, form: KeyForm) -> bool:
    """Whether the key was taken; why not is noted in the form."""
    at, key = timezone.now(), form.cleaned_data["key"].strip()
    row.merchant = merchant
    amendment = Amendment(
        metrics=row.enabled_metrics,
        freshness_hours=row.freshness_hours,
        backfill_days=row.backfill_days,
        marketing_list_id=row.marketing_list_id,
        key=key,
    )
    try:
        advice = amending.amend(row, amendment, at=at)
    except (KeyRefused, DestinationUnreachable) as error:
        form.add_error("key", str(error))
        return False
    except (OtherAccount, AccountTaken):
        form.add_error(
            "key", "This key belongs to another Klaviyo account. Use a key of the account that is connected."
        )
        return False
    audit.note(merchant, request.access.actor, "changed the private key", [f"it ends in …{key[-4:]}"], at=at)
    messages.success(request, "The key works. What waited is on its way.")
    for line in advice:
        messages.warning(request, line)
    return True


@require_POST
@page(Role.EDITOR)
def send_failed(request: Visit, merchant: Merchant) -> HttpResponse:
    """Line up everything that failed once more."""
    at = timezone.now()
    count = resend.resend(Delivery.objects.for_merchant(merchant), at=at)
    audit.note(merchant, request.access.actor, "sent what failed again", [f"{count} events"], at=at)
    messages.success(request, f"{count} events are on their way again. Klaviyo ignores what it has already.")
    return redirect("connection", merchant.public_id)
