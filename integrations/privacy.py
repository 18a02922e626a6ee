"""What each app holds of a shopper: how it is emptied, and how it is told.

Apps register it in their `privacy.py`, which are found at start like `admin.py`. What is registered is called with primary keys
of customers of one merchant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from integrations.models import Merchant


@dataclass(frozen=True, slots=True)
class Holding:
    """One kind of thing that an app holds of shoppers; `name` is its word in the record of an erasure and in a shopper's data.

    `empty` takes out whatever names the shopper, or leads to them, and leaves what is counted; it returns how many rows there
    are. It runs in a transaction, may run again, and then finds what was written meanwhile. `tell` gives all of it, oldest first,
    as values that JSON can hold, with a few statements for each page of rows. `references` are what messages about it refer to
    (`Handled.reference`): one that came before anybody knew whose it is belongs to the shopper, too.
    """

    name: str
    empty: Callable[[Merchant, Sequence[int]], int]
    tell: Callable[[Merchant, Sequence[int]], Iterable[dict[str, Any]]]
    references: Callable[[Merchant, Sequence[int]], Iterable[str]] = lambda merchant, customers: ()


_holdings: dict[str, Holding] = {}


def register(*holdings: Holding) -> None:
    """Add what an app holds. Raises `ValueError` for a name that is taken."""
    for each in holdings:
        if each.name in _holdings:
            raise ValueError(f"{each.name} is registered already")
        _holdings[each.name] = each


def holdings() -> Sequence[Holding]:
    """Everything that apps hold."""
    return tuple(_holdings.values())
