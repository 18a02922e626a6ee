"""The rewards that a merchant offers, their codes, and who got which."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Role, Visit, page
from loyalty import by_hand, services, stock
from loyalty.models import IssuedReward, Reward
from loyalty.reward_form import CodesForm, RewardForm


@require_safe
@page()
def rewards(request: Visit, merchant: Merchant) -> HttpResponse:
    """What is offered and was, the newest first, how often each was given, and whose codes run low."""
    found = Reward.objects.for_merchant(merchant).order_by("-created_at", "-pk")
    rows, older = paging.page_of(found, request, by="created_at")
    context = {
        "rewards": stock.of(merchant, rows) if rows else [],
        "low": stock.running_low(merchant),
        "older": urlencode(older),
        "is_first": paging.is_first(request),
    }
    return render(request, "web/loyalty_rewards.html", context)


@page()
def new(request: Visit, merchant: Merchant) -> HttpResponse:
    """All that is said of a reward; an editor offers another one."""
    given = request.POST if request.method == "POST" else None
    form = RewardForm(merchant.currency, given, initial={"once": uuid.uuid4()})
    if form.is_valid() and request.access.may_edit:
        try:
            made = services.offer_reward(merchant, by=request.access.actor, at=timezone.now(), **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, f"{made.name} is offered.")
            return redirect("loyalty_reward", merchant.public_id, made.pk)
    return render(request, "web/loyalty_reward_new.html", {"form": form})


@page()
def reward(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One reward, and who got it; an editor adds codes to its list."""
    row = _reward(merchant, pk)
    is_sent = request.method == "POST"
    form = CodesForm(request.POST if is_sent else None, request.FILES if is_sent else None)
    if is_sent and request.access.may_edit and form.is_valid() and _add_codes(request, row, form):
        return redirect("loyalty_reward", merchant.public_id, pk)
    issued = IssuedReward.objects.for_merchant(merchant).filter(reward=row).order_by("-issued_at", "-pk")
    rows, older = paging.page_of(issued.select_related("code", "member__customer"), request, by="issued_at")
    context = {
        "reward": row,
        "stock": stock.of(merchant, [row])[0],
        "issued": rows,
        "older": urlencode(older),
        "is_first": paging.is_first(request),
        "form": form if row.codes == Reward.Codes.POOL and row.retired_at is None else None,
    }
    return render(request, "web/loyalty_reward.html", context)


@require_POST
@page(Role.EDITOR)
def retire(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Give it to nobody any more."""
    row = _reward(merchant, pk)
    try:
        services.retire_reward(row, by=request.access.actor, at=timezone.now())
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, f"{row.name} is retired. Who has it keeps it.")
    return redirect("loyalty_reward", merchant.public_id, pk)


@require_POST
@page(Role.EDITOR)
def end(request: Visit, merchant: Merchant, pk: int, is_used: bool) -> HttpResponse:
    """A member used what they got, or it is taken back; then to the page on which that was said."""
    mine = IssuedReward.objects.for_merchant(merchant)
    try:
        ended = by_hand.end_reward(merchant, pk, is_used=is_used, by=request.access.actor, at=timezone.now())
    except services.NoReward:
        raise Http404 from None
    except services.Ended as error:
        messages.error(request, f"{str(error).capitalize()}.")
        ended = mine.select_related("member").get(pk=pk)
    else:
        messages.success(request, _said(ended, is_used=is_used))
    if request.POST.get("back") == "reward":
        return redirect("loyalty_reward", merchant.public_id, ended.reward_id)
    return redirect("loyalty_member", merchant.public_id, ended.member.customer_id)


def _said(ended: IssuedReward, *, is_used: bool) -> str:
    if is_used:
        return f"{ended.reward.name} is marked as used."
    if not ended.points_spent:
        return f"{ended.reward.name} is deactivated."
    back = f"{ended.points_spent:,} points are back"
    return f"{ended.reward.name} is deactivated: {back}, the balance is {ended.member.balance:,} now."


def _add_codes(request: Visit, row: Reward, form: CodesForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    lines: Any = form.cleaned_data["lines"]
    try:
        added = services.add_codes(row, lines, by=request.access.actor, at=timezone.now())
    except ValidationError as error:
        form.add_error(None, error)
        return False
    said = f"{added:,} code{' was' if added == 1 else 's were'} added"
    known = len(lines) - added
    messages.success(
        request, f"{said}; {known:,} {'was' if known == 1 else 'were'} known already." if known else f"{said}."
    )
    return True


def _reward(merchant: Merchant, pk: int) -> Reward:
    return get_object_or_404(Reward.objects.for_merchant(merchant).select_related("merchant"), pk=pk)
