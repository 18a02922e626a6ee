"""What is wrong now: orders and parcels that stand still, were not handed over, or go back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from tracking.models import Issue, Problem


@require_safe
@page()
def issues(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list, newest first; of one problem if the address names one."""
    problem = request.GET.get("problem", "")
    found = Issue.objects.for_merchant(merchant).open(at=timezone.now())
    if problem in Problem.values:
        found = found.filter(problem=problem)
    known = found.select_related("order__customer", "order__stalled_policy", "shipment")
    rows, older = paging.page_of(known.order_by("-occurred_at", "-id"), request)
    kept = {"problem": problem} if problem else {}
    context = {
        "issues": rows,
        "problem": problem,
        "problems": Problem.choices,
        "older": urlencode({**kept, **older}) if older else "",
        "is_first": paging.is_first(request),
    }
    return render(request, "web/issues.html", context)
