"""The items of a return: writing what is told of them, and filling in what their order says."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from integrations import clean
from integrations.statements import insert_new
from returns.case import Case
from returns.inputs import ItemInput
from returns.models import ReturnItem
from tracking import money
from tracking.models import OrderLine

TEXTS = {
    "line_external_id": 64,
    "type": 12,
    "coverage": 12,
    "sku": 120,
    "product_name": 255,
    "variant_name": 255,
    "new_sku": 120,
    "new_product_name": 255,
    "new_variant_name": 255,
}
"""Texts of an item, and how long each may be."""

FIELDS = (*TEXTS, "quantity", "value_minor")


def write(case: Case, told: Sequence[ItemInput], *, is_news: bool, at: datetime) -> list[ReturnItem]:
    """Take in items, and return those that are new. What is known is changed by news only; what is not told stays."""
    known = {each.external_id: each for each in case.items}
    new: dict[str, ReturnItem] = {}
    changed: dict[str, ReturnItem] = {}
    for item in told:
        values = _values(case, item)
        row = known.get(item.external_id) or new.get(item.external_id)
        if row is None:
            row = ReturnItem(merchant=case.merchant, parent=case.row, external_id=item.external_id, recorded_at=at)
            new[item.external_id] = _set(row, {"quantity": 1} | values)
        elif is_news and any(getattr(row, name) != value for name, value in values.items()):
            changed[item.external_id] = _set(row, values)
    if new:
        fill_in(case, list(new.values()))
        case.items += insert_new(list(new.values()), identity=("parent", "external_id"))
    save(case, [each for key, each in changed.items() if key not in new])
    return list(new.values())


def fill_in(case: Case, items: Sequence[ReturnItem]) -> list[ReturnItem]:
    """Set what the lines of the order say and nobody told of the items; returns those that changed. The caller saves."""
    if case.order is None or not any(each.line_external_id for each in items):
        return []
    lines = OrderLine.objects.for_merchant(case.merchant).filter(order=case.order)
    by_id = {line.external_id: line for line in lines}
    changed = []
    for item in items:
        line = by_id.get(item.line_external_id)
        if line is not None and (missing := _missing(case, item, line)):
            changed.append(_set(item, missing))
    return changed


def save(case: Case, items: Sequence[ReturnItem]) -> None:
    """Write known items anew: one statement for any number, which costs what their number says."""
    if items:
        ReturnItem.objects.bulk_create(items, update_conflicts=True, unique_fields=["id"], update_fields=FIELDS)


def _values(case: Case, item: ItemInput) -> dict[str, Any]:
    """What a message tells."""
    texts = {name: clean.text(getattr(item, name), length) for name, length in TEXTS.items()}
    told: dict[str, Any] = {name: text for name, text in texts.items() if text}
    if item.quantity is not None:
        told["quantity"] = item.quantity
    if item.value is not None:
        told["value_minor"] = money.minor(item.value, case.row.currency)
    return told


def _missing(case: Case, item: ReturnItem, line: OrderLine) -> dict[str, Any]:
    """What the line says and the item does not. Its price is that of one unit, before discounts."""
    texts = {name: getattr(line, name) for name in ("sku", "product_name", "variant_name")}
    missing: dict[str, Any] = {name: text for name, text in texts.items() if text and not getattr(item, name)}
    if item.value_minor is None and line.price is not None:
        missing["value_minor"] = money.minor(line.price * item.quantity, case.row.currency)
    return missing


def _set(row: ReturnItem, values: dict[str, Any]) -> ReturnItem:
    for name, value in values.items():
        setattr(row, name, value)
    return row
