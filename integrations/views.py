"""The hook that sources call, and the health pages."""

from __future__ import annotations

import structlog
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from integrations import doors, health, inbound, sources
from integrations.models import Merchant
from integrations.sources import BadSignature, Malformed, Source

logger = structlog.get_logger(__name__)


def refusal(status: int, reason: str) -> JsonResponse:
    """A refusal with its reason on one line."""
    return JsonResponse({"error": reason}, status=status)


@csrf_exempt
def hook(request: HttpRequest, merchant: str, source: str) -> JsonResponse:
    """Take in one message: verify it, store it once, answer. Handling is the workers' business."""
    if request.method != "POST":
        answer = refusal(405, "messages are sent by POST")
        answer.headers["Allow"] = "POST"
        return answer
    if "Transfer-Encoding" in request.headers:
        return refusal(411, "the message must have a Content-Length")
    if _is_too_long(request.headers.get("Content-Length", "")):
        return refusal(413, "the body must be at most 5 MB")
    if request.content_type != "application/json":
        return refusal(415, "Content-Type must be application/json")
    try:
        return _take_in(request, merchant, sources.get(source))
    except (KeyError, Merchant.DoesNotExist):
        return refusal(404, "there is no such merchant or source")
    except Exception as error:
        # A sender that gets a 5xx sends again, and one whose message we cannot even read must not be told that it is lost.
        logger.exception("hook.unavailable", error=type(error).__name__)
        return refusal(503, "the message could not be stored: send it again")


def _is_too_long(length: str) -> bool:
    """Whether the header announces too much. Python refuses to read a number of thousands of digits, which is too much too."""
    return length.isdecimal() and (len(length) > 18 or int(length) > inbound.MAX_BODY)


def _take_in(request: HttpRequest, merchant_id: str, source: Source) -> JsonResponse:
    at = timezone.now()
    body = request.read(inbound.MAX_BODY + 1)
    if len(body) > inbound.MAX_BODY:
        return refusal(413, "the body must be at most 5 MB")
    merchant = doors.find(merchant_id)
    headers = {name.lower(): value for name, value in request.headers.items()}
    try:
        source.verify(body, headers, inbound.secrets_of(merchant, source.kind, at=at))
        stored = inbound.receive(merchant, source, body, headers, at=at)
    except BadSignature as error:
        return refusal(401, str(error))
    except inbound.WrongShop as error:
        return refusal(401, str(error))
    except Malformed as error:
        return refusal(400, str(error))
    return JsonResponse({"status": "accepted" if stored else "duplicate"}, status=202 if stored else 200)


@require_safe
def alive(request: HttpRequest) -> JsonResponse:
    """200 as long as this process answers."""
    return JsonResponse({"status": "ok"})


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 while the database answers, its tables are current and workers work; else 503 with what is wrong."""
    problems = health.problems(at=timezone.now())
    return JsonResponse(
        {"status": "ok" if not problems else "not ready", "problems": problems}, status=503 if problems else 200
    )
