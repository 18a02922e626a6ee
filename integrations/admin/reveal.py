"""Secrets that are shown once: put away sealed in the session by the request that made them, taken out by the page after it."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest

from integrations.fields import Sealed

KEY = "reveal"


def put(request: HttpRequest, merchant: int, **shown: Any) -> None:
    """Keep `shown` (JSON) for the next page about that merchant."""
    request.session[f"{KEY}:{merchant}"] = Sealed.of(json.dumps(shown)).token


def take(request: HttpRequest, merchant: int) -> dict[str, Any]:
    """What was kept for this page, which forgets it; empty where there is nothing."""
    token = request.session.pop(f"{KEY}:{merchant}", "")
    shown: dict[str, Any] = json.loads(Sealed(token).reveal()) if token else {}
    return shown
