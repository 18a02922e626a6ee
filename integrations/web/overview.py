"""A merchant's first page: what happened, what was delivered, and whether anything needs somebody."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from integrations.models import Merchant
from integrations.web.access import Visit, page


@page()
def overview(request: Visit, merchant: Merchant) -> HttpResponse:
    """The overview."""
    return render(request, "web/overview.html")
