"""The page on which a shopper uses a code for its points. Nobody signs in for it, and no cookie is set.

As on the tracking page, what is posted needs no token against forged requests: no browser carries anything that another site
could use. What is answered is the same for every address, whether it was known or not.
"""

from __future__ import annotations

from datetime import datetime

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from loyalty import services
from loyalty.models import OfflineBatch
from loyalty.services import offline_codes
from loyalty.services.offline import Code, NotOpen, NotUnderstood
from loyalty.services.offline_codes import Named
from loyalty.web.shopper_words import LANGUAGES
from tracking.models import TrackingPage
from tracking.page import drawing, visitors
from tracking.page.visitors import Limit
from tracking.page.words import choose
from tracking.services import tracking_page

USES = Limit("offline code", 10, 60)
"""Many who stand in one shop share an address; whoever tries addresses on a code gets no further than this."""

DONE = "done"
"""What the page's address says once the code was used."""

State = OfflineBatch.State


class _NoPage(Exception):
    """There is none for this visitor; `response` says why."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


@require_safe
def type_code(request: HttpRequest) -> HttpResponseBase:
    """For whoever cannot scan."""
    typed = request.GET.get("code", "")
    try:
        _refuse_hurry(request, f"typed by {_address(request)}", at=timezone.now())
    except _NoPage as none:
        return none.response
    if not typed:
        return _ask_for_code(request)
    named = offline_codes.read(typed)
    if named is None:
        return _ask_for_code(request, typed)
    lang = {"lang": request.GET["lang"]} if "lang" in request.GET else None
    return HttpResponseRedirect(reverse("offline_code", args=[offline_codes.write(named)], query=lang))


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def use_code(request: HttpRequest, code: str) -> HttpResponseBase:
    """What the code is worth, and the form that asks who gets it."""
    at = timezone.now()
    try:
        _refuse_hurry(request, code, at=at)
        found = _find(request, code)
        if request.method != "POST":
            return _show(request, found, at=at)
        _refuse_crowd(request, found, at=at)
    except _NoPage as none:
        return none.response
    contact = request.POST.get("contact", "")[:254]
    try:
        services.use_offline_code(found, contact=contact, at=at)
    except NotUnderstood as error:
        return _draw(request, found, at=at, status=422, contact=contact, wrong=error.sentence)
    except NotOpen:
        # Somebody was quicker: the page says what is so now.
        return _show(request, _find(request, code), at=at)
    language = _language(request, tracking_page.of(found.batch.merchant))
    done = reverse("offline_code", args=[code], query={"lang": language, DONE: "1"})
    response = HttpResponseRedirect(done, status=303)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _refuse_hurry(request: HttpRequest, token: str, *, at: datetime) -> None:
    """Raises `_NoPage`. Codes that were made up are counted, too."""
    if not visitors.may_ask(f"code:{token}", _address(request), at=at):
        raise _too_often(request, "slower", visitors.WINDOW)


def _refuse_crowd(request: HttpRequest, found: Code, *, at: datetime) -> None:
    """Raises `_NoPage`. A form that another site sent is answered as if there were no such code."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise _NoPage(_ask_for_code(request, offline_codes.write(Named(found.batch.pk, found.number))))
    if not visitors.may_post(USES, f"{found.batch.pk}:{found.number}", _address(request), at=at):
        raise _too_often(request, "enough", visitors.HOUR)


def _find(request: HttpRequest, code: str) -> Code:
    """Raises `_NoPage`: for a code that is signed wrongly without asking the database."""
    named = offline_codes.read(code)
    found = services.find_offline_code(named) if named else None
    if found is None:
        raise _NoPage(_ask_for_code(request, code))
    return found


def _show(request: HttpRequest, found: Code, *, at: datetime) -> HttpResponse:
    """As it stands: whoever has just used it is told so by the address that they were sent to."""
    if found.is_used:
        is_done = request.method != "POST" and DONE in request.GET
        return _draw(request, found, at=at, status=200 if is_done else 410, is_done=is_done)
    return _draw(request, found, at=at, status=200 if found.batch.state(at) == State.OPEN else 410)


def _draw(
    request: HttpRequest,
    found: Code,
    *,
    at: datetime,
    status: int,
    is_done: bool = False,
    contact: str = "",
    wrong: str = "",
) -> HttpResponse:
    batch = found.batch
    page = tracking_page.of(batch.merchant)
    language = _language(request, page)
    words = LANGUAGES[language]
    filled = {
        "points": words.points(batch.points),
        "merchant": batch.merchant.name,
        "day": words.day(batch.last_day) if batch.last_day else "",
    }
    state = "done" if is_done else "used" if found.is_used else str(batch.state(at))
    title, text = {
        "open": (words.offered, words.lead),
        "done": (words.collected, words.where),
        "used": (words.used_title, words.used),
        "withdrawn": (words.withdrawn_title, words.withdrawn),
        "ended": (words.ended_title, words.ended),
    }[state]
    context = {
        "title": title.format(**filled),
        "text": text.format(**filled),
        "until": words.until.format(**filled) if batch.last_day else "",
        "is_open": state == "open",
        "is_done": is_done,
        "contact": contact,
        "wrong": getattr(words.shared, wrong) if wrong else "",
        "page": page,
    }
    return _answer(language, context, page, status=status)


def _ask_for_code(request: HttpRequest, typed: str = "") -> HttpResponse:
    """The page for whoever cannot scan. It is nobody's: whose code it will be is not known yet."""
    page = TrackingPage()
    language = _language(request, page)
    words = LANGUAGES[language]
    context = {
        "title": words.unknown_title if typed else words.type_title,
        "text": words.unknown if typed else words.type_lead,
        "asks_for_code": True,
        "typed": typed[:60],
    }
    return _answer(language, context, page, status=404 if typed else 200)


def _answer(language: str, context: dict[str, object], page: TrackingPage, *, status: int) -> HttpResponse:
    words = LANGUAGES[language]
    languages = [(code, each.shared.name) for code, each in LANGUAGES.items()]
    shared = {"words": words, "languages": languages}
    response = drawing.answer("page/offline_code.html", context | shared, language, page, status=status)
    response.headers["Cache-Control"] = "no-store"
    return response


def _too_often(request: HttpRequest, sentence: str, seconds: int) -> _NoPage:
    language = _language(request, TrackingPage())
    shared = LANGUAGES[language].shared
    response = drawing.notice(language, shared.slower_title, getattr(shared, sentence), status=429)
    response.headers["Retry-After"] = str(seconds)
    return _NoPage(response)


def _language(request: HttpRequest, page: TrackingPage) -> str:
    """The one that is asked for, the browser's, or the merchant's."""
    return choose(request.GET.get("lang", ""), request.headers.get("Accept-Language", ""), otherwise=page.language)


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
