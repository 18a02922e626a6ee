"""The shopper's page as an answer: one file with its style and its script, so that a slow phone asks once.

The policy names both by their hash and allows nothing else but the merchant's pictures: nothing inline, nothing of others.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.safestring import mark_safe

from tracking.models import TrackingPage
from tracking.page import colours
from tracking.page.offers import TRAP, Offers
from tracking.page.showing import Shown
from tracking.page.words import LANGUAGES

FRESH_FOR = 60
"""Seconds for which a browser shows a page again without asking."""

FOLDER = Path(__file__).parent


@cache
def _file(name: str) -> str:
    return (FOLDER / name).read_text().strip()


def page(request: HttpRequest, shown: Shown, settings: TrackingPage, offers: Offers) -> HttpResponseBase:
    """The page of an order: kept by the shopper's own browser for a minute, then asked for whether it is new."""
    response = answer("page/order.html", _context(shown, settings, offers), shown.language, settings)
    response.headers["Cache-Control"] = f"private, max-age={FRESH_FOR}"
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    patch_vary_headers(response, ["Accept-Language"])
    return get_conditional_response(request, etag=etag, response=response) or response


def page_with_errors(shown: Shown, settings: TrackingPage, offers: Offers) -> HttpResponse:
    """The page with what was typed and what is wrong with it: nobody keeps it."""
    response = answer("page/order.html", _context(shown, settings, offers), shown.language, settings, status=422)
    response.headers["Cache-Control"] = "no-store"
    return response


def preview(shown: Shown, settings: TrackingPage, offers: Offers) -> HttpResponse:
    """The page of an order that never was, in a frame of the merchant's pages."""
    context = _context(shown, settings, offers)
    return _framed(answer("page/order.html", context, shown.language, settings, framed_by="'self'"))


def notice(language: str, title: str, text: str, *, status: int) -> HttpResponse:
    """A page that tells a shopper that there is none."""
    told = {"title": title, "text": text}
    response = answer("page/notice.html", told, language, TrackingPage(), status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def framed_notice(title: str, text: str) -> HttpResponse:
    """In place of a preview that cannot be shown."""
    told = {"title": title, "text": text}
    return _framed(answer("page/notice.html", told, "en", TrackingPage(), framed_by="'self'"))


def answer(
    template: str,
    context: dict[str, Any],
    language: str,
    settings: TrackingPage,
    *,
    status: int = 200,
    framed_by: str = "'none'",
) -> HttpResponse:
    """A page for shoppers in the merchant's colours; the template extends `page/frame.html`."""
    chosen = colours.variables(ground=settings.ground, card=settings.card, text=settings.text, accent=settings.accent)
    style, script = chosen + _file("page.css"), _file("page.js")
    # Of our own files, and of colours that are six hexadecimal digits each.
    made = {"language": language, "style": mark_safe(style), "script": mark_safe(script)}  # noqa: S308
    headers = {
        "Content-Language": language,
        "Content-Security-Policy": (
            f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; img-src https: data:; "
            f"form-action 'self'; frame-ancestors {framed_by}; base-uri 'none'"
        ),
        "X-Robots-Tag": "noindex, nofollow",
        # The address opens the page: no other site may learn it.
        "Referrer-Policy": "no-referrer",
    }
    return HttpResponse(render_to_string(template, context | made), status=status, headers=headers)


def _framed(response: HttpResponse) -> HttpResponse:
    response.headers["X-Frame-Options"] = "SAMEORIGIN"
    response.headers["Cache-Control"] = "no-store"
    return response


def _context(shown: Shown, settings: TrackingPage, offers: Offers) -> dict[str, Any]:
    return {
        "shown": shown,
        "words": shown.words,
        "title": shown.title,
        "page": settings,
        "languages": [(code, words.name) for code, words in LANGUAGES.items()],
        "offers": offers,
        "trap": TRAP,
    }


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
