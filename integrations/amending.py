"""Changing a connection after its merchant was taken on: key, metrics, launch and freshness, in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from integrations import audit, connections, custom_metrics, launch, onboarding
from integrations.audit import Actor
from integrations.destinations import registry
from integrations.destinations.base import Account, DeliveryError
from integrations.fields import Sealed
from integrations.models import Connection

logger = structlog.get_logger(__name__)


class OtherAccount(Exception):
    """The new key opens another account than the connection's: ask the CSM whether that is meant. The text names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """What a connection shall be like. `key` "" keeps the key; `launch_at` None keeps the launch date.

    `marketing_list_id` is the list that sign-ups join. `erases_profiles`: who is erased here is to be deleted there, too.

    `may_change_account`: the CSM knows that the new key belongs to another account.
    """

    metrics: Sequence[str]
    freshness_hours: int
    backfill_days: int
    marketing_list_id: str
    erases_profiles: bool
    launch_at: datetime | None = None
    key: str = ""
    may_change_account: bool = False


def amend(connection: Connection, amendment: Amendment, *, by: Actor, at: datetime) -> list[str]:
    """Change a connection; returns what whoever asked should know. Another key is noted in the merchant's trail.

    A new key is checked live first. Raises `OtherAccount`, and `onboarding`'s `KeyRefused`, `DestinationUnreachable` and
    `AccountTaken`: then nothing was written.
    """
    list_before = connection.marketing_list_id
    account = _check(connection, amendment) if amendment.key else None
    with transaction.atomic():
        connection.enabled_metrics = list(amendment.metrics)
        connection.freshness_hours = amendment.freshness_hours
        if amendment.marketing_list_id != list_before:
            connection.marketing_list_id = amendment.marketing_list_id
        connection.erases_profiles = amendment.erases_profiles
        connection.save(update_fields=["enabled_metrics", "freshness_hours", "marketing_list_id", "erases_profiles"])
        if account is not None:
            _store_key(connection, amendment.key, account, by=by, at=at)
        launch_at = amendment.launch_at or connection.launch_at
        if (launch_at, amendment.backfill_days) != (connection.launch_at, connection.backfill_days):
            launch.reschedule(connection, launch_at=launch_at, backfill_days=amendment.backfill_days, at=at)
    return _conclude(connection, account) if account is not None else []


def change_key(connection: Connection, key: str, *, by: Actor, at: datetime) -> list[str]:
    """Give a connection another key of the same account, and leave everything else as it is. Returns and raises as `amend`."""
    as_it_is = Amendment(
        metrics=connection.enabled_metrics,
        freshness_hours=connection.freshness_hours,
        backfill_days=connection.backfill_days,
        marketing_list_id=connection.marketing_list_id,
        erases_profiles=connection.erases_profiles,
        key=key,
    )
    return amend(connection, as_it_is, by=by, at=at)


def choose(
    connection: Connection,
    *,
    metrics: Sequence[str],
    freshness_hours: int,
    metric_prefix: str,
    marketing_list_id: str,
    by: Actor,
    at: datetime,
) -> None:
    """Turn metrics on and off, and say how old an event may be, under which word it is sent, and which list sign-ups join: for
    what happens from now on.

    `connection` comes with its merchant.
    """
    merchant = connection.merchant
    details = _changes(connection, metrics, freshness_hours, metric_prefix, marketing_list_id)
    if not details:
        return
    with transaction.atomic():
        connection.enabled_metrics, connection.freshness_hours = list(metrics), freshness_hours
        connection.marketing_list_id = marketing_list_id
        connection.save(update_fields=["enabled_metrics", "freshness_hours", "marketing_list_id"])
        merchant.metric_prefix = metric_prefix
        merchant.save(update_fields=["metric_prefix"])
        audit.note(merchant, by, "changed what is sent", details, at=at)


def _changes(
    connection: Connection, metrics: Sequence[str], freshness_hours: int, metric_prefix: str, marketing_list_id: str
) -> list[str]:
    """A line for each difference, for people."""
    before, after, merchant = set(connection.enabled_metrics), set(metrics), connection.merchant
    known = custom_metrics.of(merchant)
    lines = [f"on: {known[key].name_for(merchant)}" for key in metrics if key not in before]
    lines += [f"off: {known[key].name_for(merchant)}" for key in sorted(before - after) if key in known]
    if freshness_hours != connection.freshness_hours:
        lines.append(f"freshness: {connection.freshness_hours} h → {freshness_hours} h")
    if metric_prefix != merchant.metric_prefix:
        lines.append(f"prefix: {merchant.metric_prefix} → {metric_prefix}")
    if marketing_list_id != connection.marketing_list_id:
        lines.append(f"list of sign-ups: {connection.marketing_list_id or 'none'} → {marketing_list_id or 'none'}")
    return lines


def verify(connection: Connection, *, at: datetime) -> Account | None:
    """Check the key live, and make the account's default list and profile where they are missing.

    Returns the account, or None where the key is refused. Raises a `DeliveryError` where no answer came.
    """
    account = connections.check(connection, at=at)
    if account is not None:
        _ensure_defaults(connection)
    return account


def _check(connection: Connection, amendment: Amendment) -> Account:
    kind, prefix = connection.kind, connection.merchant.metric_prefix
    account = onboarding.check_key(kind, amendment.key, amendment.metrics, prefix, address=connection.address)
    if not amendment.may_change_account:
        onboarding.refuse_taken(kind, account, owner=connection.merchant)
    is_other = bool(account.id and connection.account_id and account.id != connection.account_id)
    if is_other and not amendment.may_change_account:
        raise OtherAccount(
            f"This key opens the account {account.name or account.id} ({account.id}), but this connection belongs to "
            f"{connection.account_name or connection.account_id} ({connection.account_id})."
        )
    if is_other:
        # The lists of one account mean nothing in another.
        connection.list_id = connection.default_profile_id = connection.marketing_list_id = ""
    return account


def _store_key(connection: Connection, key: str, account: Account, *, by: Actor, at: datetime) -> None:
    connection.secret, connection.secret_last4 = Sealed.of(key), key[-4:]
    connection.save(update_fields=["secret", "secret_last4", "list_id", "default_profile_id"])
    connections.note_account(connection, account, at=at)
    name = registry.get(connection.kind).key.name
    audit.note(connection.merchant, by, f"changed the {name}", [f"it ends in …{key[-4:]}"], at=at)
    paused_by_key = (Connection.State.PAUSED_KEY, Connection.State.PAUSED_SCOPE)
    if connection.state in paused_by_key and not account.missing_scopes:
        connections.resume(connection, at=at)


def _conclude(connection: Connection, account: Account) -> list[str]:
    advice = onboarding.advise(connection.enabled_metrics, account)
    if not _ensure_defaults(connection):
        label = registry.get(connection.kind).label
        advice.append(f"The default list and profile could not be made in {label} yet; “Check key” tries again.")
    return advice


def _ensure_defaults(connection: Connection) -> bool:
    """Whether the account has its list and profile now. Without them everything else still works (Whiplash)."""
    if connection.list_id and connection.default_profile_id:
        return True
    try:
        connections.ensure_defaults(connection)
    except DeliveryError as error:
        logger.warning("amending.defaults_missing", connection=connection.pk, error=type(error).__name__)
        return False
    return True
