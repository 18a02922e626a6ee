"""Changes of profiles on a lane: claiming what one request carries, and the last look before it is sent.

They are few beside events, and always in order: a change waits for the earlier changes of its shopper, and the shopper's later
events wait for it (`claim`). So no request ever holds two changes of one shopper.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce

from integrations import consent
from integrations.catalog import catalog
from integrations.delivery import verdicts
from integrations.delivery.verdicts import Verdict
from integrations.destinations.base import Carrying, Change
from integrations.models import Connection, Customer, Delivery, ProfileChange
from integrations.statements import Among

OPEN = (Delivery.State.PENDING, Delivery.State.SENDING)
LOOKED_AT = 1_000
"""Due changes among which those are looked for that one request carries."""

SINGLES = 4
"""Claimed at once of a kind of which a request carries one: as many as go side by side."""

LATE_AFTER = timedelta(minutes=1)
"""What is sent later than this after the shopper acted may be older than something that they told the destination itself."""

Kind = ProfileChange.Kind


class ClaimedChange(NamedTuple):
    """A delivery of a change in a worker's hands."""

    id: int
    first_attempt_at: datetime
    attempts: int
    is_ambiguous: bool
    identifier: str
    change: ProfileChange
    subject: str = ""


def due(connection: Connection | OuterRef, *, at: datetime) -> QuerySet[Delivery]:
    """Changes of a connection whose time has come, whatever they wait for."""
    return Delivery.objects.filter(
        connection=connection, state=Delivery.State.PENDING, change__isnull=False, not_before__lte=at
    )


def take(
    connection: Connection, epoch: int, *, carrying: Mapping[str, Carrying], most: int, at: datetime
) -> tuple[list[ClaimedChange], bool]:
    """Claim what goes with the oldest change that is due, `most` at most, and say whether others are due.

    It is committed when this returns, and no network is touched.
    """
    earlier = Delivery.objects.filter(
        connection=connection,
        identifier=OuterRef("identifier"),
        change__isnull=False,
        state__in=OPEN,
        pk__lt=OuterRef("pk"),
    )
    with transaction.atomic():
        ready = due(connection, at=at).filter(~Exists(earlier), ~_is_too_early(connection))
        ready = ready.select_related("change__customer")
        rows = list(ready.select_for_update(of=("self",), skip_locked=True).order_by("not_before", "pk")[:LOOKED_AT])
        together = _together(rows, carrying)[:most]
        Delivery.objects.filter(Among(F("pk"), [row.pk for row in together])).update(
            state=Delivery.State.SENDING,
            claim=epoch,
            attempts=F("attempts") + 1,
            first_attempt_at=Coalesce("first_attempt_at", at),
        )
    claimed = [
        ClaimedChange(
            row.pk, row.first_attempt_at or at, row.attempts + 1, row.is_ambiguous, row.identifier, row.change
        )
        for row in together
        if row.change is not None
    ]
    return claimed, len(rows) > len(together)


def _is_too_early(connection: Connection) -> Q:
    """A profile is deleted after all that is under way about its shopper, which would make it anew."""
    under_way = Delivery.objects.filter(connection=connection, state=Delivery.State.SENDING)
    events = under_way.filter(event__customer=OuterRef("change__customer"))
    others = under_way.filter(change__customer=OuterRef("change__customer"))
    return Q(Exists(events) | Exists(others), change__kind=Kind.ERASE)


def prepare(
    connection: Connection, claimed: Sequence[ClaimedChange], *, kinds: Mapping[str, Carrying], at: datetime
) -> tuple[list[Change], dict[int, Verdict]]:
    """What to send, and the verdicts of those that are not to be sent (delivery id -> verdict)."""
    opted_out = consent.opt_outs(
        connection.merchant_id, [each.change for each in claimed if each.change.kind == Kind.SUBSCRIBE]
    )
    current = _current_properties(connection.merchant_id, [each.change for each in claimed])
    ready: list[Change] = []
    refused: dict[int, Verdict] = {}
    for row in claimed:
        channels = consent.still_given(row.change, opted_out)
        verdict = _objection(row.change, channels, kinds)
        if verdict is None:
            properties = current.get(row.change.customer_id or 0, {})
            ready.append(_outgoing(connection, row, channels, properties, at=at))
        else:
            refused[row.id] = verdict
    return ready, refused


def _together(rows: Sequence[Delivery], carrying: Mapping[str, Carrying]) -> list[Delivery]:
    """Those that travel with the first one."""
    if not rows:
        return []
    wanted = _request(rows[0].change)
    most = carrying[wanted[0]].most if wanted[0] in carrying else 1
    return [row for row in rows if _request(row.change) == wanted][: most if most > 1 else SINGLES]


def _request(change: ProfileChange | None) -> tuple[str, str, str]:
    """What is the same for all changes in one request."""
    return (change.kind, change.source, str(change.details.get("list_id", ""))) if change else ("", "", "")


def _objection(change: ProfileChange, channels: tuple[str, ...], kinds: Mapping[str, Carrying]) -> Verdict | None:
    is_erased = change.customer is not None and change.customer.status == Customer.Status.ERASED
    if is_erased and change.kind != Kind.ERASE:
        return verdicts.skipped(Delivery.Reason.CUSTOMER_ERASED)
    if change.kind not in kinds:
        return verdicts.rejected("The destination knows no such change of a profile.")
    if change.kind == Kind.SUBSCRIBE and not channels:
        return verdicts.skipped(Delivery.Reason.OPTED_OUT)
    return None


def _current_properties(merchant_id: int, changes: Sequence[ProfileChange]) -> dict[int, dict[str, Any]]:
    """What the profile properties that updates name are now: customer -> name -> value."""
    wanted = {each.customer_id: each.details.get("current", ()) for each in changes if each.customer_id is not None}
    return catalog.profile_properties(merchant_id, {key: names for key, names in wanted.items() if names})


def _outgoing(
    connection: Connection,
    row: ClaimedChange,
    channels: tuple[str, ...],
    current: Mapping[str, Any],
    *,
    at: datetime,
) -> Change:
    change = row.change
    details = {name: value for name, value in change.details.items() if name != "current"}
    if current:
        details["properties"] = {**details.get("properties", {}), **current}
    is_subscription = change.kind == Kind.SUBSCRIBE
    return Change(
        delivery_id=row.id,
        kind=change.kind,
        identifier=row.identifier,
        asked_at=change.asked_at,
        email=change.email,
        phone=change.phone,
        channels=channels,
        list_id=connection.marketing_list_id if is_subscription else str(change.details.get("list_id", "")),
        source=change.source,
        details=details,
        is_late=row.is_ambiguous or at - change.asked_at > LATE_AFTER,
    )
