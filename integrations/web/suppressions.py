"""Addresses that are not to be mailed, as a merchant sees them: the list, as a file too, and how it compares with Klaviyo."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from integrations import suppression_check, suppressions
from integrations.models import Merchant, Suppression
from integrations.web import paging
from integrations.web.access import Role, Visit, page

PAGE = 500
HEADER = ("email", "reason", "suppressed_at", "lifted_at", "seen_at", "missing_since")
STANDINGS = (
    ("", "Any"),
    (suppressions.HELD, "Suppressed by us"),
    (suppressions.MISSING, "Missing at Klaviyo"),
    (suppressions.FOUND, "Found at Klaviyo, not by us"),
    (suppressions.LIFTED, "Lifted by a new consent"),
)


class SearchForm(forms.Form):
    """What is looked for."""

    q = forms.CharField(label="E-mail, or a part of it", required=False, max_length=254)
    standing = forms.ChoiceField(choices=STANDINGS, required=False)

    def found(self, merchant: Merchant) -> QuerySet[Suppression]:
        """The suppressions that fit, newest first."""
        given = self.cleaned_data if self.is_valid() else {}
        return suppressions.find(merchant, term=given.get("q", ""), standing=given.get("standing", ""))


@require_safe
@page()
def listing(request: Visit, merchant: Merchant) -> HttpResponse:
    """The list, newest first."""
    form = SearchForm(request.GET or None)
    known = form.found(merchant).select_related("change").prefetch_related("change__deliveries")
    rows, place_of_older = paging.page_of(known, request, by="suppressed_at")
    kept = {name: value for name in form.fields if (value := str(request.GET.get(name, "")))}
    context = {
        "form": form,
        "suppressions": rows,
        "checks": list(suppression_check.of(merchant)),
        "kept": urlencode(kept),
        "older": urlencode({**kept, **place_of_older}) if place_of_older else "",
        "is_searched": bool(kept),
        "is_first": paging.is_first(request),
    }
    return render(request, "web/suppressions.html", context)


@require_safe
@page()
def export(request: Visit, merchant: Merchant) -> HttpResponseBase:
    """What fits, as a table: read while it is written, a page in memory at a time."""
    found = SearchForm(request.GET or None).found(merchant)
    return StreamingHttpResponse(
        _lines(found),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="suppressions.csv"'},
    )


@require_POST
@page(Role.EDITOR)
def compare(request: Visit, merchant: Merchant) -> HttpResponse:
    """Compare with Klaviyo now, and not only at night."""
    if suppression_check.start(merchant, at=timezone.now()):
        messages.success(request, "It is compared within a few minutes.")
    else:
        messages.warning(request, "It is being compared already, or there is nothing to compare it with.")
    return redirect("suppressions", merchant.public_id)


def _lines(found: QuerySet[Suppression]) -> Iterator[bytes]:
    yield _written([HEADER])
    last: int | None = None
    rows = found.order_by("-pk")
    while True:
        part = list((rows if last is None else rows.filter(pk__lt=last))[:PAGE])
        if part:
            yield _written([[_cell(getattr(row, name)) for name in HEADER] for row in part])
        if len(part) < PAGE:
            return
        last = part[-1].pk


def _written(lines: Any) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    """An address may begin with what a spreadsheet takes for a formula."""
    text = "" if value is None else value if isinstance(value, str) else value.isoformat()
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text
