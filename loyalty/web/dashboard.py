"""How the programme fares."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations.models import Merchant
from integrations.web.access import Visit, page
from integrations.web.charts import stacked
from loyalty import dashboard as figures
from loyalty.services import programmes


@require_safe
@page()
def dashboard(request: Visit, merchant: Merchant) -> HttpResponse:
    """Points of the last days, and what is outstanding."""
    at = timezone.now()
    found = figures.of(merchant, at=at)
    days = [(f"{day.date:%a} {day.date.day} {day.date:%b}", day) for day in found.days]
    parts = [(what, label, found.total(what)) for what, label in figures.LABELS.items()]
    context = {
        "programme": programmes.newest(merchant),
        "figures": found,
        "moved": stacked([(label, day.points) for label, day in days], parts),
        "outstanding": stacked(
            [(label, {"": max(day.outstanding, 0)}) for label, day in days],
            [("", "Outstanding", max(found.outstanding, 0))],
        ),
    }
    return render(request, "web/loyalty.html", context)
