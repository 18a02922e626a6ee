"""By which rules a merchant's subscribers are handled."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from integrations.models import Merchant
from integrations.web.access import Visit, page
from lifecycle.rules_form import RulesForm
from lifecycle.services import lists
from lifecycle.services import rules as services


@page()
def rules(request: Visit, merchant: Merchant) -> HttpResponse:
    """The rules; an editor changes them."""
    known = lists.of(merchant)
    form = RulesForm(services.of(merchant), known, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        services.change(merchant, **form.cleaned_data, by=request.access.actor, at=timezone.now())
        messages.success(request, "It holds for what happens from now on.")
        return redirect("subscribers_rules", merchant.public_id)
    context = {
        "form": form,
        "statuses": lists.statuses(merchant),
        "unfilled": [each for each in known if not each.is_filled],
    }
    return render(request, "web/subscribers_rules.html", context)
