"""Connections: pausing and resuming them, and knowing whether their key still works."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import structlog

from integrations import custom_metrics, wake
from integrations.destinations import registry
from integrations.destinations.base import Account, ConnectionPaused, DeliveryError
from integrations.fields import Undecryptable
from integrations.models import Connection, Delivery, Lane

PAUSES = {
    "auth": Connection.State.PAUSED_KEY,
    "scope": Connection.State.PAUSED_SCOPE,
    "operator": Connection.State.PAUSED_OPERATOR,
}

PAUSED_BY_KEY = (Connection.State.PAUSED_KEY, Connection.State.PAUSED_SCOPE)

logger = structlog.get_logger(__name__)


def pause(connection: Connection, reason: str, *, detail: str, at: datetime) -> bool:
    """Stop sending until somebody helps: `reason` is "auth", "scope" or "operator". False: it was paused already."""
    state = PAUSES[reason]
    active = Connection.objects.filter(pk=connection.pk, state=Connection.State.ACTIVE)
    if not active.update(state=state, state_detail=detail[:300], state_since=at):
        return False
    connection.state, connection.state_detail, connection.state_since = state, detail[:300], at
    logger.warning("connection.paused", connection=connection.pk, merchant=connection.merchant_id, reason=reason)
    return True


def resume(connection: Connection, *, at: datetime) -> None:
    """Send again, at once: the lane's blocks and its circuit are forgotten."""
    Connection.objects.filter(pk=connection.pk).update(state=Connection.State.ACTIVE, state_detail="", state_since=at)
    Lane.objects.filter(connection=connection).update(blocked_until=None, blocked_reason="", failures=0, opened=0)
    connection.refresh_from_db()
    wake.after_commit(wake.DELIVER)


def inspect(kind: str, secret: str, metric_names: Sequence[str], *, address: str = "") -> Account:
    """Ask the destination live whose key this is and what it lacks. Raises a `DeliveryError` that says what is wrong."""
    return registry.get(kind).inspect(secret, address, metric_names)


def metric_names(connection: Connection) -> list[str]:
    """The names under which this connection's metrics appear at the destination."""
    merchant = connection.merchant
    known = custom_metrics.of(merchant)
    return [known[key].name_for(merchant) for key in connection.enabled_metrics if key in known]


def name_clashes(connection: Connection) -> dict[str, str]:
    """Metrics that are on and whose names another integration sends to the account, as the last check found: name -> which."""
    mine = {name.casefold() for name in metric_names(connection)}
    return {name: other for name, other in connection.foreign_metrics.items() if name.casefold() in mine}


def check(connection: Connection, *, at: datetime) -> Account | None:
    """Check the key live and write down what came of it; a key that works resumes a connection that its key had paused.

    Returns the account, or None where the key is refused. Raises `Unavailable` where no answer came: then nothing changed.
    """
    try:
        names, address = metric_names(connection), connection.address
        account = inspect(connection.kind, connection.secret.reveal(), names, address=address)
    except (ConnectionPaused, Undecryptable) as error:
        Connection.objects.filter(pk=connection.pk).update(checked_at=at)
        pause(connection, "auth", detail=str(error), at=at)
        return None
    note_account(connection, account, at=at)
    if connection.state in PAUSED_BY_KEY and not account.missing_scopes:
        resume(connection, at=at)
    return account


def note_account(connection: Connection, account: Account, *, at: datetime) -> None:
    """Keep what the destination said of the account."""
    connection.account_id = account.id
    connection.account_name = account.name[:160]
    connection.public_key = account.public_key
    connection.account_timezone = account.timezone
    connection.account_currency = account.currency
    connection.missing_scopes = list(account.missing_scopes)
    connection.foreign_metrics = dict(account.foreign_metrics)
    connection.checked_at = at
    _release(connection, at=at)
    connection.save(
        update_fields=[
            "account_id",
            "account_name",
            "public_key",
            "account_timezone",
            "account_currency",
            "missing_scopes",
            "foreign_metrics",
            "checked_at",
        ]
    )


def _release(connection: Connection, *, at: datetime) -> None:
    """Try once more what was held because the key lacked a scope: it may be another key, or may do more."""
    held = Delivery.objects.for_merchant(connection.merchant_id).filter(
        connection=connection, state=Delivery.State.HELD, reason=Delivery.Reason.SCOPE_MISSING
    )
    if held.update(state=Delivery.State.PENDING, reason=Delivery.Reason.NONE, not_before=at):
        wake.after_commit(wake.DELIVER)


def ensure_defaults(connection: Connection) -> None:
    """Create the default list and profile in the account where they are missing, and keep their ids (Whiplash).

    Raises a `DeliveryError`; makes requests, so it belongs outside a transaction.
    """
    merchant = connection.merchant
    defaults = registry.get(connection.kind).ensure_defaults(
        connection.secret.reveal(),
        connection.address,
        name=merchant.metric_prefix,
        email=f"{merchant.public_id.replace('_', '-')}@example.com",
    )
    connection.list_id, connection.default_profile_id = defaults.list_id, defaults.profile_id
    connection.save(update_fields=["list_id", "default_profile_id"])


def check_paused(*, at: datetime) -> int:
    """Try the keys of connections that their key, or a scope it lacked, had paused; returns how many work again."""
    resumed = 0
    paused = Connection.objects.filter(state__in=PAUSED_BY_KEY).select_related("merchant")
    for connection in paused:
        try:
            if check(connection, at=at) and connection.state == Connection.State.ACTIVE:
                resumed += 1
        except DeliveryError as error:
            logger.info("connection.check_failed", connection=connection.pk, error=type(error).__name__)
    return resumed
