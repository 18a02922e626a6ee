"""The page on which a shopper follows an order. Nobody signs in for it: who has its address may see it, and no cookie is set."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponseBase
from django.utils import timezone
from django.views.decorators.http import require_safe

from tracking.page import drawing, reading, showing, visitors
from tracking.page.words import LANGUAGES, choose


@require_safe
def order(request: HttpRequest, token: str) -> HttpResponseBase:
    """The page, or why there is none: it is the same for a token that is unknown, taken back or expired."""
    at = timezone.now()
    asked, accepted = request.GET.get("lang", ""), request.headers.get("Accept-Language", "")
    words = LANGUAGES[choose(asked, accepted)]
    if not visitors.may_ask(token, get_adapter().get_client_ip(request), at=at):
        response = drawing.notice(choose(asked, accepted), words.slower_title, words.slower, status=429)
        response.headers["Retry-After"] = str(visitors.WINDOW)
        return response
    followed = reading.find(token, at=at)
    if followed is None:
        return drawing.notice(choose(asked, accepted), words.gone_title, words.gone, status=404)
    locale = followed.dossier.order.locale or ""
    language = choose(asked, locale, accepted, otherwise=followed.page.language)
    return drawing.page(request, showing.show(followed, language, at=at), followed.page)
