"""What a page tells in one call. Pure: `lifecycle.services.onsite` turns it into rows.

Names of metrics and of properties are those that a page gives Klaviyo's own script, so that a shop changes its snippet's
first lines and nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any

from integrations.people import PersonInput
from lifecycle.inputs import PlanInput
from lifecycle.models.plan import ACTIVE, STOPPED, WORD_LENGTH
from lifecycle.onsite.source import CONSENT
from tracking.reading import YEARS, Record

IDENTIFY = "identify"
TRACK = "track"
STARTED_CHECKOUT = "Started Checkout"
COMPLETED_SIGNUP = "Completed Signup"
CANCELLED_ACCOUNT = "Cancelled Account"
METRICS = (STARTED_CHECKOUT, COMPLETED_SIGNUP, CANCELLED_ACCOUNT)

MOST_ITEMS = 100
TEXT_LENGTH = 500
LINK_LENGTH = 2_000
CUSTOMER_ID_LENGTH = 64
EARLY = timedelta(minutes=10)
"""How far the clock of who tells may be ahead of ours."""

_CUSTOMER_ID = re.compile(r"[\x21-\x7e]{1,64}")
_CURRENCY = re.compile("[A-Z]{3}")
_ITEM_TEXTS = ("ProductID", "SKU", "ProductName")
_ITEM_NUMBERS = ("Quantity", "ItemPrice", "RowTotal")
_ITEM_LINKS = ("ProductURL", "ImageURL")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What was chosen on the sign-up's first page. `value` is in major units of `currency`, "" for the merchant's own."""

    item_names: Sequence[str]
    categories: Sequence[str]
    url: str
    items: Sequence[dict[str, Any]]
    value: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a page: `metric` is what happened, "" where it only says who looks. `occurred_at` is when, in UTC.

    `customer_id` is the shop's own id of the shopper, "" where an identification gives none.
    """

    metric: str
    person: PersonInput
    customer_id: str
    occurred_at: datetime
    plan: PlanInput
    checkout: Checkout | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """Who a page says is there, as it was signed, and whether they consented to being tracked."""

    email: str
    customer_id: str
    hmac: str
    has_consent: bool


def read_claim(payload: Any) -> Claim:
    """Who and whether, before anything is kept. Raises `Malformed`."""
    body = Record(payload, "onsite")
    if not isinstance(payload.get("consent"), bool):
        raise body.complaint("consent", CONSENT)
    return Claim(
        email=body.required_text("email"),
        customer_id=_customer_id(body),
        hmac=body.text("hmac"),
        has_consent=payload["consent"],
    )


def read(payload: Any, *, tz: tzinfo, received_at: datetime) -> Call:
    """Read a call. A time without an offset is in `tz`, the merchant's. Raises `Malformed`."""
    body = Record(payload, "onsite")
    kind = body.required_text("call")
    if kind not in (IDENTIFY, TRACK):
        raise body.complaint("call", f"must be {IDENTIFY} or {TRACK}")
    properties = body.child("properties")
    told_at = _required_moment(body, "time", tz, received_at, may_be_ahead=kind == IDENTIFY)
    customer_id = _customer_id(body)
    person = PersonInput(
        email=body.required_text("email"),
        first_name=body.text("first_name"),
        last_name=body.text("last_name"),
        external_id=customer_id,
    )
    if kind == IDENTIFY:
        return Call("", person, customer_id, told_at, _plan(properties, told_at, tz, received_at))
    metric = body.required_text("metric")
    if metric not in METRICS:
        raise body.complaint("metric", f"must be one of {', '.join(METRICS)}")
    if not customer_id:
        raise body.complaint("customer_id", "must be the shop's own id of the shopper, by which the event is known")
    if metric == STARTED_CHECKOUT:
        plan = PlanInput(told_at)
        return Call(metric, person, customer_id, told_at, plan, _checkout(body, properties))
    if metric == COMPLETED_SIGNUP:
        at = _moment(properties, "SignUpDate", tz, received_at) or told_at
        told = _plan(properties, at, tz, received_at)
        plan = PlanInput(
            at,
            schedule=told.schedule,
            box=told.box,
            status=ACTIVE,
            has_filled_out_profile=told.has_filled_out_profile is not False,
            signed_up_at=at,
        )
        return Call(metric, person, customer_id, at, plan)
    at = _moment(properties, "Cancellation Date", tz, received_at) or told_at
    return Call(metric, person, customer_id, at, PlanInput(at, status=STOPPED))


def _customer_id(body: Record) -> str:
    """The shop's id, "" for somebody who has none yet. Raises `Malformed` for what cannot be one."""
    given = body.text("customer_id")
    if given and not _CUSTOMER_ID.fullmatch(given):
        raise body.complaint("customer_id", f"must be at most {CUSTOMER_ID_LENGTH} letters, digits and signs")
    return given


def _plan(properties: Record, at: datetime, tz: tzinfo, received_at: datetime) -> PlanInput:
    return PlanInput(
        at,
        schedule=_word(properties, "Schedule"),
        box=_word(properties, "Box"),
        status=_word(properties, "Status"),
        has_filled_out_profile=properties.flag("HasFilledOutProfile")
        if properties.has("HasFilledOutProfile")
        else None,
        signed_up_at=_moment(properties, "SignUpDate", tz, received_at),
    )


def _word(properties: Record, name: str) -> str | None:
    """Raises `Malformed` for one that is too long to be a word of the merchant's."""
    text = properties.text(name)
    if len(text) > WORD_LENGTH:
        raise properties.complaint(name, f"must be text of at most {WORD_LENGTH} characters")
    return text or None


def _required_moment(
    body: Record, name: str, tz: tzinfo, received_at: datetime, *, may_be_ahead: bool = False
) -> datetime:
    found = _moment(body, name, tz, received_at, may_be_ahead=may_be_ahead)
    if found is None:
        raise body.complaint(name, "must be a date and time like 2026-01-31T12:00:00+01:00")
    return found


def _moment(
    body: Record, name: str, tz: tzinfo, received_at: datetime, *, may_be_ahead: bool = False
) -> datetime | None:
    """A date and time in whole seconds, None where there is none. Raises `Malformed` for one that has not come yet.

    `may_be_ahead`: it is by the clock of a shopper's own machine, which may be off: what has not come yet is now.
    """
    text = body.text(name)
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
        moment = (moment if moment.tzinfo else moment.replace(tzinfo=tz)).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        raise body.complaint(name, "must be a date and time like 2026-01-31T12:00:00+01:00") from None
    if may_be_ahead:
        moment = min(moment, received_at.replace(microsecond=0))
    if moment.year not in YEARS or moment > received_at + EARLY:
        raise body.complaint(name, "must be a date and time that has come")
    return moment


def _checkout(body: Record, properties: Record) -> Checkout:
    """Raises `Malformed`."""
    value, currency = body.money("value"), body.text("currency").upper()
    if body.has("value") and (value is None or value < 0):
        raise body.complaint("value", "must be an amount like 47.95")
    if currency and not _CURRENCY.fullmatch(currency):
        raise body.complaint("currency", "must be three letters (ISO 4217) like EUR")
    return Checkout(
        item_names=_texts(properties, "ItemNames"),
        categories=_texts(properties, "Categories"),
        url=_link(properties, "CheckoutURL"),
        items=[_item(each) for each in list(properties.children("Items"))[:MOST_ITEMS]],
        value=value,
        currency=currency,
    )


def _link(body: Record, name: str) -> str:
    """An address, or "": one that is cut leads nowhere."""
    link = body.link(name)
    return link if len(link) <= LINK_LENGTH else ""


def _texts(body: Record, name: str) -> list[str]:
    return [text[:TEXT_LENGTH] for text in body.texts(name)[:MOST_ITEMS] if text]


def _item(item: Record) -> dict[str, Any]:
    """The keys of an item that are known, by the names that Klaviyo's templates use."""
    told: dict[str, Any] = {name: item.text(name)[:TEXT_LENGTH] for name in _ITEM_TEXTS}
    amounts = {name: item.money(name) for name in _ITEM_NUMBERS}
    told |= {name: _number(amount) for name, amount in amounts.items() if amount is not None}
    told |= {name: _link(item, name) for name in _ITEM_LINKS}
    told["ProductCategories"] = _texts(item, "ProductCategories")
    return {name: value for name, value in told.items() if value not in ("", [])}


def _number(amount: Decimal) -> int | float:
    return int(amount) if amount == amount.to_integral_value() else float(amount)
