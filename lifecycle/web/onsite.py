"""What a merchant pastes into the pages of the shop, and the rules of what those pages tell."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from integrations.models import Connection, Merchant, SourceSecret
from integrations.web.access import Visit, page
from lifecycle.models import ToldBy
from lifecycle.onsite import identity, snippets
from lifecycle.onsite.source import KIND
from lifecycle.rules_form import PagesForm
from lifecycle.services import rules as services

KLAVIYO = "klaviyo"


@page()
def onsite(request: Visit, merchant: Merchant) -> HttpResponse:
    """The snippets in the form that was asked for, and the rules, which an editor changes."""
    rules = services.of(merchant)
    form = PagesForm(rules, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        services.change(merchant, by=request.access.actor, at=timezone.now(), **form.cleaned_data)
        messages.success(request, "It holds for what is sent from now on.")
        return redirect("onsite", merchant.public_id)
    chosen = request.GET.get("form", snippets.KLAVIYO)
    chosen = chosen if chosen in snippets.FORMS else snippets.KLAVIYO
    connected = Connection.objects.for_merchant(merchant).filter(kind=KLAVIYO).first()
    public_key = connected.public_key if connected else ""
    address = f"{settings.PUBLIC_BASE_URL}{reverse('onsite_call', args=[merchant.public_id])}"
    context = {
        "form": form,
        "chosen": chosen,
        "forms": snippets.FORMS.items(),
        "is_first_party": chosen == snippets.FIRST_PARTY,
        "is_told_twice": ToldBy.ONSITE in (rules.checkout_told_by, rules.cancelling_told_by),
        "is_told_by_script": ToldBy.SCRIPT in (rules.checkout_told_by, rules.cancelling_told_by),
        "site": settings.PUBLIC_BASE_URL,
        "public_key": public_key,
        "snippets": snippets.of(chosen, public_key=public_key or "PUBLIC_KEY", address=address),
        "address": address,
        "domains": merchant.shop_domains.order_by("domain"),
        "secret": SourceSecret.objects.for_merchant(merchant).filter(source=KIND, disconnected_at=None).first(),
        "recipes": (("PHP", identity.PHP), ("Python", identity.PYTHON)),
    }
    return render(request, "web/onsite.html", context)
