"""The form in which somebody sets how the shoppers' pages look: what is written in its fields, and how they are read."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from tracking.models import TrackingPage
from tracking.models.page import MOST_CONSENT, MOST_DAYS, MOST_LINKS, languages
from tracking.page.words import LANGUAGES
from tracking.services import tracking_page


def _colour(label: str) -> forms.CharField:
    return forms.CharField(label=label, max_length=7, widget=forms.TextInput(attrs={"type": "color"}))


class PageForm(forms.Form):
    """The settings as people see them."""

    logo_url = forms.URLField(
        label="Logo",
        required=False,
        max_length=500,
        assume_scheme="https",
        help_text="An address that begins with https://. Empty: your name.",
    )
    accent = _colour("Accent")
    ground = _colour("Background")
    card = _colour("Cards")
    text = _colour("Text")
    message = forms.CharField(
        label="Message",
        required=False,
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="Stands above the parcels, in every language the same.",
    )
    links = forms.CharField(
        label="Links",
        required=False,
        max_length=2_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=f"One a line, at most {MOST_LINKS}: Contact us, https://shop.example/contact",
    )
    footer = forms.CharField(
        label="Small print", required=False, max_length=300, widget=forms.Textarea(attrs={"rows": 2})
    )
    days = forms.IntegerField(
        label="Days that a page stays after its order was delivered or cancelled",
        min_value=1,
        max_value=MOST_DAYS,
        widget=forms.NumberInput(attrs={"min": 1, "max": MOST_DAYS}),
    )
    language = forms.ChoiceField(
        label="Language",
        choices=languages,
        help_text="For shoppers of whom neither the order nor the browser tells it.",
    )

    by_email = forms.BooleanField(label="Sign up for updates by e-mail", required=False)
    by_sms = forms.BooleanField(
        label="Sign up for updates by SMS",
        required=False,
        help_text="Whoever signs up hears of the order's parcels from then on, as whoever ordered does.",
    )
    has_wishes = forms.BooleanField(
        label="Put products on a wish list",
        required=False,
        help_text="A button at each item; each press becomes the event Product Added to Wishlist.",
    )

    def __init__(self, page: TrackingPage, data: Any = None) -> None:
        self._page = page
        said = {name: getattr(page, name) for name in tracking_page.SETTINGS}
        said["links"] = "\n".join(f"{label}, {address}" for label, address in page.links)
        said |= {f"consent_{code}": page.consent_texts.get(code, "") for code in LANGUAGES}
        super().__init__(data, initial=said)
        for code, words in LANGUAGES.items():
            self.fields[f"consent_{code}"] = forms.CharField(
                label=f"Consent to marketing, {words.name}",
                required=False,
                max_length=MOST_CONSENT,
                widget=forms.Textarea(attrs={"rows": 4}),
            )

    @property
    def version(self) -> int:
        """How often those texts were changed."""
        return self._page.consent_version

    @property
    def consents(self) -> list[forms.BoundField]:
        """What stands beside the box in each language."""
        return [self[f"consent_{code}"] for code in LANGUAGES]

    def clean_links(self) -> list[list[str]]:
        """[[label, address], …]; the last comma of a line parts them."""
        lines = [line.strip() for line in str(self.cleaned_data["links"]).splitlines() if line.strip()]
        return [_link(line) for line in lines]

    def clean(self) -> dict[str, Any]:
        """Settings that a page may have."""
        given = super().clean() or {}
        texts = {code: str(given.pop(f"consent_{code}", "")).strip() for code in LANGUAGES}
        given["consent_texts"] = {code: text for code, text in texts.items() if text}
        self.cleaned_data = given
        if not self.errors:
            try:
                self.drafted().full_clean(exclude=["merchant"], validate_unique=False, validate_constraints=False)
            except ValidationError as error:
                self.add_error(None, error)
        return given

    def drafted(self) -> TrackingPage:
        """The page as the form has it; it is not saved."""
        version = self._page.consent_version
        return TrackingPage(merchant=self._page.merchant, consent_version=version, **self.cleaned_data)


def _link(line: str) -> list[str]:
    label, comma, address = line.rpartition(",")
    if not comma:
        raise ValidationError(f"“{line}” is not a label, a comma and an address.")
    return [label.strip(), address.strip()]
