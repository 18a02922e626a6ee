"""What a struck request looks like on the wire: pages of somebody else's server, cut answers, hangs, resets."""

from __future__ import annotations

from dataclasses import replace

from .faults import FaultSettings
from .wire import Reply

FOREIGN = frozenset({"bad_gateway", "unavailable", "challenge"})
"""Faults answered by a proxy in front of the vendor: none of the vendor's own headers go with them."""

_CHALLENGE = (
    "<!DOCTYPE html><html lang='en-US'><head><title>Just a moment...</title></head>"
    "<body><noscript>Enable JavaScript and cookies to continue</noscript></body></html>"
)


def before(fault: FaultSettings) -> Reply:
    """The reply of a fault that strikes before processing, where it is not one of the vendor's own errors."""
    html = {"Content-Type": "text/html; charset=UTF-8", "Server": "cloudflare"}
    match fault.kind:
        case "bad_gateway":
            return Reply(502, _page("502 Bad Gateway"), html)
        case "unavailable":
            return Reply(503, _page("503 Service Temporarily Unavailable"), html)
        case "challenge":
            return Reply(403, _CHALLENGE.encode(), {**html, "cf-mitigated": "challenge"})
        case "hang":
            return Reply(0, delay=fault.seconds, ending="close")
    return Reply(0, ending="reset")


def after(reply: Reply, fault: FaultSettings) -> Reply:
    """What a fault makes of the reply to a request that was processed."""
    match fault.kind:
        case "reset_after":
            return replace(reply, ending="reset")
        case "half_answer":
            return replace(reply, ending="half")
        case "hang_after":
            return replace(reply, delay=fault.seconds, ending="close")
        case "garbage":
            return replace(reply, body=b"\x00\xff<garbage>{]", headers={"Content-Type": "application/json"})
        case "slow":
            return replace(reply, delay=fault.milliseconds / 1000)
    return reply


def _page(title: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body><center><h1>{title}</h1></center></body></html>".encode()
