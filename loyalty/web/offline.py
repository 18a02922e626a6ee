"""Codes for offline purchases, as merchants make, print and withdraw them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import segno
from django import forms
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_POST, require_safe

from integrations.models import Membership, Merchant
from integrations.web import paging
from integrations.web.access import Visit, page
from loyalty import services
from loyalty.models import OfflineBatch, UsedCode
from loyalty.models.offline_code import MOST_CODES, MOST_POINTS
from loyalty.services import offline, offline_codes, programmes
from loyalty.services.points import NOTE_LENGTH
from loyalty.web.shopper_words import LANGUAGES
from tracking.services import tracking_page

ON_A_PAGE = 24
"""Codes on a page of A4: three columns, eight rows."""

ON_A_SHEET = 10 * ON_A_PAGE
"""Codes that are shown, and printed, at once."""


class BatchForm(forms.Form):
    """New codes."""

    name = forms.CharField(
        label="Name",
        max_length=offline.NAME_LENGTH,
        help_text="What they come with. It is kept with the points and sent along.",
    )
    points = forms.IntegerField(label="Points of each code", min_value=1, max_value=MOST_POINTS)
    size = forms.IntegerField(label="How many codes", min_value=1, max_value=MOST_CODES)
    last_day = forms.DateField(
        label="Last day on which they work",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: they work without end.",
    )
    note = forms.CharField(label="Note", required=False, max_length=NOTE_LENGTH, help_text="For you alone.")


@page()
def batches(request: Visit, merchant: Merchant) -> HttpResponse:
    """The batches, the newest first; an editor makes another."""
    form = BatchForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        made = _make(request, merchant, form)
        if made is not None:
            return redirect("offline_batch", merchant.public_id, made.pk)
    rows, older = paging.page_of(_batches(merchant).order_by("-created_at", "-pk"), request, by="created_at")
    at = timezone.now()
    context = {
        "form": form,
        "programme": programmes.in_force(merchant, at),
        "batches": [(each, _state(each)) for each in rows],
        "older": urlencode(older),
        "is_first": paging.is_first(request),
    }
    return render(request, "web/offline_batches.html", context)


@require_safe
@page()
def batch(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One batch, and who used its codes."""
    found = _batch(merchant, pk)
    used = UsedCode.objects.for_merchant(merchant).filter(batch=found).select_related("entry__member__customer")
    rows, older = paging.page_of(used.order_by("-used_at", "-pk"), request, by="used_at")
    context = {
        "batch": found,
        "state": _state(found),
        "given": found.used * found.points,
        "uses": rows,
        "older": urlencode(older),
        "is_first": paging.is_first(request),
    }
    return render(request, "web/offline_batch.html", context)


@require_safe
@page(Membership.Role.EDITOR)
def sheet(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Codes to be printed. Whoever sees them can use them: they are for editors."""
    found = get_object_or_404(_batches(merchant), pk=pk, withdrawn_at=None)
    shown = tracking_page.of(merchant)
    words = LANGUAGES[shown.language]
    starts = range(1, found.size + 1, ON_A_SHEET)
    first = next((each for each in starts if str(each) == request.GET.get("from")), 1)
    made = [
        {"spelled": offline_codes.spelled(code), "square": _square(code), "number": number}
        for number, code in offline.codes_of(found, first, ON_A_SHEET)
    ]
    site = settings.PUBLIC_BASE_URL.partition("://")[2] + reverse("type_offline_code").rstrip("/")
    context = {
        "batch": found,
        "language": shown.language,
        "points": words.points(found.points),
        "scan": words.scan.format(site=site),
        "until": words.until_short.format(day=words.day(found.last_day)) if found.last_day else "",
        "pages": [made[start : start + ON_A_PAGE] for start in range(0, len(made), ON_A_PAGE)],
        "parts": [(start, min(start + ON_A_SHEET - 1, found.size)) for start in starts],
        "first": first,
    }
    return render(request, "web/offline_sheet.html", context)


@require_safe
@page(Membership.Role.EDITOR)
def addresses(request: Visit, merchant: Merchant, pk: int) -> StreamingHttpResponse:
    """All codes as a table, for a printer's shop that makes the squares itself."""
    found = get_object_or_404(_batches(merchant), pk=pk, withdrawn_at=None)
    headers = {"Content-Disposition": f'attachment; filename="codes-{found.pk}.csv"', "Cache-Control": "no-store"}
    return StreamingHttpResponse(_table(found), content_type="text/csv; charset=utf-8", headers=headers)


@require_POST
@page(Membership.Role.EDITOR)
def withdraw(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """No code of the batch works any more that was not used."""
    services.withdraw_offline_batch(_batch(merchant, pk), by=request.access.actor, at=timezone.now())
    messages.success(request, "The codes are withdrawn. Points that were given stay.")
    return redirect("offline_batch", merchant.public_id, pk)


def _batches(merchant: Merchant) -> QuerySet[OfflineBatch]:
    found: QuerySet[OfflineBatch] = OfflineBatch.objects.for_merchant(merchant).select_related("merchant", "created_by")
    return found


def _batch(merchant: Merchant, pk: int) -> OfflineBatch:
    return get_object_or_404(_batches(merchant), pk=pk)


def _make(request: Visit, merchant: Merchant, form: BatchForm) -> OfflineBatch | None:
    """None where it was not made; why not is noted in the form."""
    try:
        return services.make_offline_batch(merchant, by=request.access.actor, at=timezone.now(), **form.cleaned_data)
    except ValidationError as error:
        form.add_error(None, error)
        return None


def _state(batch: OfflineBatch) -> dict[str, Any]:
    """For people: the word, and its colour."""
    state = batch.state(timezone.now())
    tones = {batch.State.OPEN: "good", batch.State.ENDED: "", batch.State.WITHDRAWN: "bad"}
    return {"word": state.label, "tone": tones[state], "is_open": state == batch.State.OPEN}


def _square(code: str) -> SafeString:
    """The QR code of the code's address: of version 4 (33 by 33) for an address of up to 62 characters, with a margin of 4."""
    made = segno.make(offline_codes.address(code), error="m", micro=False)
    # Nothing in it but numbers.
    return mark_safe(made.svg_inline(omitsize=True, border=4, svgclass=None, lineclass=None))  # noqa: S308


def _table(batch: OfflineBatch) -> Iterator[str]:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(("number", "code", "address"))
    for number, code in offline.codes_of(batch, 1, batch.size):
        writer.writerow((number, offline_codes.spelled(code), offline_codes.address(code)))
        yield text.getvalue()
        text.seek(0)
        text.truncate()
