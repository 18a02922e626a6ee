"""Taking on a merchant: one call that checks the key live, makes the rows, and says what the CSM should know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction

from integrations import connections, launch, merchants
from integrations.catalog import CUSTOM_START, Metric, catalog
from integrations.destinations import registry
from integrations.destinations.base import Account, ConnectionPaused, DeliveryError
from integrations.fields import Sealed
from integrations.models import Connection, Lane, Merchant, ShopDomain

KLAVIYO = "klaviyo"
"""Where every merchant's events go; other destinations are connected beside it (`integrations.connecting`)."""

logger = structlog.get_logger(__name__)


class KeyRefused(Exception):
    """The destination does not take the key. The text says why in plain words, and never contains the key."""


class DestinationUnreachable(Exception):
    """The key could not be checked, because the destination did not answer. Trying again later may do."""


class AccountTaken(Exception):
    """The key opens another merchant's account: ask the CSM whether that is meant. The text names both."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """What a CSM says of a new merchant.

    `secrets` is source -> webhook secret, "" for one to be made. `launch_at` is the instant from which live events flow;
    `backfill_days` before it are sent without starting flows. `may_share_account`: the CSM knows that the account is
    another merchant's too. `erases_profiles`: who is erased here is to be deleted at Klaviyo, too.
    """

    name: str
    timezone: str
    currency: str = "USD"
    metric_prefix: str = "Tidings"
    shop_domains: Sequence[str] = ()
    secrets: Mapping[str, str] = field(default_factory=dict)
    klaviyo_key: str
    metrics: Sequence[str]
    launch_at: datetime
    backfill_days: int = 0
    may_share_account: bool = False
    erases_profiles: bool = True


@dataclass(frozen=True, slots=True)
class Hook:
    """Where a source sends its messages, and the secret that signs them, shown this once."""

    source: str
    address: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Onboarded:
    """A merchant that was taken on. `warnings` are for the CSM to read."""

    merchant: Merchant
    connection: Connection
    account: Account
    hooks: list[Hook]
    warnings: list[str]


def onboard(application: Application, *, at: datetime) -> Onboarded:
    """Take on a merchant. Raises `KeyRefused`, `DestinationUnreachable` and `AccountTaken`: then nothing was written."""
    account = check_key(KLAVIYO, application.klaviyo_key, application.metrics, application.metric_prefix)
    if not application.may_share_account:
        refuse_taken(KLAVIYO, account)
    with transaction.atomic():
        merchant = Merchant.objects.create(
            name=application.name,
            timezone=application.timezone,
            currency=application.currency,
            metric_prefix=application.metric_prefix,
            created_at=at,
        )
        ShopDomain.objects.bulk_create(ShopDomain(merchant=merchant, domain=each) for each in application.shop_domains)
        hooks = [_hook(merchant, source, secret, at=at) for source, secret in application.secrets.items()]
        connection = connect(
            merchant,
            KLAVIYO,
            application.klaviyo_key,
            account,
            metrics=application.metrics,
            launch_at=application.launch_at,
            backfill_days=application.backfill_days,
            erases_profiles=application.erases_profiles,
            at=at,
        )
    warnings = advise(application.metrics, account) + _prepare_account(connection)
    launch.launch(connection, at=at)
    return Onboarded(merchant, connection, account, hooks, warnings)


def check_key(kind: str, key: str, metrics: Sequence[str], metric_prefix: str, *, address: str = "") -> Account:
    """Whose account at that kind of destination the key opens. Raises `KeyRefused` and `DestinationUnreachable`."""
    known = (catalog.metrics[each] for each in metrics if not each.startswith(CUSTOM_START))
    names = [each.name.format(prefix=metric_prefix) for each in known]
    try:
        return connections.inspect(kind, key, names, address=address)
    except ConnectionPaused as error:
        raise KeyRefused(error.detail) from None
    except DeliveryError as error:
        label = registry.get(kind).label
        raise DestinationUnreachable(f"{label} did not answer as it should: {error.detail}") from None


def refuse_taken(kind: str, account: Account, *, owner: Merchant | None = None) -> None:
    """Raises `AccountTaken` where the events of a merchant other than `owner` go to that account."""
    others = (
        Connection.objects.filter(kind=kind, account_id=account.id).exclude(account_id="").select_related("merchant")
    )
    other = others.exclude(merchant=owner).first() if owner else others.first()
    if other is not None:
        raise AccountTaken(
            f"This key opens the account {account.name or account.id} ({account.id}), to which the events of "
            f"{other.merchant.name} go: in one account their shoppers are mixed."
        )


def connect(
    merchant: Merchant,
    kind: str,
    key: str,
    account: Account,
    *,
    metrics: Sequence[str],
    launch_at: datetime,
    backfill_days: int = 0,
    erases_profiles: bool = False,
    address: str = "",
    at: datetime,
) -> Connection:
    """Make a connection of a merchant's, with its lane."""
    connection = Connection.objects.create(
        merchant=merchant,
        kind=kind,
        secret=Sealed.of(key),
        secret_last4=key[-4:],
        address=address,
        state_since=at,
        enabled_metrics=list(metrics),
        launch_at=launch_at,
        backfill_days=backfill_days,
        erases_profiles=erases_profiles,
    )
    Lane.objects.create(merchant=merchant, connection=connection)
    connections.note_account(connection, account, at=at)
    return connection


def hook_address(merchant: Merchant, source: str) -> str:
    """The address that a source of a merchant is told to call."""
    return f"{settings.PUBLIC_BASE_URL}/hooks/{merchant.public_id}/{source}/"


def metrics_of(packs: Sequence[str]) -> list[str]:
    """The keys of the metrics that come with some packs, by number. Raises `LookupError` for an unknown pack."""
    return [metric.key for pack in packs for metric in catalog.turned_on_with(pack)]


def advise(metrics: Sequence[str], account: Account) -> list[str]:
    """What a CSM should know: scopes that are missing, names that another integration uses, metrics that say the same."""
    advice = []
    if account.missing_scopes:
        advice.append(f"The key lacks the scopes {', '.join(account.missing_scopes)}: make a new key that has them.")
    for name, other in account.foreign_metrics.items():
        advice.append(f"The account already has the metric “{name}” from {other}: shoppers might be mailed twice.")
    for one, same in catalog.overlaps(metrics):
        advice.append(f"{_title(one)} and {_title(same)} tell shoppers the same thing: use one of them in flows.")
    return advice


def _title(metric: Metric[Any]) -> str:
    return f"“{metric.name.replace('{prefix}: ', '')}” ({metric.pack.label})"


def _hook(merchant: Merchant, source: str, secret: str, *, at: datetime) -> Hook:
    secret = secret or merchants.new_secret()
    merchants.set_source_secret(merchant, source, secret, at=at)
    return Hook(source, hook_address(merchant, source), secret)


def _prepare_account(connection: Connection) -> list[str]:
    """Whiplash: the account gets a default list and a default profile. Without them everything else still works."""
    try:
        connections.ensure_defaults(connection)
    except DeliveryError as error:
        logger.warning("onboarding.defaults_missing", connection=connection.pk, error=type(error).__name__)
        return ["The default list and profile could not be made in Klaviyo yet; “Check key” tries again."]
    return []
