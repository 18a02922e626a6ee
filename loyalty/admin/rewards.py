"""The rewards that merchants offer, and their codes. A reward is retired rather than changed: members have it as it was."""

from __future__ import annotations

import uuid
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone

from integrations.admin import show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome
from integrations.admin.fields import dress
from integrations.admin.forms import FormPages, actor, button, said
from integrations.admin.site import Clock, MerchantFilter
from integrations.admin.theme import ChoicesDropdownFilter, display
from integrations.audit import Actor
from integrations.models import Merchant
from loyalty import services, stock
from loyalty.models import Reward
from loyalty.reward_form import CodesForm, RewardForm


def retire(chosen: QuerySet[Reward], at: datetime, *, by: Actor, choices: Collection[str]) -> Outcome:
    """Give it to nobody any more."""
    try:
        for row in chosen.select_related("merchant"):
            services.retire_reward(row, by=by, at=at)
    except ValidationError as error:
        return Outcome(" ".join(error.messages), is_good=False)
    return Outcome("Nobody gets the reward any more. Whoever has it keeps it.")


@admin.register(Reward)
class RewardAdmin(DeedsMixin, FormPages):
    """One reward."""

    deeds = (
        Deed(
            "retire",
            "Retire",
            "block",
            "loyalty.change_reward",
            retire,
            tone="danger",
            hint="Nobody gets it any more.",
            confirm="Nobody gets it any more; whoever has it keeps it. It cannot be offered again.",
        ),
    )
    since = show.since("created_at", "Offered")
    when_offered = show.moment("created_at", "Offered")
    when_retired = show.moment("retired_at", "Retired")
    clock = Clock(Reward, "created_at")
    list_display = ("merchant", "name", "kind", "points_cost", "codes", "since", "state")
    list_filter = (("merchant", MerchantFilter), ("kind", ChoicesDropdownFilter))
    fieldsets = (
        (None, {"fields": ("about_merchant", "name", "kind", "state", "when_offered", "when_retired")}),
        ("What it is", {"fields": ("points_cost", "valid_days", "discount", "discount_unit", "product_id")}),
        ("Codes", {"fields": ("codes", "code_pattern", "left", "give_codes")}),
    )
    readonly_fields = ("about_merchant", "state", "when_offered", "when_retired", "left", "give_codes")

    @display(description="State")
    def state(self, row: Reward) -> Any:
        """In its colour."""
        return show.chip("Retired", "plain") if row.retired_at else show.chip("Offered", "good")

    @display(description="Codes that are left")
    def left(self, row: Reward) -> str:
        """Of a list that was given."""
        left = stock.codes_left(row)
        return show.NOTHING if left is None else f"{left:,}"

    @display(description="More")
    def give_codes(self, row: Reward) -> Any:
        """A link to the form."""
        if row.codes != Reward.Codes.POOL:
            return show.NOTHING
        return button("Add codes", "loyalty_reward_codes", row.pk)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A merchant may offer another reward."""
        return self.has_perm(request, "add")

    def get_urls(self) -> list[URLPattern]:
        """An address for the form of codes."""
        view = self.admin_site.admin_view(self.codes_view)
        return [path("<int:pk>/codes/", view, name="loyalty_reward_codes"), *super().get_urls()]

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Ask for the merchant, then for the reward."""
        self.allow(request, "add")
        merchant = self.merchant_of(request)
        if merchant is None:
            return self.choose(request, "A reward")
        given = request.POST if request.method == "POST" else None
        form = RewardForm(merchant.currency, given, initial={"once": uuid.uuid4()})
        dress(form)
        made = _offer(request, merchant, form) if form.is_valid() else None
        if made is not None:
            said(request, f"{made} is offered from now on.")
            return self._to(made)
        hint = f"Amounts are in {merchant.currency}. What is offered is not changed later: it is retired."
        return self.ask(request, "A reward", form, heading=merchant.name, hint=hint, button="Offer the reward")

    def codes_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Put codes into a reward's list."""
        self.allow(request, "change")
        reward: Reward = self.row_of(pk)
        is_sent = request.method == "POST"
        form = CodesForm(request.POST if is_sent else None, request.FILES if is_sent else None)
        dress(form)
        if form.is_valid():
            try:
                added = services.add_codes(reward, form.cleaned_data["lines"], by=actor(request), at=timezone.now())
            except ValidationError as error:
                form.add_error(None, error)
            else:
                said(request, f"{added:,} codes were added.")
                return self._to(reward)
        hint = "A code goes to one member, and to no other ever after."
        return self.ask(request, "Codes", form, heading=str(reward), hint=hint, button="Add the codes")

    def _to(self, reward: Reward) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:loyalty_reward_change", args=[reward.pk]))


def _offer(request: HttpRequest, merchant: Merchant, form: RewardForm) -> Reward | None:
    """The reward; None where the reason why there is none is noted in the form."""
    try:
        return services.offer_reward(merchant, by=actor(request), at=timezone.now(), **form.values)
    except ValidationError as error:
        form.add_error(None, error)
        return None
