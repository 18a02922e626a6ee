"""What of a shopper stands in the tables of `integrations`, and how it is emptied.

Most of it hangs on the customer's row, and is emptied by set. The rest only names the shopper: messages that nobody could make
anything of, answers kept for repeats, what people looked for. It is found by address, phone number and id, read as words, so that
nobody else's goes with it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson
import phonenumbers
from django.db.models import F, Func, IntegerField, Q, QuerySet, TextField, Value
from django.db.models.functions import Cast

from integrations.models import (
    AuditEntry,
    ConsentRecord,
    Customer,
    CustomerExternalId,
    Delivery,
    DeliveryAttempt,
    Event,
    IdempotentRequest,
    InboundMessage,
    Lane,
    Merchant,
    ProfileChange,
    Replay,
    Suppression,
    TestEvent,
)

State = Delivery.State
OPEN = (State.PENDING, State.HELD)
EMPTIED = "emptied: its shopper was erased"
ERASED = "(erased)"
AT_ONCE = 500
"""Bodies in memory at a time."""

_BETWEEN = r"[\s().\-/]*"
"""What may stand between the digits of a phone number."""


@dataclass(frozen=True, slots=True)
class Named:
    """By what texts name a shopper: e-mail addresses in small letters, phone numbers as E.164, ids in the shop."""

    emails: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    external_ids: frozenset[str] = frozenset()

    @property
    def addresses(self) -> list[str]:
        """What can be searched for in a text."""
        return sorted(self.emails | self.phones)


class Reader:
    """Looks whether texts name a shopper."""

    def __init__(self, named: Named) -> None:
        self._named = named

    @cached_property
    def _addresses(self) -> re.Pattern[str]:
        """Addresses as words of their own: ann@shop.example is not named by joann@shop.example."""
        emails = [rf"(?<![\w.+\-]){re.escape(each)}(?![\w\-]|\.\w)" for each in sorted(self._named.emails)]
        phones = [rf"(?<!\d){digits}(?!\d)" for each in sorted(self._named.phones) for digits in _spellings(each)]
        return re.compile("|".join([*emails, *phones]) or "(?!)", re.IGNORECASE)

    def in_text(self, text: str) -> bool:
        """Whether a text names the shopper."""
        return bool(self._addresses.search(text))

    def in_body(self, body: bytes) -> bool:
        """Whether a raw message does. JSON is read, because it may write any letter as an escape."""
        try:
            return self.in_data(orjson.loads(body))
        except orjson.JSONDecodeError:
            return self.in_text(body.decode(errors="replace"))

    def in_data(self, data: Any, name: str = "") -> bool:
        """Whether anything in a JSON document does; ids count where they are a customer's."""
        if isinstance(data, dict):
            return any(self.in_text(key) or self.in_data(each, f"{name}.{key}") for key, each in data.items())
        if isinstance(data, list):
            return any(self.in_data(each, name) for each in data)
        if name.endswith((".customer.id", ".customer_id")) and str(data) in self._named.external_ids:
            return True
        return isinstance(data, str) and self.in_text(data)


def _spellings(phone: str) -> Iterator[str]:
    """Patterns of a number's digits, as they are dialled abroad and at home, however they are grouped."""
    number = phonenumbers.parse(phone)
    at_home = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
    for spelt in (phone, at_home):
        yield _BETWEEN.join(each for each in spelt if each.isdigit())


def named(merchant: Merchant, customers: Sequence[Customer]) -> Named:
    """All addresses under which these shoppers were ever known here, and their ids."""
    keys = [each.pk for each in customers]
    ids = CustomerExternalId.objects.for_merchant(merchant).filter(customer__in=keys)
    mine = Delivery.objects.for_merchant(merchant).order_by().values_list("identifier", flat=True).distinct()
    known = {*mine.filter(event__customer__in=keys), *mine.filter(change__customer__in=keys)}
    consents = ConsentRecord.objects.for_merchant(merchant).filter(customer__in=keys)
    changes = ProfileChange.objects.for_merchant(merchant).filter(customer__in=keys)
    for rows in (consents.values_list("email", "phone"), changes.values_list("email", "phone")):
        known.update(address for pair in rows for address in pair)
    known.update(address for row in customers for address in (row.email, row.phone))
    phones = {each for each in known if each.startswith("+")}
    return Named(
        frozenset(known - phones - {""}), frozenset(phones), frozenset(ids.values_list("external_id", flat=True))
    )


def claim(merchant: Merchant, customer: int, references: Collection[str]) -> None:
    """Messages that came before it was known whose what they refer to is: they are the customer's."""
    unlinked = InboundMessage.objects.for_merchant(merchant).filter(customer=None)
    unlinked.filter(reference__in=sorted(set(references) - {""})).update(customer=customer)


def empty(merchant: Merchant, customers: Sequence[int], *, at: datetime) -> Counter[str]:
    """Empty all that hangs on the customers' rows, which are emptied, too; what was not sent is not sent. Counts by kind.

    What is left of a delivery that is under way is written when it is settled: that is for a second look.
    """
    messages = InboundMessage.objects.for_merchant(merchant).filter(customer__in=customers)
    events = Event.objects.for_merchant(merchant).filter(customer__in=customers)
    changes = ProfileChange.objects.for_merchant(merchant).filter(customer__in=customers)
    changes = changes.exclude(kind=ProfileChange.Kind.ERASE)
    consents = ConsentRecord.objects.for_merchant(merchant).filter(customer__in=customers)
    external_ids = CustomerExternalId.objects.for_merchant(merchant).filter(customer__in=customers)
    messages.filter(reference__in=list(external_ids.values_list("external_id", flat=True))).update(reference="")
    mine = Delivery.objects.for_merchant(merchant)
    counts = Counter(
        messages=messages.update(body=b"", error=""),
        deliveries=_empty_deliveries(merchant, mine.filter(event__in=events.values("pk")), at=at)
        + _empty_deliveries(merchant, mine.filter(change__in=changes.values("pk")), at=at),
        events=events.update(properties={}),
        changes=changes.update(email="", phone="", source="", details={}),
        consents=consents.update(email="", phone="", origin=""),
        suppressions=Suppression.objects.for_merchant(merchant).filter(customer__in=customers).delete()[0],
    )
    Lane.objects.for_merchant(merchant).update(last_error="")
    external_ids.delete()
    blank = dict.fromkeys(("email", "phone", "first_name", "last_name", "company"), "")
    rows = Customer.objects.for_merchant(merchant).filter(pk__in=customers)
    rows.update(**blank, consent={}, updates={}, status=Customer.Status.ERASED)
    return counts


def _empty_deliveries(merchant: Merchant, deliveries: QuerySet[Delivery], *, at: datetime) -> int:
    """Of deliveries, and of what was said against them."""
    deliveries.filter(state__in=OPEN).update(state=State.SKIPPED, reason=Delivery.Reason.CUSTOMER_ERASED, settled_at=at)
    attempts = DeliveryAttempt.objects.for_merchant(merchant)
    attempts.filter(delivery__in=deliveries.values("pk")).exclude(error="").update(error="")
    together = deliveries.exclude(bulk_attempt=None).values("bulk_attempt")
    attempts.filter(pk__in=together).exclude(error="").update(error="")
    return deliveries.update(identifier="", error="")


def empty_naming(merchant: Merchant, customers: Sequence[int], who: Named, *, at: datetime) -> Counter[str]:
    """Empty what names the shoppers without hanging on their rows. Counts by kind."""
    reader = Reader(who)
    _rename_events(merchant, customers, who, reader)
    tests = TestEvent.objects.for_merchant(merchant).filter(email__in=who.emails)
    suppressions = Suppression.objects.for_merchant(merchant).filter(email__in=who.emails)
    return Counter(
        suppressions=suppressions.delete()[0],
        messages=_empty_messages(merchant, reader),
        answers=_empty_answers(merchant, who, reader),
        tests=tests.delete()[0],
        trail=_empty_trail(merchant, who, reader, at=at),
    )


def _empty_messages(merchant: Merchant, reader: Reader) -> int:
    """Messages that were never linked to anybody. What is not handled yet is left: its handling finds who was erased."""
    mine = InboundMessage.objects.for_merchant(merchant).filter(customer=None).exclude(body=b"")
    unlinked = mine.exclude(state=InboundMessage.State.RECEIVED)
    bodies = unlinked.order_by("pk").values_list("pk", "body", "error").iterator(AT_ONCE)
    found = [pk for pk, body, error in bodies if reader.in_body(bytes(body)) or reader.in_text(error)]
    done = {"state": InboundMessage.State.HANDLED, "note": EMPTIED, "waits_for": ""}
    for start in range(0, len(found), AT_ONCE):
        mine.filter(pk__in=found[start : start + AT_ONCE]).update(body=b"", error="", reference="", **done)
    return len(found)


class _Place(Func):
    """Where some bytes stand in a column of bytes, 0 where they do not."""

    output_field = IntegerField()
    template = "INSTR(%(expressions)s)"

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """PostgreSQL asks the other way round."""
        turned = self.copy()
        turned.source_expressions = turned.source_expressions[::-1]
        return turned.as_sql(compiler, connection, template="POSITION(%(expressions)s)", arg_joiner=" IN ", **context)


def _empty_answers(merchant: Merchant, who: Named, reader: Reader) -> int:
    """Answers that are kept for repeats: of those a repeat gets no more than the status. A key that names somebody goes."""
    mine, count = IdempotentRequest.objects.for_merchant(merchant), 0
    for address in who.addresses:
        keys = mine.filter(key__icontains=address).values_list("pk", "key")
        count += mine.filter(pk__in=[pk for pk, key in keys if reader.in_text(key)]).delete()[0]
        places = mine.annotate(place=_Place(F("body"), Value(address.encode()))).filter(place__gt=0)
        bodies = places.values_list("pk", "body").iterator(AT_ONCE)
        found = [pk for pk, body in bodies if reader.in_body(bytes(body))]
        count += mine.filter(pk__in=found).update(body=b"")
    return count


def _empty_trail(merchant: Merchant, who: Named, reader: Reader, *, at: datetime) -> int:
    """What people looked for, and sent again. A replay that runs would go on without its filter: it is cancelled."""
    replays = _holding(Replay.objects.for_merchant(merchant), "wanted", who, reader)
    entries = _holding(AuditEntry.objects.for_merchant(merchant), "details", who, reader)
    for replay in replays:
        replay.wanted = {name: ERASED if reader.in_data(value) else value for name, value in replay.wanted.items()}
        if replay.state == Replay.State.RUNNING:
            replay.state, replay.finished_at = Replay.State.CANCELLED, at
        replay.save(update_fields=["wanted", "state", "finished_at"])
    for entry in entries:
        entry.details = [ERASED if reader.in_data(each) else each for each in entry.details]
        entry.save(update_fields=["details"])
    return len(replays) + len(entries)


def _holding(rows: QuerySet[Any], column: str, who: Named, reader: Reader) -> list[Any]:
    """The rows in whose JSON an address stands."""
    wanted = Q(pk=None)
    for address in who.addresses:
        wanted |= Q(text__icontains=address)
    found = rows.annotate(text=Cast(column, TextField())).filter(wanted)
    return [each for each in found if reader.in_data(getattr(each, column))]


def _rename_events(merchant: Merchant, customers: Sequence[int], who: Named, reader: Reader) -> None:
    """A client may have made identities of addresses: the event keeps one, which says nothing."""
    naming = Q(pk=None)
    for address in who.addresses:
        for column in ("unique_id", "subject", "order_number", "tracking_number"):
            naming |= Q(**{f"{column}__icontains": address})
    for event in Event.objects.for_merchant(merchant).filter(naming, customer__in=customers):
        if reader.in_text(event.unique_id):
            event.unique_id = f"erased:{event.pk}"
        for column in ("subject", "order_number", "tracking_number"):
            if reader.in_text(getattr(event, column)):
                setattr(event, column, "")
        event.save(update_fields=["unique_id", "subject", "order_number", "tracking_number"])
        Delivery.objects.for_merchant(merchant).filter(event=event).update(subject=event.subject)
