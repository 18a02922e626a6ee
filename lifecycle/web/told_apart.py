"""Lists of subscribers of whom a ruleset is true: those who began to sign up and did not complete it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode

from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from lifecycle import told_apart
from lifecycle.rules_form import HoursForm
from lifecycle.rulesets import RULESETS
from lifecycle.services import rules as services
from lifecycle.services import told

CSV = "csv"


@page()
def page_of(request: Visit, merchant: Merchant, key: str) -> HttpResponseBase:
    """The list, or all of it as CSV; an editor changes the hours."""
    ruleset, at = next(each for each in RULESETS if each.key == key), timezone.now()
    if request.GET.get("as") == CSV:
        return StreamingHttpResponse(
            told_apart.as_csv(merchant, ruleset, at=at),
            content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{key}.csv"', "Cache-Control": "no-store"},
        )
    rules = services.of(merchant)
    form = HoursForm(rules, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        services.change(merchant, by=request.access.actor, at=at, **form.cleaned_data)
        messages.success(request, "The list follows the new hours at once.")
        return redirect(request.path)
    rows, older = paging.page_of(told_apart.plans_of(merchant, ruleset, at=at), request, by=ruleset.since)
    context = {
        "ruleset": ruleset,
        "rulesets": RULESETS,
        "rows": [(plan, getattr(plan, ruleset.since)) for plan in rows],
        "older": urlencode(older) if older else "",
        "is_first": paging.is_first(request),
        "form": form,
        "csv": CSV,
        "waits_for_past": told.waits_for_past(merchant),
    }
    return render(request, "web/subscribers_told_apart.html", context)
