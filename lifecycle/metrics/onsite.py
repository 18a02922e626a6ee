"""What pages tell: a sign-up is begun, it is completed, an account is cancelled (Kiva Logic's "front side")."""

from __future__ import annotations

from decimal import Decimal

from integrations.catalog import Metric, Property, catalog
from lifecycle import profile
from lifecycle.onsite import calls
from lifecycle.onsite.facts import AccountCancelled, CheckoutStarted, SignUpCompleted
from lifecycle.pack import SUBSCRIPTION_LIFECYCLE
from lifecycle.services import pairs

ITEM_NAME = "Only Organic Small Box Fruits & Veggies"
ITEMS_EXAMPLE = [
    {
        "ProductID": "705",
        "SKU": "ONLYORGANICSMALLBOXFRUITSVEGGIES",
        "ProductName": ITEM_NAME,
        "Quantity": 1,
        "ItemPrice": 47.95,
        "RowTotal": 47.95,
        "ProductURL": "https://shop.example/item/only-organic-small-box",
        "ImageURL": "https://shop.example/images/small-box.jpg",
        "ProductCategories": ["Boxes"],
    }
]
CHECKOUT_VALUE = Decimal("47.95")


def _value(fact: CheckoutStarted) -> tuple[Decimal, str] | None:
    checkout = fact.checkout
    return None if checkout.value is None else (checkout.value, checkout.currency or fact.merchant.currency)


CHECKOUT: tuple[Property[CheckoutStarted], ...] = (
    Property(
        "ItemNames", "array", "What was chosen, by name.", lambda f: list(f.checkout.item_names), example=[ITEM_NAME]
    ),
    Property(
        "CheckoutURL",
        "string",
        "Where the sign-up is gone on with.",
        lambda f: f.checkout.url,
        example="https://shop.example/sign-up",
    ),
    Property(
        "Categories",
        "array",
        "The categories of what was chosen.",
        lambda f: list(f.checkout.categories),
        example=["Boxes"],
    ),
    Property(
        "Items",
        "array",
        "What was chosen, for templates: ProductID, SKU, ProductName, Quantity, ItemPrice, RowTotal, ProductURL, ImageURL and "
        "ProductCategories.",
        lambda f: list(f.checkout.items),
        example=ITEMS_EXAMPLE,
    ),
)

catalog.register(
    Metric(
        number=15,
        key=pairs.CHECKOUT.onsite,
        name=calls.STARTED_CHECKOUT,
        pack=SUBSCRIPTION_LIFECYCLE,
        fact=CheckoutStarted,
        doc="A shopper filled in the first page of the sign-up.",
        unique_id=lambda f: f"{f.customer_id}_{f.epoch}",
        unique_id_example="1141260_1589562236",
        identity="{customer_id}_{epoch of the checkout}",
        occurred_at=lambda f: f.at,
        properties=CHECKOUT,
        value=_value,
        value_example=CHECKOUT_VALUE,
        told_elsewhere=pairs.CHECKOUT.told_by_log,
    ),
    Metric(
        number=16,
        key="completed_signup",
        name=calls.COMPLETED_SIGNUP,
        pack=SUBSCRIPTION_LIFECYCLE,
        fact=SignUpCompleted,
        doc="A shopper completed the sign-up.",
        unique_id=lambda f: f"signup:{f.customer_id}:{f.epoch}",
        unique_id_example="signup:1141260:1589546132",
        identity="signup:{customer_id}:{signup_epoch}",
        occurred_at=lambda f: f.at,
        properties=(
            Property(
                "Completed Signup",
                "boolean",
                "Always true.",
                lambda f: True,
                example=True,
                is_always_sent=True,
            ),
        ),
        profile=(profile.SCHEDULE, profile.SIGN_UP_DATE, profile.STATUS, profile.HAS_FILLED_OUT_PROFILE),
    ),
    Metric(
        number=17,
        key=pairs.CANCELLING.onsite,
        name=calls.CANCELLED_ACCOUNT,
        pack=SUBSCRIPTION_LIFECYCLE,
        fact=AccountCancelled,
        doc="A subscriber cancelled the account.",
        unique_id=lambda f: f"account_cancel:{f.customer_id}:{f.epoch}",
        unique_id_example="account_cancel:1141260:1589546428",
        identity="account_cancel:{customer_id}:{cancel_epoch}",
        occurred_at=lambda f: f.at,
        properties=(
            Property(
                "Cancellation Date",
                "datetime",
                "When it was cancelled.",
                lambda f: f.at.isoformat(),
                example="2020-05-15T12:40:28+00:00",
                is_always_sent=True,
            ),
        ),
        profile=(profile.STATUS,),
        told_elsewhere=pairs.CANCELLING.told_by_log,
    ),
)
