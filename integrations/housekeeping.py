"""Work that nothing waits for: second chances for messages, and the removal of what is no longer needed."""

from __future__ import annotations

from datetime import datetime, timedelta

from django_q.models import Failure

from integrations import erasure, followed, inbound
from integrations.models import Delivery, IdempotentRequest, InboundMessage

WAITING_AGAIN_AFTER = timedelta(minutes=10)
"""A message that waits is tried again now and then: what it waited for may have come without a word."""

GIVE_UP_WAITING_AFTER = timedelta(days=30)
BODIES_FOR = timedelta(days=30)
"""How long raw messages are kept; what they told is in the history."""

FAILED_TICKS_FOR = timedelta(days=30)
ANSWERS_FOR = timedelta(hours=24)
"""How long an Idempotency-Key is known."""


def run(*, at: datetime) -> None:
    """One round."""
    messages = InboundMessage.objects.filter(received_at__lt=at - WAITING_AGAIN_AFTER)
    inbound.replay(
        messages.filter(
            state=InboundMessage.State.WAITING,
            received_at__gte=at - GIVE_UP_WAITING_AFTER,
            handled_at__lt=at - WAITING_AGAIN_AFTER,
        )
    )
    done = (InboundMessage.State.HANDLED, InboundMessage.State.WAITING)
    old = InboundMessage.objects.filter(received_at__lt=at - BODIES_FOR, state__in=done)
    old.exclude(body=b"").update(body=b"")
    _skip_without_identity(at=at)
    followed.look_again(at=at)
    erasure.look_again(at=at)
    erasure.give_up(at=at)
    IdempotentRequest.objects.filter(created_at__lt=at - ANSWERS_FOR).delete()
    Failure.objects.filter(stopped__lt=at - FAILED_TICKS_FOR).delete()


def _skip_without_identity(*, at: datetime) -> None:
    """A delivery that found no identity within a month will find none."""
    Delivery.objects.filter(
        state=Delivery.State.HELD,
        reason=Delivery.Reason.NO_IDENTITY,
        created_at__lt=at - GIVE_UP_WAITING_AFTER,
    ).update(state=Delivery.State.SKIPPED, settled_at=at)
