"""Messages from outside: verified and stored once by the request, handled in order by workers.

A merchant's messages are handled one after the other, by whoever holds the merchant's inbound lease, each in a transaction of
its own. So nothing about one order ever races with itself, and merchants do not wait for each other.
"""

from __future__ import annotations

import hashlib
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.utils import timezone

from integrations import clean, erasure, leases, sources, wake
from integrations.models import InboundMessage, Merchant
from integrations.sources import Envelope, Handled, Malformed, Source
from integrations.statements import insert_new

MAX_BODY = 5 * 1024 * 1024
"""Bytes of one message."""

KEY_LENGTH = 120
BATCH = 100
LEASE_SECONDS = 30
RENEW_AFTER = 5
BEHIND_AFTER = timedelta(minutes=1)
MOST_ATTEMPTS = 5
"""A message during whose handling the worker died this often is put aside as failed."""

logger = structlog.get_logger(__name__)


class Superseded(Exception):
    """Another worker handled the message in the meantime: what was done here is taken back."""


class WrongShop(Exception):
    """The message speaks for a shop that is not this merchant's."""


def receive(
    merchant: Merchant, source: Source, body: bytes, headers: Mapping[str, str], *, at: datetime
) -> InboundMessage | None:
    """Store a verified message, and wake a worker; None where the same one was stored before.

    Raises `Malformed` for what is no JSON or lacks its envelope, `WrongShop` for a shop that is somebody else's.
    """
    try:
        envelope = source.envelope(clean.parse(body), headers)
    except clean.Unclean as error:
        raise Malformed(str(error)) from None
    if envelope.shop_domain and envelope.shop_domain.lower() not in {
        each.domain for each in merchant.shop_domains.all()
    }:
        raise WrongShop(f"the shop {clean.text(envelope.shop_domain, 100)!r} is not one of this merchant's")
    message = InboundMessage(
        merchant=merchant,
        source=source.kind,
        topic=clean.text(envelope.topic, 80),
        key=_key(envelope, body),
        body=body,
        received_at=at,
    )
    stored = insert_new([message], identity=("merchant", "source", "key"))
    if not stored:
        return None
    wake.after_commit(wake.HANDLE_INBOUND)
    return stored[0]


def _key(envelope: Envelope, body: bytes) -> str:
    """What tells this delivery from others: the source's id of it, or the content where it gives none.

    An id that the column would not hold as it is is hashed: cut or cleaned it might be another delivery's.
    """
    given = envelope.delivery_id
    if not given:
        return hashlib.sha256(envelope.topic.encode() + b"\n" + body).hexdigest()
    return given if clean.text(given, KEY_LENGTH) == given else hashlib.sha256(given.encode()).hexdigest()


def merchants_with_messages(*, merchant: Merchant | None = None) -> QuerySet[Merchant]:
    """Merchants that have messages to be handled."""
    unhandled = InboundMessage.objects.filter(merchant=OuterRef("pk"), state=InboundMessage.State.RECEIVED)
    found = Merchant.objects.filter(Exists(unhandled)).order_by("pk")
    return found.filter(pk=merchant.pk) if merchant else found


def behind(*, at: datetime) -> QuerySet[InboundMessage, Any]:
    """Keys of the merchants of whom something stored over a minute ago is not handled yet: what is known of them is old."""
    late = InboundMessage.objects.filter(state=InboundMessage.State.RECEIVED, received_at__lt=at - BEHIND_AFTER)
    return late.values("merchant")


def handle_due(
    *,
    seconds: float,
    merchant: Merchant | None = None,
    stop: Callable[[], bool] = lambda: False,
    hand_over: Callable[[], object] = bool,
    clock: Callable[[], datetime] = timezone.now,
) -> int:
    """Handle what was received, a batch of each merchant in turn, until nothing is left or `seconds` are over.

    `hand_over` is called when the time is over before the work is, so that another takes it up. Returns how many messages were
    handled. Merchants that another worker is busy with are left to it.
    """
    deadline = time.monotonic() + seconds
    total = 0
    while True:
        handled = 0
        for each in merchants_with_messages(merchant=merchant).prefetch_related("connections"):
            if time.monotonic() >= deadline or stop():
                hand_over()
                return total + handled
            handled += handle_batch(each, clock=clock)
        total += handled
        if not handled:
            return total


def handle_batch(merchant: Merchant, *, clock: Callable[[], datetime] = timezone.now) -> int:
    """Handle a merchant's oldest messages; 0 where there are none or another worker holds the lease."""
    with wake.held(), leases.holding(f"inbound:{merchant.pk}", LEASE_SECONDS) as held:
        if held is None:
            return 0
        batch = _claim(merchant)
        renewed = time.monotonic()
        for message in batch:
            if time.monotonic() - renewed > RENEW_AFTER:
                if not held.renew(LEASE_SECONDS):
                    break
                renewed = time.monotonic()
            handle(merchant, message, at=clock())
    return len(batch)


def _claim(merchant: Merchant) -> list[InboundMessage]:
    """The next messages, their attempt counted before it is made. What was begun before is taken alone: it may be the one
    that kills its worker.
    """
    unhandled = InboundMessage.objects.for_merchant(merchant).filter(state=InboundMessage.State.RECEIVED)
    batch = list(unhandled.order_by("id")[:BATCH])
    if any(message.attempts for message in batch):
        batch = batch[:1]
    ids = [message.pk for message in batch]
    InboundMessage.objects.for_merchant(merchant).filter(pk__in=ids).update(attempts=F("attempts") + 1)
    return batch


def handle(merchant: Merchant, message: InboundMessage, *, at: datetime) -> None:
    """Handle one message in its own transaction. What fails is kept as failed, with its traceback, and holds up nobody."""
    if message.attempts >= MOST_ATTEMPTS:
        _conclude(message, InboundMessage.State.FAILED, note="handling it stopped the worker each time", at=at)
        return
    try:
        with transaction.atomic():
            payload = clean.parse(bytes(message.body))
            handled = sources.get(message.source).handle(
                merchant, message.topic, payload, received_at=message.received_at, at=at
            )
            _conclude_handled(message, handled, at=at)
            erasure.keep_erased(merchant, handled.customer_id, at=at)
    except DatabaseError as error:
        if _is_passing(error):
            raise
        _fail(message, error, at=at)
    except Superseded:
        logger.warning("inbound.superseded", message=message.pk)
    except Malformed as error:
        _conclude(message, InboundMessage.State.FAILED, note=f"malformed: {error}", at=at)
    except Exception as error:
        _fail(message, error, at=at)


def _is_passing(error: DatabaseError) -> bool:
    """Whether the database itself is in trouble: then the message waits as it is, and the tick ends."""
    return type(error).__name__ in ("OperationalError", "InterfaceError")


def _fail(message: InboundMessage, error: Exception, *, at: datetime) -> None:
    logger.error("inbound.failed", message=message.pk, topic=message.topic, error=type(error).__name__)
    _conclude(message, InboundMessage.State.FAILED, note=type(error).__name__, error=traceback.format_exc(), at=at)


def _conclude_handled(message: InboundMessage, handled: Handled, *, at: datetime) -> None:
    changes: dict[str, Any] = {
        "note": handled.note,
        "waits_for": handled.waits_for[:120],
        "reference": clean.text(handled.reference, 80),
        "customer": handled.customer_id,
    }
    if handled.forgets_body:
        changes["body"] = b""
    state = InboundMessage.State.WAITING if handled.waits_for else InboundMessage.State.HANDLED
    if not _conclude(message, state, at=at, **changes):
        raise Superseded


def _conclude(message: InboundMessage, state: InboundMessage.State, *, note: str, at: datetime, **changes: Any) -> bool:
    """Settle a message, unless somebody else did: False."""
    mine = InboundMessage.objects.for_merchant(message.merchant_id).filter(
        pk=message.pk, state=InboundMessage.State.RECEIVED
    )
    return mine.update(state=state, note=clean.text(note, 300), handled_at=at, **changes) == 1


def release(merchant: Merchant, *awaited: str) -> int:
    """Let messages go that waited for one of `awaited` ("order:1", "parcel:1Z9"); returns how many."""
    waiting = InboundMessage.objects.for_merchant(merchant).filter(
        state=InboundMessage.State.WAITING, waits_for__in=awaited
    )
    released = waiting.update(state=InboundMessage.State.RECEIVED, attempts=0, waits_for="")
    if released:
        wake.after_commit(wake.HANDLE_INBOUND)
    return released


def replay(messages: QuerySet[InboundMessage]) -> int:
    """Handle messages again that failed or wait; returns how many. Handled ones are left alone: they did their work."""
    again = messages.filter(state__in=[InboundMessage.State.FAILED, InboundMessage.State.WAITING])
    count = again.update(state=InboundMessage.State.RECEIVED, attempts=0, waits_for="", error="", note="")
    if count:
        wake.after_commit(wake.HANDLE_INBOUND)
    return count


def secrets_of(merchant: Merchant, source: str, *, at: datetime) -> Sequence[str]:
    """The secrets that a message of that source may be signed with: the current one and, for a while, the previous one."""
    for secret in merchant.source_secrets.all():
        if secret.source == source and secret.disconnected_at is None:
            is_previous_valid = secret.previous and secret.previous_until and at < secret.previous_until
            return [secret.current.reveal(), *([secret.previous.reveal()] if is_previous_valid else [])]
    return []
