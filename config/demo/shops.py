"""Four made-up shops of different kinds: what they sell, which packs they use, and since when they are live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from config.demo.people import AMERICANS, BRITONS, CANADIANS, GERMANS, Person

TRACKING, STATUS, UPDATES = "order_tracking", "order_status", "returns_and_tracking"
SUBSCRIBERS = "subscription_lifecycle"
POINTS_ADDED = "points_added"
"""A metric: of the pack `loyalty`, the only one that is turned on where a shop has a programme."""


@dataclass(frozen=True, slots=True)
class Product:
    """Something to buy. `price` is in the shop's currency, in major units."""

    title: str
    variant: str
    sku: str
    price: Decimal


@dataclass(frozen=True, slots=True)
class Shop:
    """A merchant of the demo. `account` is the public key of its Klaviyo account, `key` the private one.

    One with `loyalty` has a programme for points.

    It went live `launched_ago` before the demo; of the `backfill_days` before that, events are recorded without flows.
    """

    name: str
    domain: str
    account: str
    packs: tuple[str, ...]
    prefix: str
    timezone: str
    currency: str
    carrier: str
    launched_ago: timedelta
    backfill_days: int
    shoppers: tuple[Person, ...]
    products: tuple[Product, ...]
    loyalty: bool = False

    @property
    def turned_on(self) -> tuple[str, ...]:
        """Packs, and metrics by themselves."""
        return (*self.packs, POINTS_ADDED) if self.loyalty else self.packs

    @property
    def has_subscribers(self) -> bool:
        """Whether it sells by subscription."""
        return SUBSCRIBERS in self.packs

    @property
    def key(self) -> str:
        """The private key of its Klaviyo account, which the sandbox is told."""
        return f"pk_sandbox_{self.account.lower()}"


def _products(*rows: tuple[str, str, str, str]) -> tuple[Product, ...]:
    return tuple(Product(title, variant, sku, Decimal(price)) for title, variant, sku, price in rows)


LARKSPUR = Shop(
    name="Larkspur Outfitters",
    domain="larkspur-outfitters.myshopify.com",
    account="LARK01",
    packs=(TRACKING,),
    prefix="Parcelbird",
    timezone="America/New_York",
    currency="USD",
    carrier="UPS",
    launched_ago=timedelta(days=31),
    backfill_days=0,
    shoppers=AMERICANS,
    products=_products(
        ("Field jacket", "Moss / M", "LK-FJ-M", "168.00"),
        ("Merino crew", "Oat / S", "LK-MC-S", "92.00"),
        ("Canvas tote", "Natural", "LK-CT", "38.00"),
        ("Rain shell", "Slate / L", "LK-RS-L", "214.00"),
        ("Wool socks", "Two pairs", "LK-WS-2", "26.00"),
    ),
)

TEEKONTOR = Shop(
    name="Teekontor Alster",
    domain="teekontor-alster.myshopify.com",
    account="TEEK02",
    packs=(STATUS, UPDATES),
    prefix="Tidings",
    timezone="Europe/Berlin",
    currency="EUR",
    carrier="DHL",
    launched_ago=timedelta(days=31),
    backfill_days=0,
    shoppers=GERMANS,
    products=_products(
        ("Assam Mokalbari", "250 g", "TK-AM-250", "14.90"),
        ("Ostfriesenmischung", "500 g", "TK-OF-500", "19.50"),
        ("Sencha", "100 g", "TK-SE-100", "11.20"),
        ("Teekanne aus Glas", "1,2 l", "TK-KA-12", "34.00"),
        ("Kluntje", "500 g", "TK-KL-500", "4.80"),
    ),
    loyalty=True,
)

NORTHLIGHT = Shop(
    name="Northlight Coffee",
    domain="northlight-coffee.myshopify.com",
    account="NRTH03",
    packs=(TRACKING, STATUS),
    prefix="Tidings",
    timezone="America/Toronto",
    currency="CAD",
    carrier="CanadaPost",
    launched_ago=timedelta(days=21),
    backfill_days=3,
    shoppers=CANADIANS,
    products=_products(
        ("Aurora blend", "340 g, whole bean", "NL-AU-340", "21.00"),
        ("Winter roast", "1 kg, whole bean", "NL-WR-1K", "52.00"),
        ("Decaf Solstice", "340 g, filter", "NL-DS-340", "22.50"),
        ("Pour-over kit", "Two cups", "NL-PK-2", "64.00"),
    ),
)

QUINCE = Shop(
    name="Quince & Barrow",
    domain="quince-and-barrow.myshopify.com",
    account="QNCE04",
    packs=(SUBSCRIBERS,),
    prefix="Tidings",
    timezone="Europe/London",
    currency="GBP",
    carrier="DPD",
    launched_ago=timedelta(days=15),
    backfill_days=0,
    shoppers=BRITONS,
    products=_products(
        ("Small veg box", "For two", "QB-VS", "18.50"),
        ("Large veg box", "For four", "QB-VL", "29.00"),
        ("Fruit box", "In season", "QB-FR", "16.00"),
    ),
)

SENDERS = (LARKSPUR, TEEKONTOR, NORTHLIGHT)
"""Those of whose orders and parcels webhooks tell."""

SHOPS = (*SENDERS, QUINCE)
