"""What a shopper can do on the page: the form for updates, as it is shown. Reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import phonenumbers
from django.urls import reverse

from tracking.models import TrackingPage
from tracking.page.words import LANGUAGES, Words
from tracking.services.signing_up import CONSENT, Filled

SIGNED_UP, SIGNED_UP_FOR_NEWS = "updates", "news"
"""What the page's address says that was done."""

TRAP = "website"
"""A field that people do not see and programs fill in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Offers:
    """Where the page's forms are sent to, and how the one for updates stands. Without `token` they are a picture of forms.

    `consent` is the text beside the box, "" where there is no box. `said` is what was done; then there is no form.
    """

    token: str
    language: str
    by_email: bool
    by_sms: bool
    consent: str
    version: str
    phone_hint: str
    said: str = ""
    filled: Filled | None = None
    wrong: Mapping[str, str] = field(default_factory=dict)

    @property
    def has_form(self) -> bool:
        """Whether there is anything to sign up for."""
        return self.by_email or self.by_sms

    @property
    def wrong_consent(self) -> str:
        """What is wrong with the box."""
        return self.wrong.get(CONSENT, "")

    def address(self, what: str) -> str:
        """Where something is posted to."""
        return f"{reverse(what, args=[self.token])}?lang={self.language}" if self.token else ""

    @property
    def updates_address(self) -> str:
        """Of the form for updates."""
        return self.address("follow_updates")

    @property
    def wishes_address(self) -> str:
        """Of the buttons of the wish list."""
        return self.address("follow_wishes")


def offer(
    page: TrackingPage,
    language: str,
    *,
    token: str = "",
    country: str = "",
    done: str = "",
    filled: Filled | None = None,
    wrong: Mapping[str, str] | None = None,
) -> Offers:
    """What the page offers in that language. `wrong` is a field -> the name of the sentence that says why."""
    words = LANGUAGES[language]
    text, version = page.consent_shown(language)
    said = {SIGNED_UP: words.signed_up, SIGNED_UP_FOR_NEWS: words.signed_up_for_news}
    return Offers(
        token=token,
        language=language,
        by_email=page.by_email,
        by_sms=page.by_sms,
        consent=text,
        version=version,
        phone_hint=_phone_hint(words, country) if page.by_sms else "",
        said=said.get(done, ""),
        filled=filled,
        wrong={name: getattr(words, sentence) for name, sentence in (wrong or {}).items()},
    )


def _phone_hint(words: Words, country: str) -> str:
    """A number as people of that country write it down, which is nobody's."""
    example = phonenumbers.example_number_for_type(country or "US", phonenumbers.PhoneNumberType.MOBILE)
    if example is None:
        return ""
    return words.phone_hint.format(
        example=phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.INTERNATIONAL)
    )
