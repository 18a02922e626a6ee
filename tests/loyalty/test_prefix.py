"""The names of loyalty's profile properties begin with the merchant's own prefix, wherever they are sent or shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from integrations import samples
from integrations.catalog import catalog
from integrations.models import Customer, Merchant
from tests.integrations.test_outgoing import prepared
from tests.loyalty.telling import member
from tests.loyalty.telling_tiers import assign, merchant_with_tiers
from tests.support import rest

USUAL = {"loyalty_member_tier": "gold", "loyalty_member_tier_name_fr": "Or", "loyalty_point_balance": 0}


@pytest.fixture
def merchant(db: None) -> Merchant:
    """Who has a member in the gold tier."""
    made = merchant_with_tiers()
    member(made)
    assign(made, "gold")
    return made


def sent(merchant: Merchant) -> dict[str, Any]:
    """The shopper's properties that go with an event about tiers, and one about points."""
    connection = merchant.connections.select_related("merchant").get()
    keys = ("tiers_updated", "points_added")
    connection.enabled_metrics = [*keys]
    customer = Customer.objects.get()
    rows = [prepared(connection, metric=key, customer_id=customer.pk, unique_id=key) for key in keys]
    return {name: value for each in rows for name, value in each.profile.properties.items()}


def test_properties_are_sent_under_the_merchants_prefix(merchant: Merchant) -> None:
    assert sent(merchant).items() >= USUAL.items()
    Merchant.objects.update(loyalty_prefix="omni_")
    told = sent(merchant)

    assert told.items() >= {f"omni_{name.removeprefix('loyalty_')}": value for name, value in USUAL.items()}.items()
    assert not any(name.startswith("loyalty_") for name in told)


def test_the_catalogue_and_samples_show_the_merchants_names(db: None) -> None:
    merchant = rest.merchant()
    Merchant.objects.update(loyalty_prefix="omni_")
    told = {each["key"]: each for each in rest.rest(merchant).get("metrics").json()["items"]}
    merchant.refresh_from_db()
    shown = samples.sample(catalog["points_added"], merchant)

    names = [each["name"] for each in told["points_added"]["profile_properties"]]
    assert names == ["omni_point_balance", "omni_point_balance_updated_at"]
    assert "LastOrderNumber" in {each["name"] for each in told["order_shipped"]["profile_properties"]}
    assert shown.profile == tuple(names)
    assert '"omni_point_balance"' in shown.as_json()


@pytest.mark.parametrize("prefix", ["", "_loyalty", "1x", "a b", "a$", "loyalty_\n", "x" * 31, "{x}", "ö"])
def test_a_prefix_that_is_no_word_is_refused(prefix: str) -> None:
    with pytest.raises(ValidationError):
        Merchant(name="Alba", loyalty_prefix=prefix).clean_fields()
