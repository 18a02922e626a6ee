"""How a merchant's tracking pages look, and how long they stay."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator, URLValidator
from django.db import models

from integrations.tenancy import MerchantOwned
from tracking.page import colours
from tracking.page.words import LANGUAGES

MOST_LINKS = 5
MOST_CONSENT = 2_000
"""Characters of a text beside the box: what is read on a phone, and what a page has room for."""

DEFAULT_DAYS, MOST_DAYS = 90, 730
_COLOUR = re.compile(r"^#[0-9a-f]{6}\Z")
_is_https = URLValidator(schemes=["https"])


def languages() -> list[tuple[str, str]]:
    """The languages of the pages, each with its own name."""
    return [(code, words.name) for code, words in LANGUAGES.items()]


def _colour(label: str, default: str) -> models.CharField[str, str]:
    validator = RegexValidator(_COLOUR.pattern, "A colour such as #0b6b5d.")
    return models.CharField(label, max_length=7, default=default, validators=[validator])


class TrackingPage(MerchantOwned):
    """A merchant's settings of the pages on which shoppers follow their orders; one who has no row has the defaults.

    `links` is [[label, https address], …]. `days` is how long a page stays after the order's end. `language` is spoken to
    whom neither the order nor the browser tells another of ours.

    `by_email` and `by_sms` are where shoppers can sign up; neither: there is no form. `consent_texts` is language -> what
    stands beside the box for marketing; without one there is no box in that language. `consent_version` counts the changes of
    these texts. `has_wishes`: each product has a button that puts it on the wish list.
    """

    logo_url = models.URLField("logo", max_length=500, blank=True, validators=[_is_https])
    ground = _colour("background", "#f4f2ee")
    card = _colour("cards", "#ffffff")
    text = _colour("text", "#1c2223")
    accent = _colour("accent", "#0b6b5d")
    message = models.CharField("message", max_length=300, blank=True)
    footer = models.CharField("small print", max_length=300, blank=True)
    links = models.JSONField("links", default=list, blank=True)
    days = models.SmallIntegerField(
        "days after the end",
        default=DEFAULT_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
    )
    language = models.CharField("language", max_length=2, choices=languages, default="en")

    by_email = models.BooleanField("sign-up by e-mail", default=False, db_default=False)
    by_sms = models.BooleanField("sign-up by SMS", default=False, db_default=False)
    consent_texts = models.JSONField("consent to marketing", default=dict, db_default={}, blank=True)
    consent_version = models.PositiveIntegerField(default=0, db_default=0, editable=False)
    has_wishes = models.BooleanField("wish list", default=False, db_default=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant"], name="tracking_page_once")]

    def __str__(self) -> str:
        return f"tracking page of {self.merchant}"

    def clean(self) -> None:
        """Refuse colours in which nobody can read, and links that lead nowhere."""
        chosen = {"ground": self.ground, "card": self.card, "text": self.text, "accent": self.accent}
        # What is no colour at all was refused with its field.
        wrong = colours.complaints(**chosen) if all(_COLOUR.match(each) for each in chosen.values()) else {}
        if len(self.links) > MOST_LINKS:
            wrong["links"] = f"At most {MOST_LINKS} links."
        for label, address in self.links:
            try:
                _is_https(address)
            except ValidationError:
                wrong["links"] = f"“{address[:60]}” is no address that begins with https://."
            if not label or len(label) > 40 or len(address) > 300:
                wrong["links"] = "A link is a label of at most 40 characters and an address of at most 300."
        known = dict(languages())
        if not all(code in known and text.strip() for code, text in self.consent_texts.items()):
            wrong["consent_texts"] = f"A text for each of {', '.join(known)}, or none."
        elif any(len(text) > MOST_CONSENT for text in self.consent_texts.values()):
            wrong["consent_texts"] = f"A text has at most {MOST_CONSENT:,} characters."
        if wrong:
            raise ValidationError(wrong)

    def consent_shown(self, language: str) -> tuple[str, str]:
        """What stands beside the box in that language, and the name of that wording; two "" where there is no box."""
        text = self.consent_texts.get(language, "")
        return (text, f"{language}-{self.consent_version}") if text else ("", "")
