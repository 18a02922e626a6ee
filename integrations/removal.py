"""Removing a merchant: all of its rows, two days after it was asked for. Until then it can be stopped.

Tables are emptied from those that point to others to those that are pointed to, some rows at a time, each time in a transaction
of its own. A run that breaks off goes on with the next tick. Every table of every app that has a merchant is found, so that a
new one is never forgotten.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from typing import Any, NamedTuple

import structlog
from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.db import IntegrityError, connection, transaction
from django.db.models import Exists, F, OuterRef

from integrations import audit, doors
from integrations.audit import NAME_LENGTH, Actor
from integrations.models import (
    ApiToken,
    Connection,
    Invitation,
    Lease,
    Membership,
    Merchant,
    MerchantRemoval,
    ShopDomain,
    SourceSecret,
)
from integrations.sources import Handled
from integrations.statements import Among
from integrations.tenancy import MerchantOwned

AFTER = timedelta(hours=48)
"""How long a merchant who is to be removed can come back."""

BATCH = 1_000
DOORS = (SourceSecret, ApiToken, Invitation)
"""By these something new comes in: they go first."""

logger = structlog.get_logger(__name__)


class Plan(NamedTuple):
    """In which order tables are emptied, after those relations are undone that go round in a circle."""

    loose: list[tuple[type[MerchantOwned], str]]
    tables: list[type[MerchantOwned]]


class _TimeIsOver(Exception):
    """The rest is the next tick's."""


def request(merchant: Merchant, *, by: Actor, at: datetime) -> MerchantRemoval:
    """Have a merchant removed in 48 hours: nothing is delivered any more. One who is to be removed already stays so."""
    with transaction.atomic():
        locked = Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)
        row, is_new = MerchantRemoval.objects.get_or_create(
            public_id=locked.public_id,
            stopped_at=None,
            defaults={
                "state_before": locked.state,
                "asked_at": at,
                "asked_by": by.name[:NAME_LENGTH],
                "due_at": at + AFTER,
            },
        )
        if is_new:
            Merchant.objects.filter(pk=merchant.pk).update(state=Merchant.State.CLOSING)
            due = f"{row.due_at:%Y-%m-%d %H:%M} UTC"
            audit.note(merchant, by, "asked to remove the merchant", [f"all its data goes on {due}"], at=at)
    return row


def stop(merchant: Merchant, *, by: Actor, at: datetime) -> bool:
    """Keep a merchant who was to be removed; it goes on as before. False where there is nothing to stop, or it has begun."""
    with transaction.atomic():
        open_ones = MerchantRemoval.objects.select_for_update().filter(public_id=merchant.public_id, stopped_at=None)
        row = open_ones.first()
        if row is None or row.began_at is not None:
            return False
        row.stopped_at, row.stopped_by = at, by.name[:NAME_LENGTH]
        row.save(update_fields=["stopped_at", "stopped_by"])
        closing = Merchant.objects.filter(pk=merchant.pk, state=Merchant.State.CLOSING)
        closing.update(state=row.state_before)
        audit.note(merchant, by, "stopped the removal of the merchant", at=at)
    return True


def requested(*, merchant: Merchant, by: Actor, at: datetime) -> Handled:
    """A shop asked for its data to be erased. Where the merchant has other shops, whose data is whose is for people to say."""
    if ShopDomain.objects.for_merchant(merchant).count() > 1:
        audit.note(merchant, by, "asked to erase one of several shops", ["nothing was removed: staff decide"], at=at)
        return Handled("the merchant has other shops: nothing is removed until staff say so")
    row = request(merchant, by=by, at=at)
    return Handled(f"the merchant is closing: all its data is removed on {row.due_at:%Y-%m-%d %H:%M} UTC")


def of(merchant: Merchant) -> MerchantRemoval | None:
    """The removal that is to come."""
    return MerchantRemoval.objects.filter(public_id=merchant.public_id, stopped_at=None).first()


def remove_due(*, at: datetime, seconds: float) -> int:
    """Go on removing merchants whose time has come, for so many seconds; returns how many are gone."""
    deadline, gone = time.monotonic() + seconds, 0
    for key in _due(at=at):
        try:
            gone += _remove(key, deadline, at=at)
        except _TimeIsOver:
            return gone
        except IntegrityError:
            # Something was written to a table that was empty: the next tick finds it.
            logger.warning("removal.again", removal=key)
    return gone


def _due(*, at: datetime) -> list[int]:
    waiting = MerchantRemoval.objects.filter(stopped_at=None, removed_at=None, due_at__lte=at)
    return list(waiting.order_by("due_at").values_list("pk", flat=True))


def _remove(key: int, deadline: float, *, at: datetime) -> bool:
    row = _begin(key, at=at)
    merchant = Merchant.objects.filter(public_id=row.public_id).first() if row else None
    if row is None:
        return False
    if merchant is not None:
        _close(merchant)
        _forget_log(merchant)
        plan = planned()
        for model, name in plan.loose:
            for keys in _batches(model, merchant, deadline, **{f"{name}__isnull": False}):
                model._default_manager.filter(Among(F("pk"), keys), merchant=merchant).update(**{name: None})
        for model in plan.tables:
            for keys in _batches(model, merchant, deadline):
                _delete(row, model, keys)
        _delete(row, Merchant, [merchant.pk])
        logger.warning("merchant.removed", merchant=row.public_id)
    MerchantRemoval.objects.filter(pk=row.pk).update(removed_at=at)
    return True


def _begin(key: int, *, at: datetime) -> MerchantRemoval | None:
    """From now on it cannot be stopped; None where that was done in this very moment."""
    mine = MerchantRemoval.objects.filter(pk=key, stopped_at=None, removed_at=None)
    mine.filter(began_at=None).update(began_at=at)
    return mine.first()


def _close(merchant: Merchant) -> None:
    """Nothing comes in any more, and nobody looks in: who belongs to no other merchant goes, too."""
    for model in DOORS:
        model._default_manager.filter(merchant=merchant).delete()
    doors.forget(merchant)
    elsewhere = Membership.objects.exclude(merchant=merchant).filter(user=OuterRef("pk"))
    people = User.objects.filter(memberships__merchant=merchant, is_staff=False, is_superuser=False)
    for person in people.exclude(Exists(elsewhere)).distinct():
        person.delete()
    lanes = Connection.objects.for_merchant(merchant).values_list("pk", flat=True)
    Lease.objects.filter(key__in=[f"inbound:{merchant.pk}", *(f"lane:{pk}" for pk in lanes)]).delete()


def _forget_log(merchant: Merchant) -> None:
    """What the admin's log says of the merchant's rows: it calls them by their names."""
    LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(Merchant), object_id=str(merchant.pk)
    ).delete()
    for model in planned().tables:
        entries = LogEntry.objects.filter(content_type=ContentType.objects.get_for_model(model))
        logged = [int(each) for each in entries.values_list("object_id", flat=True).distinct() if each]
        mine = model._default_manager.filter(Among(F("pk"), logged), merchant=merchant).values_list("pk", flat=True)
        entries.filter(object_id__in=[str(each) for each in mine]).delete()


def _batches(model: type[MerchantOwned], merchant: Merchant, deadline: float, **only: Any) -> Iterator[list[int]]:
    """Keys of the merchant's rows, so many at a time: one walk along the primary key. Raises `_TimeIsOver`."""
    mine, last = model._default_manager.filter(merchant=merchant, **only).order_by("pk"), 0
    while keys := list(mine.filter(pk__gt=last).values_list("pk", flat=True)[:BATCH]):
        if time.monotonic() >= deadline:
            raise _TimeIsOver
        yield keys
        last = keys[-1]


def _delete(row: MerchantRemoval, model: Any, keys: list[int]) -> None:
    """Delete rows that nothing points to. Django's own way looks through every table that might, for each batch."""
    where, parameters = (
        model._default_manager.filter(Among(F("pk"), keys)).order_by().values("pk").query.sql_with_params()
    )
    table, column = (connection.ops.quote_name(each) for each in (model._meta.db_table, model._meta.pk.column))
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE {column} IN ({where})", parameters)  # noqa: S608  # names of ours
        MerchantRemoval.objects.filter(pk=row.pk).update(rows=F("rows") + cursor.rowcount)


@cache
def planned() -> Plan:
    """Every table with a merchant's rows, children before their parents."""
    owned = [model for model in apps.get_models() if issubclass(model, MerchantOwned)]
    plan, begun = Plan([], []), set()

    def visit(model: type[MerchantOwned]) -> None:
        begun.add(model)
        for child, name in _pointing_to(model, owned):
            if child not in begun:
                visit(child)
            elif child not in plan.tables:
                plan.loose.append((child, name))
        plan.tables.append(model)

    for model in owned:
        if model not in begun:
            visit(model)
    return plan


def _pointing_to(model: type[MerchantOwned], owned: list[Any]) -> Iterator[tuple[type[MerchantOwned], str]]:
    for child in owned:
        for field in child._meta.concrete_fields:
            if field.is_relation and field.related_model is model:
                yield child, field.name
