"""What shops' own pages call: `/onsite/<public key>/`. The key is the merchant's public id, which is no secret.

No cookie is set or read, so that nothing can be forged with a shopper's browser: therefore no token against it is asked for.
What is answered does not depend on whether a shopper is known. Where the shopper did not consent to being tracked, or the browser
says that they do not want it (Global Privacy Control, Do Not Track), nothing is kept of anybody.
"""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

import orjson
import structlog
from allauth.account.adapter import get_adapter
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from integrations import clean, customers, doors, inbound
from integrations.models import Merchant
from integrations.sources import Malformed
from integrations.views import refusal
from lifecycle.onsite import calls, identity
from lifecycle.onsite.source import KIND, VOUCHED, Onsite
from lifecycle.services import rules
from tracking.page import visitors
from tracking.page.visitors import Limit

MAX_BODY = 32 * 1024
"""Bytes of one call."""

CALLS = Limit("onsite", 60_000, 300)
"""Calls in an hour, of all pages of a merchant's and from one address."""

MEDIA_TYPES = ("application/json", "text/plain")
"""A page's call with plain text needs no question of the browser's before it."""

NOT_KEPT = {"status": "not kept: the shopper does not want to be tracked"}

logger = structlog.get_logger(__name__)


@csrf_exempt
def call(request: HttpRequest, key: str) -> HttpResponse:
    """Take in one call of a page. Handling it is the workers' business."""
    try:
        merchant = doors.find(key)
    except Merchant.DoesNotExist:
        return refusal(404, "there is no such key")
    origin = request.headers.get("Origin", "")
    if not _is_shop(origin, merchant):
        return refusal(403, "calls come from pages of the merchant's own shop domains")
    response = _answer(request, merchant)
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Vary"] = "Origin"
    response.headers["Cache-Control"] = "no-store"
    return response


def _is_shop(origin: str, merchant: Merchant) -> bool:
    """Whether a page of the merchant's calls, with or without `www.`; on any port, because a domain has no other owners."""
    try:
        parts = urlsplit(origin)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return False
    return parts.scheme in ("https", "http") and host in {
        each.domain.removeprefix("www.") for each in merchant.shop_domains.all()
    }


def _answer(request: HttpRequest, merchant: Merchant) -> HttpResponse:
    if request.method == "OPTIONS":
        return HttpResponse(
            status=204,
            headers={
                "Access-Control-Allow-Methods": "POST",
                "Access-Control-Allow-Headers": "Content-Type",
                "Access-Control-Max-Age": "86400",
            },
        )
    if request.method != "POST":
        answer = refusal(405, "calls are sent by POST")
        answer.headers["Allow"] = "POST, OPTIONS"
        return answer
    if request.content_type not in MEDIA_TYPES:
        return refusal(415, f"Content-Type must be {' or '.join(MEDIA_TYPES)}")
    try:
        return _take_in(request, merchant)
    except Malformed as error:
        return refusal(400, str(error))
    except Exception as error:
        # A page may send again what got a 5xx. One that is closed in the midst leaves a body that cannot be read.
        logger.exception("onsite.unavailable", error=type(error).__name__)
        return refusal(503, "the call could not be stored: send it again")


def _take_in(request: HttpRequest, merchant: Merchant) -> HttpResponse:
    """Raises `Malformed`."""
    at = timezone.now()
    body = request.read(MAX_BODY + 1)
    if len(body) > MAX_BODY:
        return refusal(413, f"the body must be at most {MAX_BODY // 1024} KB")
    if not visitors.may_post(CALLS, merchant.public_id, _address(request), at=at):
        answer = refusal(429, "too many calls: wait an hour")
        answer.headers["Retry-After"] = str(visitors.HOUR)
        return answer
    return _keep(request, merchant, body, at=at)


def _keep(request: HttpRequest, merchant: Merchant, body: bytes, *, at: datetime) -> HttpResponse:
    """Store what a page tells, if the shopper wants it and is who it says. Raises `Malformed`."""
    try:
        payload = clean.parse(body)
    except clean.Unclean as error:
        raise Malformed(str(error)) from None
    claim = calls.read_claim(payload)
    calls.read(payload, tz=merchant.tz, received_at=at)
    if not customers.normalise_email(claim.email):
        raise Malformed("onsite: email must be an address that could be mailed")
    if not claim.has_consent or request.headers.get("Sec-GPC") == "1" or request.headers.get("DNT") == "1":
        return JsonResponse(NOT_KEPT)
    secrets = inbound.secrets_of(merchant, KIND, at=at)
    is_signed = identity.is_signed(claim.email, claim.customer_id, claim.hmac, secrets)
    if claim.hmac and not is_signed:
        return refusal(403, "hmac does not match the e-mail address, the customer_id and any of the secrets")
    if secrets and not is_signed and rules.of(merchant).signed_identities_only:
        return refusal(403, "hmac is missing: this merchant takes signed identities only")
    # A signature is good for as long as its secret: whoever may see messages is not to have it.
    told = orjson.dumps({name: value for name, value in payload.items() if name != "hmac"})
    stored = inbound.receive(merchant, Onsite(), told, VOUCHED if is_signed else {}, at=at)
    return JsonResponse({"status": "accepted" if stored else "duplicate"}, status=202 if stored else 200)


def _address(request: HttpRequest) -> str:
    return str(get_adapter().get_client_ip(request))
