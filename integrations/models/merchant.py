"""The tenant and its people."""

from __future__ import annotations

import secrets
import zoneinfo
from functools import cache, cached_property

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.utils.timezone import now

from integrations.tenancy import MerchantOwned

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"


def new_public_id() -> str:
    """A merchant's id in URLs: "m_" and 16 unguessable characters without look-alikes."""
    return "m_" + "".join(secrets.choice(_ALPHABET) for _ in range(16))


@cache
def time_zones() -> frozenset[str]:
    """The names of all IANA time zones, kept: to list them, Python opens every one of their six hundred files."""
    return frozenset(zoneinfo.available_timezones())


def validate_time_zone(name: str) -> None:
    """Raises `ValidationError` unless `name` is an IANA time zone."""
    if name not in time_zones():
        raise ValidationError(f"{name!r} is not an IANA time zone such as Europe/Berlin or America/New_York.")


class Merchant(models.Model):
    """A tenant: one company that sells, with its own customers, history and Klaviyo account."""

    class State(models.TextChoices):
        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        CLOSING = "closing", "Closing: erasure was asked for"

    public_id = models.CharField(max_length=24, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=120)
    timezone = models.CharField("time zone", max_length=64, default="UTC", validators=[validate_time_zone])
    currency = models.CharField(
        max_length=3,
        default="USD",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Three capital letters (ISO 4217): EUR.")],
    )
    metric_prefix = models.CharField(
        max_length=40,
        default="Tidings",
        validators=[
            RegexValidator(r"^[^{}:]+$", "A word without braces or colons: it stands before the metric's name.")
        ],
        help_text="The word before metric names. A merchant who comes from another provider keeps that one's word.",
    )
    loyalty_prefix = models.CharField(
        "prefix of loyalty's profile properties",
        max_length=30,
        default="loyalty_",
        db_default="loyalty_",
        validators=[
            RegexValidator(r"^[A-Za-z][A-Za-z0-9_]*\Z", "A letter, then letters, digits and underscores: loyalty_.")
        ],
        help_text="How the names of a shopper's properties begin that tell of points and tiers. After a change those of the "
        "name before stay on the profiles, as they were.",
    )
    state = models.CharField(max_length=12, choices=State, default=State.ACTIVE)
    created_at = models.DateTimeField(default=now, editable=False)

    def __str__(self) -> str:
        return self.name

    @cached_property
    def tz(self) -> zoneinfo.ZoneInfo:
        """The merchant's time zone, in which business days and local midnights are counted."""
        return zoneinfo.ZoneInfo(self.timezone)


class ShopDomain(MerchantOwned):
    """A shop that this merchant owns. A domain belongs to one merchant only: a message for another shop is refused."""

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="shop_domains")
    domain = models.CharField(
        max_length=253,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9.-]*\.[a-z]{2,}$", "A host name in small letters: shop.myshopify.com.")
        ],
    )

    def __str__(self) -> str:
        return self.domain


class Membership(MerchantOwned):
    """A user's role at a merchant. Staff need none: they see every merchant in the admin."""

    class Role(models.TextChoices):
        OWNER = "owner", "Owner"
        EDITOR = "editor", "Editor"
        VIEWER = "viewer", "Viewer"

    merchant = models.ForeignKey(Merchant, on_delete=models.CASCADE, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=8, choices=Role, default=Role.VIEWER)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["merchant", "user"], name="membership_once")]

    def __str__(self) -> str:
        return f"{self.user} is {self.role} of {self.merchant}"
