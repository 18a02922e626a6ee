"""Many shoppers at once, as a log or a file tells of them: like `customers.resolve` of each, with a few statements for all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from integrations import clean, erased
from integrations.customers import EXTERNAL_ID_LENGTH, SHOP, names_of, normalise_email, normalise_phone, resolve
from integrations.models import Customer, CustomerExternalId, Merchant
from integrations.people import PersonInput
from integrations.statements import insert_new


def resolve_all(merchant: Merchant, people: Sequence[PersonInput], *, at: datetime) -> list[Customer | None]:
    """The customer that each of `people` is, in their order; None where nothing identifies one.

    Whoever is known by their address and as they are told, or is quite new, costs no statement of their own. All others are
    resolved one after the other: who is known by less, changed, was merged, or may have been erased.
    """
    batch = _Batch(merchant, people)
    found: dict[PersonInput, Customer | None] = {}
    new: dict[PersonInput, Customer] = {}
    for person, email in batch.emails.items():
        customer = batch.known.get(email)
        if not email or batch.is_told_twice(email, person.external_id):
            continue
        if customer is not None and batch.is_as_told(customer, person, email):
            found[person] = customer
        elif customer is None and batch.is_new(person):
            phone = normalise_phone(person.phone, person.country)
            new[person] = Customer(merchant=merchant, email=email, phone=phone, created_at=at, **names_of(person))
    if new:
        found |= _made(merchant, new)
    for person in batch.emails:
        if person not in found:
            found[person] = resolve(merchant, person, at=at)
    return [found[person] for person in people]


class _Batch:
    """What is known of some people before any of them is resolved."""

    def __init__(self, merchant: Merchant, people: Sequence[PersonInput]) -> None:
        self.emails = {person: normalise_email(person.email) for person in dict.fromkeys(people)}
        ids = {clean.text(person.external_id, EXTERNAL_ID_LENGTH) for person in self.emails} - {""}
        mine = Customer.objects.for_merchant(merchant)
        self.known = {row.email: row for row in mine.filter(email__in=[each for each in self.emails.values() if each])}
        links = CustomerExternalId.objects.for_merchant(merchant).filter(source=SHOP, external_id__in=sorted(ids))
        self._owners = dict(links.values_list("external_id", "customer_id"))
        self._erased = erased.among(
            merchant,
            [(erased.EMAIL, each) for each in self.emails.values()] + [(erased.EXTERNAL_ID, each) for each in ids],
        )
        self._told = Counter(each for each in self.emails.values() if each)
        self._told_ids = Counter(person.external_id for person in self.emails if person.external_id)

    def is_told_twice(self, email: str, external_id: str) -> bool:
        """Whether more than one word is said of them, which must be heard in their order."""
        return self._told[email] > 1 or (bool(external_id) and self._told_ids[external_id] > 1)

    def is_as_told(self, customer: Customer, person: PersonInput, email: str) -> bool:
        """Whether a customer is known exactly as `person` is told, so that nothing is to be written."""
        if customer.merged_into_id is not None or customer.status == Customer.Status.ERASED:
            return False
        if person.external_id and self._owners.get(person.external_id) != customer.pk:
            return False
        phone = normalise_phone(person.phone, person.country)
        told = {**names_of(person), **({"phone": phone} if phone else {})}
        return all(getattr(customer, name) == value for name, value in told.items())

    def is_new(self, person: PersonInput) -> bool:
        """Whether nobody is, or was, known by anything that is told of `person`, whose address nobody has."""
        told = {(erased.EMAIL, self.emails[person]), (erased.EXTERNAL_ID, person.external_id)}
        return not told & self._erased and person.external_id not in self._owners


def _made(merchant: Merchant, new: dict[PersonInput, Customer]) -> dict[PersonInput, Customer | None]:
    """The customers as they are then: another process may have made one of them a moment ago."""
    Customer.objects.bulk_create(new.values(), ignore_conflicts=True)
    rows = Customer.objects.for_merchant(merchant).filter(email__in=[row.email for row in new.values()])
    by_email = {row.email: row for row in rows}
    made = {person: by_email[row.email] for person, row in new.items()}
    _link(merchant, {person: row for person, row in made.items() if person.external_id})
    return dict(made)


def _link(merchant: Merchant, owners: dict[PersonInput, Customer]) -> None:
    links = [
        CustomerExternalId(
            merchant=merchant,
            source=SHOP,
            external_id=clean.text(person.external_id, EXTERNAL_ID_LENGTH),
            customer=customer,
        )
        for person, customer in owners.items()
    ]
    if links:
        insert_new(links, identity=("merchant", "source", "external_id"))
