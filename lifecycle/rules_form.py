"""The forms of a merchant's rules for subscribers: a part of them on each of the merchant's pages, all of them in the admin."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from lifecycle.models import LifecycleRules, StatusList, ToldBy
from lifecycle.models.plan import WORD_LENGTH
from lifecycle.models.rules import MOST_HOURS

MOST_LISTS = 50
_LINE = re.compile(r"(?P<status>[^=]+)=\s*(?P<list_id>[A-Za-z0-9]{1,40})")


class SomeRules(forms.Form):
    """Rules as they hold now. What is no column of them is given beside."""

    def __init__(self, rules: LifecycleRules, data: Any = None, **beside: Any) -> None:
        held = {name: getattr(rules, name) for name in self.base_fields if hasattr(rules, name)}
        super().__init__(data, initial=held | beside)


class HoursForm(SomeRules):
    """From when on a sign-up counts as missed."""

    missed_signup_hours = forms.IntegerField(
        label="Hours until a sign-up counts as missed",
        min_value=1,
        max_value=MOST_HOURS,
        help_text=f"From when it was begun, 1 to {MOST_HOURS}.",
    )


class PagesForm(SomeRules):
    """Which copies are told, and whom pages may name."""

    checkout_told_by = forms.ChoiceField(
        label="Of “Started Checkout” (page) and “started.signup” (log)", choices=ToldBy.choices
    )
    cancelling_told_by = forms.ChoiceField(
        label="Of “Cancelled Account” (page) and “cancelled” (log)", choices=ToldBy.choices
    )
    signed_identities_only = forms.BooleanField(
        label="Take signed identities only",
        required=False,
        help_text="It holds once there is a secret. A call without a signature is then refused, and nothing of it is kept.",
    )


class RulesForm(SomeRules):
    """What is done with subscribers, and which lists they are on."""

    suppresses = forms.BooleanField(
        label="Suppress who is dead or not subscribed",
        required=False,
        help_text="Whoever has the status Dead, or is not subscribed to e-mail, is suppressed in Klaviyo before any event of "
        "theirs is sent. Nobody is taken out of suppression again.",
    )
    status_lists = forms.CharField(
        label="Lists by status",
        required=False,
        max_length=MOST_LISTS * (WORD_LENGTH + 45),
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
        help_text="A line for each: a status, =, and the id of the Klaviyo list that whoever has it is on, as in the list's "
        "address in Klaviyo: Active = Y6nRLr. With the status they leave the list.",
    )

    def __init__(self, rules: LifecycleRules, lists: Sequence[StatusList], data: Any = None) -> None:
        lines = "\n".join(f"{each.status} = {each.list_id}" for each in lists)
        super().__init__(rules, data, status_lists=lines)

    def clean_status_lists(self) -> dict[str, str]:
        """Status -> id of its list; each status once."""
        found: dict[str, str] = {}
        for number, line in self._lines():
            match = _LINE.fullmatch(line)
            status = " ".join(match["status"].split()) if match else ""
            if match is None or not status:
                raise ValidationError(
                    f"Line {number} is not of the form “Active = Y6nRLr”: an id has letters and digits only."
                )
            if len(status) > WORD_LENGTH:
                raise ValidationError(f"Line {number}: a status has at most {WORD_LENGTH} characters.")
            if status.casefold() in (each.casefold() for each in found):
                raise ValidationError(f"Line {number}: {status} has a list already. Each status has one list.")
            found[status] = match["list_id"]
        if len(found) > MOST_LISTS:
            raise ValidationError(f"At most {MOST_LISTS} statuses may have a list.")
        return found

    def _lines(self) -> Iterator[tuple[int, str]]:
        lines = self.cleaned_data["status_lists"].splitlines()
        return ((number, line.strip()) for number, line in enumerate(lines, 1) if line.strip())


class WholeForm(RulesForm, HoursForm, PagesForm):
    """All rules at once. `based_on` is known again from what the page showed."""

    based_on = forms.CharField(widget=forms.HiddenInput())
    field_order = ("suppresses", "status_lists", "missed_signup_hours", "checkout_told_by", "cancelling_told_by")

    def __init__(self, rules: LifecycleRules, lists: Sequence[StatusList], data: Any = None) -> None:
        super().__init__(rules, lists, data)
        self.initial["based_on"] = hashlib.sha256(repr(sorted(self.initial.items())).encode()).hexdigest()

    def clean_based_on(self) -> str:
        """Nobody else's change is taken back unseen."""
        if self.cleaned_data["based_on"] != self.initial["based_on"]:
            raise ValidationError("Somebody changed the rules meanwhile. Open the page anew to see what holds now.")
        return str(self.cleaned_data["based_on"])

    @property
    def values(self) -> dict[str, Any]:
        """What was said, for `services.rules.change`. Valid after `is_valid`."""
        return {name: value for name, value in self.cleaned_data.items() if name != "based_on"}
