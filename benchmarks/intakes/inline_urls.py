"""A hook that handles in the request: verify, store and handle with the product's own functions, then answer."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from config.urls import urlpatterns as rest
from integrations import doors, inbound, sources


@csrf_exempt
def hook(request: HttpRequest, merchant: str, source: str) -> JsonResponse:
    """Answer once what the message says is in the domain's tables and in the history."""
    at = timezone.now()
    found, kind = doors.find(merchant), sources.get(source)
    headers = {name.lower(): value for name, value in request.headers.items()}
    kind.verify(request.body, headers, inbound.secrets_of(found, kind.kind, at=at))
    message = inbound.receive(found, kind, request.body, headers, at=at)
    if message is not None:
        inbound.handle(found, message, at=at)
    return JsonResponse({"status": "accepted"}, status=202)


urlpatterns = [path("hooks/<str:merchant>/<str:source>/", hook), *rest]
