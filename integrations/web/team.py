"""The people of a merchant, and what anybody changed."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from integrations import invitations
from integrations.invitations import LastOwner
from integrations.models import AuditEntry, Invitation, Membership, Merchant
from integrations.web.access import Role, Visit, page

NEWEST = 200
"""Entries of the audit trail on its page."""


class InvitationForm(forms.Form):
    """Who is invited."""

    email = forms.EmailField(label="E-mail", max_length=254)
    role = forms.ChoiceField(
        choices=Role.choices,
        initial=Role.VIEWER,
        help_text="A viewer looks; an editor changes settings and sends again; an owner also decides on people and keys.",
    )


@page()
def team(request: Visit, merchant: Merchant) -> HttpResponse:
    """Who belongs to the merchant; an owner invites."""
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and request.access.may_own and form.is_valid():
        email, role = form.cleaned_data["email"], form.cleaned_data["role"]
        invitations.invite(merchant, email, role, by=request.access.actor, at=timezone.now())
        messages.success(request, f"{email} was invited by e-mail.")
        return redirect("team", merchant.public_id)
    invited = Invitation.objects.for_merchant(merchant).filter(accepted_at=None).order_by("email")
    people = Membership.objects.for_merchant(merchant).select_related("user").order_by("user__email", "pk")
    context = {"form": form, "people": people, "invited": invited, "roles": Role.choices, "now": timezone.now()}
    return render(request, "web/team.html", context)


@require_POST
@page(Role.OWNER)
def role(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Give somebody another role, or take the place away."""
    wanted = request.POST.get("role", "")
    if wanted not in ("", *Role.values):
        raise Http404
    try:
        invitations.change_role(merchant, pk, wanted, by=request.access.actor, at=timezone.now())
    except Membership.DoesNotExist:
        raise Http404 from None
    except LastOwner as error:
        messages.error(request, str(error))
    return redirect("team", merchant.public_id)


@require_POST
@page(Role.OWNER)
def withdraw(request: Visit, merchant: Merchant, pk: int) -> HttpResponse:
    """Void an invitation."""
    invitations.withdraw(merchant, pk, by=request.access.actor, at=timezone.now())
    return redirect("team", merchant.public_id)


@require_safe
@page()
def trail(request: Visit, merchant: Merchant) -> HttpResponse:
    """What was changed, by whom, the newest first."""
    entries = AuditEntry.objects.for_merchant(merchant).order_by("-at", "-id")[:NEWEST]
    return render(request, "web/trail.html", {"entries": entries})
