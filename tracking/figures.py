"""What orders and parcels add to a merchant's figures: how much is wrong now."""

from __future__ import annotations

from datetime import datetime

from integrations import figures
from integrations.figures import Tally
from integrations.models import Merchant
from tracking.models import Issue


@figures.register
def open_issues(merchant: Merchant, at: datetime) -> Tally:
    """Orders and parcels that stand still or were not delivered, with the page that lists them."""
    return Tally("Open issues", figures.counted(Issue.objects.for_merchant(merchant).open(at=at)), "issues")
