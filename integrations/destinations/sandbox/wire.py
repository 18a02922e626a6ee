"""A request and a reply, between the socket and the gateway."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Ending = Literal["complete", "half", "reset", "close"]


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came over the wire; header names are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    base: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back: after `delay` seconds, complete, cut in half, or not at all (`reset`, `close`)."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    ending: Ending = "complete"
