"""The shoppers' pages as a merchant sets them: the form with its preview, and the page of a single order."""

from __future__ import annotations

from csp.decorators import csp_update
from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from integrations.models import Membership, Merchant
from integrations.web.access import Visit, page
from tracking.page import drawing, links, offers, sample, showing
from tracking.page.words import choose
from tracking.page_form import PageForm
from tracking.services import tracking_page


class OrderForm(forms.Form):
    """Whose page is meant."""

    number = forms.CharField(label="Order number", max_length=60, widget=forms.TextInput())


# The preview is a page of ours in a frame, because it has the merchant's own colours and so a policy of its own.
@csp_update({"frame-src": ["'self'"]})
@page()
def settings(request: Visit, merchant: Merchant) -> HttpResponse:
    """The settings; an editor saves them."""
    current = tracking_page.of(merchant)
    form = PageForm(current, request.POST if request.method == "POST" else None)
    if request.method == "POST" and request.access.may_edit and form.is_valid():
        tracking_page.change(merchant, by=request.access.actor, at=timezone.now(), **form.cleaned_data)
        messages.success(request, "The pages of all your shoppers look like this now.")
        return redirect("tracking_page", merchant.public_id)
    number = request.GET.get("order", "")
    order = tracking_page.find_order(merchant, number) if number else None
    context = {
        "form": form,
        "order_form": OrderForm(initial={"number": number}),
        "number": number,
        "order": order,
        "address": links.address(order.page_token) if order else "",
    }
    return render(request, "web/tracking_page.html", context)


@page()
def preview(request: Visit, merchant: Merchant) -> HttpResponse:
    """An order that never was: as the form has it that was sent, else as the settings are. Nothing is saved."""
    current = tracking_page.of(merchant)
    form = PageForm(current, request.POST if request.method == "POST" else None)
    if form.is_bound and not form.is_valid():
        text = " ".join(str(error) for errors in form.errors.values() for error in errors)
        return drawing.framed_notice("This cannot be shown", text)
    drafted = form.drafted() if form.is_bound else current
    at = timezone.now()
    language = choose(request.GET.get("lang", ""), otherwise=drafted.language)
    shown = showing.show(sample.followed(drafted, at=at), language, at=at)
    return drawing.preview(shown, drafted, offers.offer(drafted, language))


@require_POST
@page(Membership.Role.EDITOR)
def order(request: Visit, merchant: Merchant) -> HttpResponse:
    """Take the page of one order back, or give it a new address."""
    form = OrderForm(request.POST)
    found = tracking_page.find_order(merchant, form.cleaned_data["number"]) if form.is_valid() else None
    if found is None:
        messages.error(request, "There is no such order.")
        return redirect("tracking_page", merchant.public_id)
    found.merchant = merchant
    act = tracking_page.take_back if request.POST.get("act") == "take_back" else tracking_page.renew
    act(found, by=request.access.actor, at=timezone.now())
    return redirect(reverse("tracking_page", args=[merchant.public_id], query={"order": found.number}))
