"""What an operation gets and gives, and the steps that all operations share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from . import resources
from .problems import ROOT, Problem, Refused
from .query import Collection, Item
from .rules import phone_is_ignored
from .schema import Object
from .store import Account

Json = dict[str, Any]


@dataclass(slots=True)
class Options:
    """Switches of the whole sandbox.

    `strict_bulk` answers what Klaviyo leaves open about bulk events in the harder way: an event that is already on
    record, or a bad phone number beside a good e-mail, fails the request. `pointers=False` leaves `source` out of every
    400. `processing_delay` is the time from the 202 until an event can be seen. `first_flow_delay` is the longest first
    delay of the merchant's flows: events this late still enter them.
    """

    strict_bulk: bool = False
    pointers: bool = True
    processing_delay: timedelta = timedelta()
    first_flow_delay: timedelta = timedelta()
    refused_emails: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Call:
    """One request that may be processed: authenticated, in scope, its body parsed."""

    account: Account
    options: Options
    at: datetime
    base: str
    revision: str
    query: Mapping[str, str]
    identifier: str
    body: Any
    size: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, document (None: an empty body) and extra headers."""

    status: int
    document: Json | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: its name in the OpenAPI description, the scopes it needs, its code."""

    name: str
    scopes: frozenset[str]
    run: Callable[[Call], Answer]


def check_shape(shape: Object, body: Any) -> None:
    """Raise Refused with every place of the body that the schema does not allow."""
    found: list[Problem] = []
    shape.check(body, ROOT, found)
    refuse(found)


def refuse(problems: Sequence[Problem]) -> None:
    """Raise Refused if there is a problem."""
    if problems:
        raise Refused(problems)


def partial_failure(*profiles: Json) -> dict[str, str]:
    """The header that names a phone number left out. `profiles` are the attributes of the request's profiles."""
    ignored = any(phone_is_ignored(attributes) for attributes in profiles)
    return {"X-Klaviyo-Partial-Failure": "phone_number"} if ignored else {}


def collection_answer(
    call: Call, collection: Collection[Item], items: list[Item], name: str, render: Callable[[Item, str], Json]
) -> tuple[Json, list[Item]]:
    """The document of one page of a collection, and the items on it."""
    collection.check_parameters(call.query)
    page, following, previous = collection.page(collection.select(items, call.query), call.query)
    address = f"{call.base}/api/{name}"
    links = {
        "self": _with_query(address, call.query),
        "next": following and _with_query(address, {**call.query, "page[cursor]": following}),
        "prev": previous and _with_query(address, {**call.query, "page[cursor]": previous}),
    }
    return {"data": [resources.sparse(render(item, call.base), call.query) for item in page], "links": links}, page


def _with_query(address: str, query: Mapping[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
