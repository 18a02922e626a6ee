"""Taking in returns and what is in them, whoever tells of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integrations import audit, clean, customers, inbound, locking
from integrations.audit import Actor
from integrations.models import Merchant
from integrations.sources import Handled
from returns.case import Case, locked_order
from returns.inputs import ItemInput, ReturnInput
from returns.models import Return
from returns.services import completion, items, steps
from tracking import money
from tracking.models import Order
from tracking.services import Contradiction


def ingest_return(*, merchant: Merchant, told: ReturnInput, at: datetime) -> Handled:
    """A return as a source knows it now, however old the news is. It is told of as soon as its order and its items are known.

    Raises `Contradiction` where the return is another order's.
    """
    order = _order_of(merchant, told)
    mine = Return.objects.for_merchant(merchant).select_for_update(of=("self",)).select_related("customer")
    row, is_new = mine.get_or_create(
        merchant=merchant,
        external_id=told.external_id,
        defaults={"created_at": told.created_at, "source_updated_at": told.updated_at, "recorded_at": at},
    )
    case = Case(merchant, locking.with_customer(row), _agreed(row, order, told))
    is_news = is_new or told.updated_at >= row.source_updated_at
    _describe(case, told, is_news=is_news, at=at)
    if is_news and told.is_open:
        steps.reopen(row, told.updated_at)
    reached = steps.reach(row, told.reached)
    handled = _take_in(case, told.items, reached, is_news=is_news, is_new=is_new, at=at)
    if is_new:
        inbound.release(merchant, f"return:{row.external_id}")
    return handled


def enter_return(*, merchant: Merchant, told: ReturnInput, by: Actor, at: datetime) -> Handled:
    """The same by a person, which stands in the merchant's trail. Raises `Contradiction`."""
    handled = ingest_return(merchant=merchant, told=told, at=at)
    audit.note(merchant, by, "entered a return", [handled.note], at=at)
    return handled


def add_items(*, merchant: Merchant, return_external_id: str, told: Sequence[ItemInput], at: datetime) -> Handled:
    """Items of a known return, new or changed; they wait for it."""
    case = Case.locked(merchant, return_external_id)
    if case is None:
        return Handled("waits for its return", waits_for=f"return:{return_external_id}")
    case.row.currency = case.row.currency or merchant.currency
    return _take_in(case, told, [], is_news=True, is_new=False, at=at)


def _take_in(
    case: Case, told: Sequence[ItemInput], reached: list[str], *, is_news: bool, is_new: bool, at: datetime
) -> Handled:
    row, was_complete = case.row, case.row.completed_at is not None
    if not is_new and (told or not was_complete):
        case.read_items()
    new = items.write(case, told, is_news=is_news, at=at)
    if was_complete:
        happened = steps.about_items(case, new) + steps.about_statuses(case, reached)
    else:
        happened = completion.complete(case, at=at)
    steps.save(row)
    event_ids = steps.announce(case, happened, at=at)
    done = "is new" if is_new else "is up to date" if is_news else "is known newer than that"
    return Handled(steps.note(case, done), is_new=is_new, event_ids=event_ids, **steps.about(case))


def _order_of(merchant: Merchant, told: ReturnInput) -> Order | None:
    """The order that the source names, locked: by its id, or else by its number, where that is only one order's."""
    if told.order_external_id:
        return locked_order(merchant, external_id=told.order_external_id)
    return locked_order(merchant, number=told.order_number) if told.order_number else None


def _agreed(row: Return, order: Order | None, told: ReturnInput) -> Order | None:
    """The order of a return that may be known: it does not change. Raises `Contradiction`."""
    if order is not None and row.order_id not in (None, order.pk):
        raise Contradiction(
            f"The return {row.external_id} is of the order {row.order_external_id}, not of another one."
        )
    if row.order_id is None and row.order_external_id and told.order_external_id not in ("", row.order_external_id):
        raise Contradiction(
            f"The return {row.external_id} waits for the order {row.order_external_id}, not for another."
        )
    return order if order is not None else row.order


def _describe(case: Case, told: ReturnInput, *, is_news: bool, at: datetime) -> None:
    """Set what a message tells: news overwrite, older words add what is not known. The caller saves.

    Raises `Contradiction` for another currency.
    """
    row, order = case.row, case.order
    values: dict[str, Any] = {
        "order_external_id": told.order_external_id[:64],
        "order_number": clean.text(told.order_number, 60),
        "new_order_number": clean.text(told.new_order_number, 60),
        "coverage": told.coverage,
        "delivery": told.delivery,
        "expires_at": told.expires_at,
    }
    if row.completed_at is not None:
        # Its order and its currency are settled.
        del values["order_external_id"], values["order_number"]
    else:
        row.currency = row.currency or told.currency or (order.currency if order else "")
        if told.value is not None or any(item.value is not None for item in told.items):
            row.currency = row.currency or case.merchant.currency
    if told.currency not in ("", row.currency):
        raise Contradiction(f"The return {row.external_id} is in {row.currency}, not in {told.currency}.")
    values["value_minor"] = money.minor(told.value, row.currency)
    if values["expires_at"] not in (None, row.expires_at):
        row.warned_at = None
    for name, value in values.items():
        if value not in (None, "") and (is_news or getattr(row, name) in (None, "")):
            setattr(row, name, value)
    if is_news:
        row.source_updated_at = told.updated_at
    if row.customer is None and (order is None or order.customer is None) and told.person.has_identity:
        row.customer = customers.resolve(case.merchant, told.person, at=at)
