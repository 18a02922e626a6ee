"""Writing what clients tell: by the services of every source. What stands there then is told, with the status of the answer."""

from __future__ import annotations

from datetime import datetime

from integrations import erasure
from integrations.api import problems
from integrations.api.problems import Problem
from integrations.models import Merchant
from integrations.sources import Handled
from returns import services
from returns.api import bodies, rows
from tracking.api.writing import Told, Written, answer
from tracking.services import Contradiction


def told_return(merchant: Merchant, told: Told, *, at: datetime) -> Written:
    """Take in a return. Raises `Problem`."""
    try:
        handled = services.ingest_return(merchant=merchant, told=bodies.return_input(told, at=at), at=at)
    except Contradiction as error:
        raise Problem("conflict", str(error)) from None
    return _written(merchant, told["external_id"], handled, at=at)


def items(merchant: Merchant, external_id: str, told: Told, *, at: datetime) -> Written:
    """Take in items of a return. Raises `Problem`."""
    given = [bodies.item_input(each) for each in told["items"]]
    handled = services.add_items(merchant=merchant, return_external_id=external_id, told=given, at=at)
    return _written(merchant, external_id, handled, at=at)


def _written(merchant: Merchant, external_id: str, handled: Handled, *, at: datetime) -> Written:
    erasure.keep_erased(merchant, handled.customer_id, at=at)
    row = rows.return_of(merchant, external_id)
    if handled.waits_for or row is None:
        raise problems.not_found("return")
    return answer(handled, rows.told_return(row))
