"""All words of the shopper's page, in each of its languages, and which language a shopper gets. Pure.

A plain table for each: what is missing in one language is found by the types, and nothing has to be compiled. Texts in {braces}
are filled in. Carriers' own messages are never shown: they are in the carrier's language, and may name people and streets.
"""

from __future__ import annotations

from django.utils.translation.trans_real import parse_accept_lang_header

from tracking.page.words.english import ENGLISH
from tracking.page.words.german import GERMAN
from tracking.page.words.language import Words

__all__ = ["ENGLISH", "GERMAN", "LANGUAGES", "Words", "choose"]

LANGUAGES = {"en": ENGLISH, "de": GERMAN}


def choose(*wishes: str, otherwise: str = "en") -> str:
    """The first of our languages that is wished for: "de", "de-AT", or what a browser accepts ("fr, de;q=0.8")."""
    for wish in wishes:
        for code, _ in parse_accept_lang_header(wish.replace("_", "-").lower()):
            if code.split("-")[0] in LANGUAGES:
                return code.split("-")[0]
    return otherwise
