"""Subscribers: what each has with the merchant, as the merchant's own system tells it."""

from __future__ import annotations

from django import forms
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from integrations import search
from integrations.models import Customer, Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from lifecycle.models import Plan


class FindForm(forms.Form):
    """Who is looked for."""

    q = forms.CharField(label="E-mail or phone (+49…)", required=False, max_length=254)

    def found(self, merchant: Merchant) -> QuerySet[Plan]:
        """The plans that fit, those that became known last first. Who was erased is nobody."""
        term = self.cleaned_data["q"].strip() if self.is_valid() else ""
        rows = Plan.objects.for_merchant(merchant).exclude(customer__status=Customer.Status.ERASED)
        if term:
            rows = rows.filter(customer__in=search.customers(merchant, term))
        return rows.select_related("customer").order_by("-pk")


@require_safe
@page()
def subscribers(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list."""
    form = FindForm(request.GET or None)
    rows, older = paging.page_by_key(form.found(merchant), request)
    term = str(request.GET.get("q", ""))
    kept = f"{urlencode({'q': term})}&" if term else ""
    context = {
        "form": form,
        "rows": rows,
        "older": f"{kept}{older}" if older else "",
        "is_first": not request.GET.get("id"),
        "is_searched": bool(term),
    }
    return render(request, "web/subscribers.html", context)
