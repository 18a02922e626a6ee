"""A merchant's first page: what happened, what was delivered, and whether anything needs somebody."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from integrations import checklist, custom_metrics, figures, vitals
from integrations.models import Merchant
from integrations.web.access import Visit, page
from integrations.web.charts import stacked


@require_safe
@page()
def overview(request: Visit, merchant: Merchant) -> HttpResponse:
    """The overview."""
    at = timezone.now()
    seen = vitals.of(merchant, at=at)
    found = figures.of(merchant, at=at)
    names = {key: metric.name_for(merchant) for key, metric in custom_metrics.of(merchant).items()}
    context = {
        "checklist": checklist.of(merchant, at=at),
        "figures": found,
        "concerns": vitals.concerns(seen, at=at),
        "last_in_at": seen.last_in_at,
        "last_sent_at": seen.last_sent_at,
        "chart": stacked(
            [(f"{day:%a} {day.day} {day:%b}", counts) for day, counts in found.days],
            [(key, names[key], count) for key, count in found.metrics],
        ),
    }
    return render(request, "web/overview.html", context)
