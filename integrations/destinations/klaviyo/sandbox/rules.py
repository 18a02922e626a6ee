"""Business rules that no schema holds: what Klaviyo's prose asks of an event or a profile. Pure functions.

Where the documentation can be read in two ways, the stricter reading is taken, so that a client that passes here passes
there: "KB" and "MB" are decimal, the properties object counts as the first of the ten levels.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from .problems import Path, Problem, invalid

Json = dict[str, Any]

MAX_BODY_BYTES = 5_000_000
MAX_PROFILE_BYTES = 100_000
MAX_STRING_BYTES = 100_000
MAX_LIST_ITEMS = 4_000
MAX_DEPTH = 10
MAX_PROPERTIES = 400
MAX_METRIC_NAME = 127
MAX_BULK_EVENTS = 1_000
MAX_LIST_MEMBERS = 1_000
EARLIEST_TIME = datetime(1990, 1, 1, tzinfo=UTC)
LATEST_TIME_AHEAD = timedelta(days=365)

BAD_EMAIL = "Invalid email address"
BAD_PHONE = "Invalid phone number format (Example of a valid format: +12345678901)"

EVENT_IDENTIFIERS = ("email", "phone_number", "external_id", "anonymous_id", "_kx")
IMPORT_IDENTIFIERS = ("email", "phone_number", "external_id", "_kx")
CREATE_IDENTIFIERS = ("email", "phone_number", "external_id")

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_EMAIL = re.compile(
    rf"[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{{|}}~-]+)*@(?:{_LABEL}\.)+{_LABEL}"
)
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d)")
_CURRENCY_CODES = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD "
    "CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK "
    "LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR "
    "PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL "
    "THB TJS TMT TND TOP TRY TTD TWD TZS UAH UGX USD USN UYI UYU UYW UZS VED VES VND VUV WST XAF XCD XCG XOF XPF "
    "YER ZAR ZMW ZWG"
)
_CURRENCIES = frozenset(_CURRENCY_CODES.split())


def email_is_valid(email: str) -> bool:
    """Klaviyo does not publish its rule; this one takes what mail servers take without quoting."""
    local, _, domain = email.rpartition("@")
    return (
        len(email) <= 254
        and len(local) <= 64
        and _EMAIL.fullmatch(email) is not None
        and not domain.rpartition(".")[2].isdigit()
    )


def phone_is_valid(phone: str) -> bool:
    """E.164 by form. Whether the number exists or its country is served is not looked at."""
    return _PHONE.fullmatch(phone) is not None


def phone_is_ignored(attributes: Json) -> bool:
    """A bad phone next to a good e-mail is dropped and named in X-Klaviyo-Partial-Failure."""
    phone, email = attributes.get("phone_number"), attributes.get("email")
    return phone is not None and not phone_is_valid(phone) and email is not None and email_is_valid(email)


def parse_time(text: str) -> datetime | None:
    """An RFC 3339 time with an offset, or None for anything else."""
    if _TIME.fullmatch(text) is None:
        return None
    try:
        return datetime.fromisoformat(text.upper())
    except ValueError:
        return None


def profile_problems(
    data: Json,
    place: Path,
    *,
    identifiers: tuple[str, ...],
    refused_emails: frozenset[str],
    phone_must_be_valid: bool = False,
) -> list[Problem]:
    """What is wrong with a profile resource whose shape is right.

    `phone_must_be_valid` refuses a bad phone even beside a good e-mail. `refused_emails` are addresses, in lower case,
    that a test has poisoned.
    """
    attributes, inside = data["attributes"], (place, "attributes")
    found: list[Problem] = []
    if not data.get("id") and not any(attributes.get(name) for name in identifiers):
        detail = f"At least one of these identifiers is required: {', '.join(('id', *identifiers))}."
        found.append(invalid(detail, inside))
    email, phone = attributes.get("email"), attributes.get("phone_number")
    if email is not None and (not email_is_valid(email) or email.lower() in refused_emails):
        found.append(invalid(BAD_EMAIL, (inside, "email")))
    if phone is not None and not phone_is_valid(phone) and (phone_must_be_valid or not phone_is_ignored(attributes)):
        found.append(invalid(BAD_PHONE, (inside, "phone_number")))
    if attributes.get("properties"):
        _walk(attributes["properties"], (inside, "properties"), 1, found)
    return found


def event_problems(attributes: Json, place: Path, at: datetime) -> list[Problem]:
    """What is wrong with the attributes of an event whose shape is right. `place` is that of the attributes."""
    found: list[Problem] = []
    name_place = ((((place, "metric"), "data"), "attributes"), "name")
    name = attributes["metric"]["data"]["attributes"]["name"]
    if not name.strip():
        found.append(invalid("'name' must not be empty.", name_place))
    elif len(name) > MAX_METRIC_NAME:
        found.append(invalid("'name' must be less than 128 characters.", name_place))
    properties = attributes["properties"]
    if len(properties) > MAX_PROPERTIES:
        found.append(invalid(f"An event must not exceed {MAX_PROPERTIES} properties.", (place, "properties")))
    _walk(properties, (place, "properties"), 1, found)
    time = attributes.get("time")
    if time is not None:
        _check_time(time, (place, "time"), at, found)
    currency = attributes.get("value_currency")
    if currency is not None and currency not in _CURRENCIES:
        found.append(invalid(f"'{currency}' is not an ISO 4217 currency code.", (place, "value_currency")))
    if attributes.get("unique_id") == "":
        found.append(invalid("'unique_id' must not be empty.", (place, "unique_id")))
    return found


def bulk_problems(groups: list[Json], place: Path) -> list[Problem]:
    """Whether a bulk request holds too few or too many events. The limit counts over all its groups."""
    counts = [len(group["attributes"]["events"]["data"]) for group in groups]
    if not counts:
        return [invalid("At least one event is required.", place)]
    if sum(counts) > MAX_BULK_EVENTS:
        return [invalid(f"A request must not hold more than {MAX_BULK_EVENTS} events.", place)]
    detail = "At least one event is required for each profile."
    empty = (index for index, count in enumerate(counts) if not count)
    return [invalid(detail, ((((place, index), "attributes"), "events"), "data")) for index in empty]


def _check_time(text: str, place: Path, at: datetime, found: list[Problem]) -> None:
    time = parse_time(text)
    if time is None:
        found.append(invalid("'time' must be an ISO 8601 time with an offset.", place))
    elif time < EARLIEST_TIME:
        found.append(invalid("'time' must be after the year 1990.", place))
    elif time > at + LATEST_TIME_AHEAD:
        found.append(invalid("'time' must not be more than 1 year in the future.", place))


def _walk(value: Any, place: Path, depth: int, found: list[Problem]) -> None:
    """Look for strings, lists and nesting beyond what Klaviyo takes."""
    if depth > MAX_DEPTH:
        found.append(invalid(f"Properties must not be nested more than {MAX_DEPTH} levels deep.", place))
        return
    if type(value) is list and len(value) > MAX_LIST_ITEMS:
        found.append(invalid(f"A list must not hold more than {MAX_LIST_ITEMS} items.", place))
        return
    for key, item in value.items() if type(value) is dict else enumerate(value):
        kind = type(item)
        if kind is str:
            # A character takes at most four bytes: only a long string is worth encoding.
            if len(item) * 4 > MAX_STRING_BYTES and len(item.encode()) > MAX_STRING_BYTES:
                found.append(invalid("A string must not be larger than 100 KB.", (place, key)))
        elif kind is dict or kind is list:
            _walk(item, (place, key), depth + 1, found)
