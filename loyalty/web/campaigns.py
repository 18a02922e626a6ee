"""One-time campaigns: the list, drafting one, what it would do, and how far it is."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations.models import Merchant
from integrations.web import paging
from integrations.web.access import Role, Visit, page
from loyalty import campaign_preview, services
from loyalty.campaign_form import CampaignForm
from loyalty.models import Campaign, CampaignRecipient
from loyalty.services import audiences, programmes
from loyalty.services.audiences import LEFT_OUT, Wanted
from loyalty.services.campaigns import NotNow

ACTIONS: dict[str, tuple[Any, str]] = {
    "start": (services.start_campaign, "It has begun."),
    "cancel": (services.cancel_campaign, "It is cancelled. What was given stays given."),
    "resume": (services.resume_campaign, "It goes on."),
    "discard": (services.discard_campaign, "The draft is discarded."),
}
"""What can be done with a campaign -> what does it, and what is said then."""


@require_safe
@page()
def campaigns(request: Visit, merchant: Merchant) -> HttpResponse:
    """All of them, the newest first."""
    found = Campaign.objects.for_merchant(merchant).select_related("reward").order_by("-pk")
    rows, older = paging.page_by_key(found, request)
    is_first = not request.GET.get("id")
    context = {"campaigns": rows, "older": older, "is_first": is_first, "programme": programmes.newest(merchant)}
    return render(request, "web/loyalty_campaigns.html", context)


@page(Role.EDITOR)
def new_campaign(request: Visit, merchant: Merchant) -> HttpResponse:
    """The form; what it makes is a draft, whose page shows what it would do."""
    is_sent = request.method == "POST"
    form = CampaignForm(merchant, request.POST if is_sent else None, request.FILES if is_sent else None)
    if form.is_valid():
        try:
            made = services.draft_campaign(merchant, by=request.access.actor, at=timezone.now(), **form.values)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            return redirect("loyalty_campaign", merchant.public_id, made.pk)
    return render(request, "web/loyalty_campaign_new.html", {"form": form})


@require_safe
@page()
def campaign(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """One of them: as a draft what it would do, then how far it is and what became of whom."""
    found = Campaign.objects.for_merchant(merchant).select_related("reward", "created_by", "started_by")
    row = get_object_or_404(found, pk=pk)
    row.merchant = merchant
    context: dict[str, Any] = {"campaign": row, "wanted": _described(merchant, row)}
    if row.state != Campaign.State.DRAFT:
        context |= _what_became(merchant, row)
    if getattr(request, "htmx", False):
        return render(request, "web/loyalty_campaign_progress.html", context)
    if row.state == Campaign.State.DRAFT:
        context["preview"] = campaign_preview.of(row, at=timezone.now())
    else:
        recipients = CampaignRecipient.objects.for_merchant(merchant).filter(campaign=row)
        if is_passed := request.GET.get("show") == "passed":
            recipients = recipients.exclude(reason="")
        newest_first = recipients.select_related("member__customer").order_by("-member")
        rows, older = paging.page_by_key(newest_first, request, by="member_id")
        context |= {"recipients": rows, "older": older, "is_passed": is_passed}
    context["left_out"] = [(LEFT_OUT[why], each) for why, each in row.left_out.items()]
    return render(request, "web/loyalty_campaign.html", context)


@require_POST
@page(Role.EDITOR)
def act(request: Visit, merchant: Merchant, pk: int, action: str) -> HttpResponse:
    """Start, cancel, resume or discard one."""
    do, said = ACTIONS[action]
    try:
        do(merchant, pk, by=request.access.actor, at=timezone.now())
    except Campaign.DoesNotExist:
        raise Http404 from None
    except NotNow as error:
        messages.warning(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, said)
        if action == "discard":
            return redirect("loyalty_campaigns", merchant.public_id)
    return redirect("loyalty_campaign", merchant.public_id, pk)


def _described(merchant: Merchant, row: Campaign) -> list[str]:
    if row.audience == Campaign.Audience.FILE:
        return []
    return audiences.described(merchant, Wanted.read(row.wanted)) or ["all members"]


def _what_became(merchant: Merchant, row: Campaign) -> dict[str, Any]:
    """Why recipients were passed over, and how many; and whether there are some to go on with.

    Who turned out to be another recipient has no row any more.
    """
    passed = CampaignRecipient.objects.for_merchant(merchant).filter(campaign=row).exclude(reason="")
    counts = dict(passed.order_by().values_list("reason").annotate(Count("pk")))
    reasons = [(CampaignRecipient.Reason(reason).label, count) for reason, count in sorted(counts.items())]
    merged = row.passed_over - sum(counts.values())
    if merged > 0:
        reasons.append(("It turned out to be another recipient", merged))
    is_over = row.state != Campaign.State.RUNNING
    return {"reasons": reasons, "may_resume": is_over and (row.left or CampaignRecipient.Reason.NO_CODE in counts)}
