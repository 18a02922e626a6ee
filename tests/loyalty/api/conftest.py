"""A client of a merchant with tiers, an hour after the shopper became a member with 80 points."""

from __future__ import annotations

from typing import Any

import pytest

from integrations.models import Merchant
from loyalty.verification import verify
from tests.loyalty.telling import order
from tests.loyalty.telling_tiers import merchant_with_tiers
from tests.support import rest as world
from tests.support.rest import Rest
from tests.tracking.telling import AT, HOUR


@pytest.fixture
def merchant(db: None, time_machine: Any) -> Any:
    """In the end its ledger adds up."""
    time_machine.move_to(AT + HOUR)
    made = merchant_with_tiers()
    order(made)
    yield made
    assert verify(made) == []


@pytest.fixture
def api(merchant: Merchant) -> Rest:
    return world.rest(merchant)
