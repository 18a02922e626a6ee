"""The form of a merchant's rules for subscribers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from lifecycle.models import LifecycleRules, StatusList
from lifecycle.models.plan import WORD_LENGTH

MOST_LISTS = 50
_LINE = re.compile(r"(?P<status>[^=]+)=\s*(?P<list_id>[A-Za-z0-9]{1,40})")


class RulesForm(forms.Form):
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
        super().__init__(data, initial={"suppresses": rules.suppresses, "status_lists": lines})

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
