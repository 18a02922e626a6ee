"""The page on which a shopper follows an order, and what is posted there. Nobody signs in for it, and no cookie is set.

What is posted needs no token against forged requests: no browser carries anything that another site could use, and who knows
the page's address may post there anyway. A browser that says that another site sent the form is refused all the same, so that
the record of a consent tells of somebody who saw the page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from tracking import services
from tracking.page import drawing, offers, reading, showing, visitors
from tracking.page.reading import Followed
from tracking.page.visitors import Limit
from tracking.page.words import LANGUAGES, choose
from tracking.services import signing_up
from tracking.services.signing_up import Filled, NotUnderstood


class _NoPage(Exception):
    """There is none for this visitor; `response` says why: the same for a token that is unknown, taken back or expired."""

    def __init__(self, response: HttpResponse) -> None:
        super().__init__()
        self.response = response


@dataclass(frozen=True, slots=True)
class _Visit:
    """Somebody on the page of an order, in the language that they read."""

    request: HttpRequest
    token: str
    followed: Followed
    language: str
    at: datetime

    def back(self, place: str, **said: str) -> HttpResponse:
        """To the page, which says what was done: a page that is loaded anew posts nothing again."""
        query = urlencode({"lang": self.language, **said})
        response = HttpResponseRedirect(f"{reverse('follow', args=[self.token])}?{query}#{place}", status=303)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        return response


@require_safe
def order(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page, or why there is none."""
    at = timezone.now()
    try:
        if not visitors.may_ask(token, _address(request), at=at):
            raise _too_often(request, "slower", visitors.WINDOW)
        visit = _find(request, token, at=at)
    except _NoPage as none:
        return none.response
    followed, language = visit.followed, visit.language
    offered = offers.offer(
        followed.page,
        language,
        token=token,
        country=followed.dossier.order.destination_country,
        done=request.GET.get("done", ""),
    )
    shown = showing.show(followed, language, at=at, wished=request.GET.get("wished", ""))
    return drawing.page(request, shown, followed.page, offered)


@csrf_exempt
def updates(request: HttpRequest, token: str) -> HttpResponseBase:
    """Somebody signs up: the same answer for every address that could be one, whether it is known or not."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("follow", args=[token]))
    try:
        visit = _posted(request, token, visitors.SIGN_UPS)
    except _NoPage as none:
        return none.response
    page, dossier = visit.followed.page, visit.followed.dossier
    if request.POST.get(offers.TRAP):
        # A program: it learns nothing, and nothing is kept.
        return visit.back("updates", done=offers.SIGNED_UP)
    filled = Filled(
        email=request.POST.get("email", "")[:254],
        phone=request.POST.get("phone", "")[:40],
        is_ticked="consent" in request.POST,
        version=request.POST.get("version", ""),
        language=visit.language,
        visitor=_address(request),
    )
    try:
        signing_up.sign_up(dossier.order, page, filled, at=visit.at)
    except NotUnderstood as error:
        offered = offers.offer(
            page,
            visit.language,
            token=token,
            country=dossier.order.destination_country,
            filled=filled,
            wrong=error.wrong,
        )
        shown = showing.show(visit.followed, visit.language, at=visit.at)
        return drawing.page_with_errors(shown, page, offered)
    return visit.back("updates", done=offers.SIGNED_UP_FOR_NEWS if filled.is_ticked else offers.SIGNED_UP)


@csrf_exempt
def wishes(request: HttpRequest, token: str) -> HttpResponseBase:
    """Somebody puts what was ordered on the wish list."""
    if request.method != "POST":
        return HttpResponseRedirect(reverse("follow", args=[token]))
    try:
        visit = _posted(request, token, visitors.WISHES)
    except _NoPage as none:
        return none.response
    named = request.POST.get("line", "")
    line = next((each for each in visit.followed.dossier.lines if each.external_id == named), None)
    if line is None or not visit.followed.has_wishes:
        return visit.back("wished")
    services.wish_for_line(visit.followed.dossier.order, line, at=visit.at)
    return visit.back("wished", wished=line.external_id)


def _posted(request: HttpRequest, token: str, limit: Limit) -> _Visit:
    """Raises `_NoPage`."""
    at = timezone.now()
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise _gone(request)
    # Whether there is a page is asked first: counts of pages that never were would fill the table.
    visit = _find(request, token, at=at)
    if not visitors.may_post(limit, token, _address(request), at=at):
        raise _too_often(request, "enough", visitors.HOUR)
    return visit


def _find(request: HttpRequest, token: str, *, at: datetime) -> _Visit:
    """Raises `_NoPage`."""
    followed = reading.find(token, at=at)
    if followed is None:
        raise _gone(request)
    asked, accepted = _wishes(request)
    locale = followed.dossier.order.locale or ""
    return _Visit(request, token, followed, choose(asked, locale, accepted, otherwise=followed.page.language), at)


def _gone(request: HttpRequest) -> _NoPage:
    language = choose(*_wishes(request))
    words = LANGUAGES[language]
    return _NoPage(drawing.notice(language, words.gone_title, words.gone, status=404))


def _too_often(request: HttpRequest, sentence: str, seconds: int) -> _NoPage:
    language = choose(*_wishes(request))
    words = LANGUAGES[language]
    response = drawing.notice(language, words.slower_title, getattr(words, sentence), status=429)
    response.headers["Retry-After"] = str(seconds)
    return _NoPage(response)


def _wishes(request: HttpRequest) -> tuple[str, str]:
    """The language that is asked for, and those that the browser accepts."""
    return request.GET.get("lang", ""), request.headers.get("Accept-Language", "")


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
