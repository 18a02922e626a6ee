"""Telling the people of a merchant something, by e-mail or webhook: each address by itself, so that one that cannot be reached
holds up nobody.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import structlog
from django.core.mail import EmailMessage

from integrations import audit, merchants, posting
from integrations.audit import Actor
from integrations.fields import Sealed, Undecryptable
from integrations.models import AlertAddress, Merchant

MOST_ADDRESSES = 20
"""Addresses of one merchant."""

AT_ONCE = 8
"""Messages on their way at the same time."""

logger = structlog.get_logger(__name__)


class TooMany(Exception):
    """The merchant has as many addresses as it may have. The text says how many."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What an address is told: as an e-mail with `subject` and `text`, or as the JSON `document` of a webhook."""

    address: AlertAddress
    subject: str
    text: str
    document: Mapping[str, Any]


def add_email(merchant: Merchant, email: str, *, by: Actor, at: datetime) -> bool:
    """Tell somebody from now on. False where they are told already. Raises `TooMany`."""
    return _add(merchant, by=by, at=at, email=email.strip().lower()) is not None


def add_webhook(merchant: Merchant, url: str, *, by: Actor, at: datetime) -> str | None:
    """Tell a webhook from now on; returns the secret that its messages are signed with, which cannot be had again.

    None where it is told already. Raises `posting.BadAddress` and `TooMany`.
    """
    posting.check(url)
    secret = merchants.new_secret()
    row = _add(merchant, by=by, at=at, url=url, defaults={"secret": Sealed.of(secret)})
    return secret if row else None


def remove(merchant: Merchant, pk: int, *, by: Actor, at: datetime) -> None:
    """Tell somebody no more."""
    row = AlertAddress.objects.for_merchant(merchant).filter(pk=pk).first()
    if row is not None:
        row.delete()
        audit.note(merchant, by, "removed an address for alerts", [str(row)], at=at)


def send_all(notices: Sequence[Notice], *, at: datetime, seconds: float) -> Iterator[Notice]:
    """Send them, several at once, and note on its address what did not arrive; yields those that did.

    What is not begun within `seconds` is not sent. Those to addresses that were not reached before come last.
    """
    end = time.monotonic() + seconds
    fair = sorted(notices, key=lambda each: each.address.failed_at.timestamp() if each.address.failed_at else 0.0)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for notice, failure in zip(fair, pool.map(partial(_send, at=at, end=end), fair), strict=True):
            if failure is None:
                continue
            _note(notice.address, failure, at=at)
            if not failure:
                yield notice


def _add(
    merchant: Merchant, *, by: Actor, at: datetime, defaults: Mapping[str, Any] | None = None, **address: str
) -> AlertAddress | None:
    """The new row; None where there is one. A merchant's addresses are added one after the other, so that none is too many."""
    with merchants.locked(merchant):
        mine = AlertAddress.objects.for_merchant(merchant)
        if mine.filter(**address).exists():
            return None
        if mine.count() >= MOST_ADDRESSES:
            raise TooMany(f"At most {MOST_ADDRESSES} addresses are told. Remove one first.")
        row: AlertAddress = AlertAddress.objects.create(merchant=merchant, created_at=at, **address, **(defaults or {}))
        audit.note(merchant, by, "added an address for alerts", [str(row)], at=at)
    return row


def _send(notice: Notice, *, at: datetime, end: float) -> str | None:
    """Why a message did not arrive, "" where it did, None where there was no time left to send it."""
    if time.monotonic() > end:
        return None
    address = notice.address
    try:
        if address.url:
            posting.post(address.url, address.secret.reveal(), notice.document, at=at)
        else:
            EmailMessage(" ".join(notice.subject.split()), notice.text, None, [address.email]).send()
    except (posting.NotPosted, Undecryptable) as error:
        return str(error)
    except OSError as error:  # smtplib's errors are of this class
        return f"The mail server did not take it ({type(error).__name__})."
    return ""


def _note(address: AlertAddress, failure: str, *, at: datetime) -> None:
    mine = AlertAddress.objects.for_merchant(address.merchant_id).filter(pk=address.pk)
    if failure:
        logger.warning("notices.unsent", merchant=address.merchant_id, address=address.pk, failure=failure)
        mine.update(failed_at=at, failure=failure[:200])
    elif address.failed_at:
        mine.update(failed_at=None, failure="")
