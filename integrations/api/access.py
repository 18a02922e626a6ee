"""Who calls: the token in the request's header, the merchant that it acts for, and what it permits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.http import HttpRequest

from integrations import tokens
from integrations.api.problems import Problem
from integrations.audit import Actor
from integrations.models import ApiToken, Merchant, StaffToken

MERCHANT_HEADER = "Tidings-Merchant"
KEPT_FOR = 5.0
"""Seconds for which a process remembers a token. A revoked one is refused at once anyway: each request is counted on its row."""

MOST_KEPT = 1_000
_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="Tidings"'}
_SCHEME = "bearer "

logger = structlog.get_logger(__name__)
_kept: dict[tuple[str, str], tuple[float, Caller]] = {}


@dataclass(frozen=True, slots=True)
class Caller:
    """A client that may act for `merchant`; both are to be read only."""

    merchant: Merchant
    token: ApiToken | StaffToken

    @property
    def actor(self) -> Actor:
        """For the audit trail, which names the token."""
        label = f"API token “{self.token.name}” ({self.token.prefix}…)"
        if isinstance(self.token, StaffToken):
            return Actor(self.token.user, as_staff=True, label=label)
        return Actor(label=label)


def identify(request: HttpRequest, *, at: datetime) -> Caller:
    """Who calls. Raises `Problem`: token_missing, token_invalid, or not_found for the merchant that a CSM's client names."""
    header = request.headers.get("Authorization", "")
    if not header[: len(_SCHEME)].lower() == _SCHEME:
        raise Problem("token_missing", "Send the header Authorization: Bearer tdg_…", headers=_CHALLENGE)
    token = header[len(_SCHEME) :].strip()
    named = request.headers.get(MERCHANT_HEADER, "")
    # Remembered by its digest, so that a token stands in memory no longer than its request.
    digest = tokens.digest_of(token) if tokens.is_well_formed(token) else ""
    until, kept = _kept.get((digest, named), (0.0, None))
    caller = kept if kept is not None and time.monotonic() < until else _look_up(token, digest, named, at=at)
    if isinstance(caller.token, StaffToken):
        logger.info(
            "merchant.visited",
            merchant=caller.merchant.pk,
            user=caller.token.user_id,
            method=request.method,
            path=request.path,
        )
    return caller


def refuse_token() -> Problem:
    """The token is not good, or not any more."""
    return Problem("token_invalid", "It is unknown, has expired, or was revoked.", headers=_CHALLENGE)


def require(caller: Caller, scope: str) -> None:
    """Raises `Problem` unless the caller's token has that scope."""
    if scope not in caller.token.scopes:
        has = ", ".join(caller.token.scopes) or "none"
        raise Problem("scope_missing", f"This needs the scope {scope}. The token has: {has}.")


def forget() -> None:
    """Look every token up anew."""
    _kept.clear()


def _look_up(token: str, digest: str, named: str, *, at: datetime) -> Caller:
    row = tokens.find(token, at=at)
    if row is None:
        raise refuse_token()
    caller = Caller(_merchant_of(row, named), row)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    lives = (row.expires_at - at).total_seconds() if row.expires_at else KEPT_FOR
    _kept[digest, named] = (time.monotonic() + min(KEPT_FOR, lives), caller)
    return caller


def _merchant_of(row: ApiToken | StaffToken, named: str) -> Merchant:
    if isinstance(row, ApiToken):
        if named not in ("", row.merchant.public_id):
            raise Problem("not_found", f"There is no such merchant as {MERCHANT_HEADER} names.")
        return row.merchant
    if not tokens.may_act_for_merchants(row.user):
        raise refuse_token()
    if not named:
        raise Problem("malformed_request", f"Name the merchant in the header {MERCHANT_HEADER}: m_…")
    merchant = Merchant.objects.filter(public_id=named).first()
    if merchant is None:
        raise Problem("not_found", f"There is no such merchant as {MERCHANT_HEADER} names.")
    return merchant
