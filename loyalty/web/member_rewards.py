"""The rewards of one member, and another one given by hand."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.web.access import Visit
from loyalty import by_hand, services
from loyalty.ledger import NotEnough
from loyalty.models import IssuedReward, Member, Reward

NEWEST = 50
"""Rewards of a member on the page."""


class RewardField(forms.ModelChoiceField[Reward]):
    """A reward with what it costs."""

    def label_from_instance(self, reward: Any) -> str:
        """Its name, and the points."""
        cost = "a present only" if reward.points_cost is None else f"{reward.points_cost:,} points"
        return f"{reward.name} ({cost})"


class GiveForm(forms.Form):
    """A reward for a member. `once` tells this form from others: sent twice, it counts once."""

    once = forms.UUIDField(widget=forms.HiddenInput())
    reward = RewardField(None, empty_label="Choose")
    for_points = forms.TypedChoiceField(
        label="How",
        choices=[("yes", "For the points that it costs"), ("no", "As a present")],
        coerce=lambda word: word == "yes",
    )


def form(member: Member, given: Any) -> GiveForm:
    """The form, empty or as it was sent."""
    made = GiveForm(given, initial={"once": uuid.uuid4()}, auto_id="give_%s")
    field: Any = made.fields["reward"]
    offered = Reward.objects.for_merchant(member.merchant_id).filter(retired_at=None)
    field.queryset = offered.order_by("name", "pk")
    return made


def newest(member: Member) -> list[IssuedReward]:
    """What the member got last."""
    mine = IssuedReward.objects.for_merchant(member.merchant_id).filter(member=member)
    return list(mine.select_related("reward", "code").order_by("-pk")[:NEWEST])


def act(request: Visit, member: Member, form: GiveForm) -> bool:
    """Whether it was done; why not is noted in the form."""
    given = form.cleaned_data
    try:
        issued = by_hand.give_reward(
            member,
            given["reward"],
            for_points=given["for_points"],
            cause=f"manual:{given['once']}",
            by=request.access.actor,
            at=timezone.now(),
        )
    except ValidationError as error:
        form.add_error(None, error)
        return False
    except (NotEnough, services.NotToBeHad) as error:
        form.add_error("reward", f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return False
    code = f" The code is {issued.told_code}." if issued.code else ""
    messages.success(request, f"{issued.reward.name} is given.{code}")
    return True
