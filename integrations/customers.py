"""Shoppers: who a message speaks of, and what they are called. How they are forgotten is `integrations.erasure`'s."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models import Q, QuerySet

from integrations import clean, erased, history
from integrations.erased import Identity
from integrations.models import Customer, CustomerExternalId, Delivery, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled

SHOP = "shop"
"""The system whose customer ids `PersonInput.external_id` carries."""

EMAIL_LENGTH, LOCAL_PART_LENGTH = 254, 64
"""RFC 5321. A longer address is none: cut to this length it might be somebody else's."""

EXTERNAL_ID_LENGTH = 64

UNSENT = (Delivery.State.PENDING, Delivery.State.HELD)

Follower = Callable[[Customer, datetime], None]
"""Called with a shopper who has another address from now on, and the present instant, in that transaction."""

_followers: list[Follower] = []


def register(follower: Follower) -> Follower:
    """Tell `follower` from now on whenever a shopper's address changes: other apps do what follows from it."""
    _followers.append(follower)
    return follower


def normalise_email(address: str) -> str:
    """The address in small letters, or "" where it is none that could be mailed."""
    given = clean.text(address, EMAIL_LENGTH + 1)
    candidate = given.lower()
    try:
        validate_email(candidate)
    except ValidationError:
        return ""
    local_part, _, domain = candidate.rpartition("@")
    has_public_domain = "." in domain.strip(".") and not domain.endswith("]")
    is_short = len(candidate) <= EMAIL_LENGTH and len(local_part) <= LOCAL_PART_LENGTH
    # A quoted local part is lawful, but no shopper has one, and Klaviyo refuses the event for it.
    # As given: the small letter of the Kelvin sign is a k, so somebody else's address would be kate@….
    return candidate if given.isascii() and is_short and has_public_domain and '"' not in candidate else ""


def normalise_phone(number: str, country: str = "") -> str:
    """The number as E.164, or "" where it is not a possible number. `country` (ISO 3166) reads one without a prefix."""
    try:
        parsed = phonenumbers.parse(clean.text(number, 40), country.upper() or None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_valid_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def matching(merchant: Merchant, *, email: str = "", phone: str = "", external_id: str = "") -> QuerySet[Customer]:
    """The customers with that address, that number (E.164) and that id in the shop; what is "" leaves all in.

    Who was merged into another is not among them: what they were known by finds that one.
    """
    rows = Customer.objects.for_merchant(merchant)
    found: QuerySet[Customer] = rows.filter(merged_into=None)
    if email:
        found = _leading_to(found, rows.filter(email=normalise_email(email)).exclude(email=""))
    if phone:
        found = _leading_to(found, rows.filter(phone=normalise_phone(phone)).exclude(phone=""))
    if external_id:
        mine = CustomerExternalId.objects.for_merchant(merchant).filter(source=SHOP, external_id=external_id)
        found = _leading_to(found, rows.filter(pk__in=mine.values("customer")))
    return found


def _leading_to(found: QuerySet[Customer], rows: QuerySet[Customer]) -> QuerySet[Customer]:
    return found.filter(Q(pk__in=rows.values("pk")) | Q(pk__in=rows.values("merged_into")))


def family(merchant: Merchant, chosen: Collection[Customer]) -> list[Customer]:
    """The chosen, and everybody who is one and the same with any of them: who was merged into them, or they into whom."""
    heads = {each.merged_into_id or each.pk for each in chosen}
    mine = Customer.objects.for_merchant(merchant)
    return list(mine.filter(Q(pk__in=heads) | Q(merged_into__in=heads)).order_by("pk"))


def resolve(
    merchant: Merchant,
    person: PersonInput,
    *,
    at: datetime,
    acted_at: datetime | None = None,
    owner: Customer | None = None,
) -> Customer | None:
    """The customer that `person` is, made or brought up to date; None where nothing identifies them.

    E-mail decides; then the shop's customer id; then the phone, among customers without an e-mail.

    Who was merged into another customer is that one, whose address stays what it is. Who was erased is known as the row that is
    left of them, which stays empty. A shopper comes back by what they do themselves after it: `acted_at` is when they ordered or
    consented, None where the message tells of neither. `owner` is whose that is known to be already, if it is.
    """
    email, phone = normalise_email(person.email), normalise_phone(person.phone, person.country)
    known = _known(merchant, email, phone, person.external_id)
    customer = known and (known.merged_into or known)
    if customer is None or (acted_at is not None and acted_at < customer.created_at and customer != owner):
        gone = erased.find(merchant, _identities(email, phone, person.external_id))
        if gone is not None and (acted_at is None or acted_at <= gone.at):
            return gone.customer
    if customer is None:
        if not (email or phone):
            return None
        by = {"email": email} if email else {"email": "", "phone": phone}
        names = {"phone": phone, "created_at": at, **names_of(person)}
        customer, is_new = Customer.objects.get_or_create(merchant=merchant, **by, defaults=names)
        if not is_new:
            _update(customer, person, email, phone, at=at)
    elif known is None or known.pk == customer.pk:
        _update(customer, person, email, phone, at=at)
    elif _is_id_of(customer, person.external_id):
        # The shop calls the shopper now by the address of the one who was given up.
        _trade_addresses(customer, known, person, email, phone, at=at)
    else:
        _note_address(known, email, phone)
    if person.external_id:
        _remember_external_id(merchant, customer, person.external_id)
    return customer


def _identities(email: str, phone: str, external_id: str) -> list[Identity]:
    """By what a shopper may be known to have been erased, as by what one is known: the phone alone says it of nobody else."""
    by_phone = [] if email else [(erased.PHONE, phone)]
    return [(erased.EMAIL, email), (erased.EXTERNAL_ID, external_id), *by_phone]


def _known(merchant: Merchant, email: str, phone: str, external_id: str) -> Customer | None:
    """Whoever has that e-mail address; else whoever has that id in the shop, if they have no other address."""
    customers = Customer.objects.for_merchant(merchant).select_related("merged_into")
    if email and (found := customers.filter(email=email).first()):
        return found
    if external_id:
        known = CustomerExternalId.objects.for_merchant(merchant).filter(source=SHOP, external_id=external_id)
        if link := known.select_related("customer__merged_into").first():
            return link.customer
    if phone and not email:
        return customers.filter(phone=phone, email="").first()
    return None


def names_of(person: PersonInput) -> dict[str, str]:
    """The parts of the name that are told. A full name is told whole: a missing last name is then known to be missing."""
    first, last = clean.text(person.first_name, 100), clean.text(person.last_name, 100)
    names = {"first_name": first, "last_name": last} if first or last else {}
    company = clean.text(person.company, 160)
    return names | ({"company": company} if company else {})


def _update(customer: Customer, person: PersonInput, email: str, phone: str, *, at: datetime) -> None:
    """The newest full name overwrites; what a message does not tell stays. A new address moves what is not sent yet."""
    told = {**names_of(person), **({"email": email} if email else {}), **({"phone": phone} if phone else {})}
    changed = {name: value for name, value in told.items() if getattr(customer, name) != value}
    if "phone" in changed and not (email or customer.email) and is_taken(customer, phone):
        del changed["phone"]
    if not changed or customer.status == Customer.Status.ERASED:
        return
    before = history.identifier_of(customer)
    for name, value in changed.items():
        setattr(customer, name, value)
    customer.save(update_fields=list(changed))
    if history.identifier_of(customer) != before:
        readdress(customer, at=at)
        for follower in _followers:
            follower(customer, at)


def readdress(customer: Customer, *, at: datetime) -> None:
    """Send what was not sent yet to a shopper by their address of now, and let go what was held without one."""
    identifier = history.identifier_of(customer)
    deliveries = Delivery.objects.for_merchant(customer.merchant_id).filter(event__customer=customer)
    deliveries.filter(state__in=UNSENT, attempts=0).exclude(identifier="").update(identifier=identifier)
    changes = Delivery.objects.for_merchant(customer.merchant_id).filter(change__customer=customer)
    changes.filter(state__in=UNSENT).update(identifier=identifier)
    if identifier:
        history.release(deliveries, identifier, at=at)


def _is_id_of(customer: Customer, external_id: str) -> bool:
    mine = CustomerExternalId.objects.for_merchant(customer.merchant_id).filter(customer=customer, source=SHOP)
    return bool(external_id) and mine.filter(external_id=external_id).exists()


def _trade_addresses(
    customer: Customer, given_up: Customer, person: PersonInput, email: str, phone: str, *, at: datetime
) -> None:
    """Bring a shopper up to date whose e-mail address was that of somebody who was merged into them: each has the other's."""
    mine = Customer.objects.for_merchant(customer.merchant_id).filter(pk=given_up.pk)
    former = customer.email
    # An address is nobody's twice, not even for a moment.
    mine.update(email="", phone="")
    _update(customer, person, email, phone, at=at)
    mine.update(email=former, phone=given_up.phone if former else "")


def _note_address(given_up: Customer, email: str, phone: str) -> None:
    """Somebody who was merged into another is told of late: by what they are known, the other is found from now on."""
    mine = Customer.objects.for_merchant(given_up.merchant_id).filter(pk=given_up.pk)
    if email and not given_up.email:
        mine.update(email=email)
    if phone and not given_up.phone and (email or given_up.email or not is_taken(given_up, phone)):
        mine.update(phone=phone)


def is_taken(customer: Customer, phone: str) -> bool:
    """Whether another shopper is known by that phone number alone: two cannot be."""
    others = Customer.objects.for_merchant(customer.merchant_id).exclude(pk=customer.pk)
    return others.filter(phone=phone, email="").exists()


def _remember_external_id(merchant: Merchant, customer: Customer, external_id: str) -> None:
    link, is_new = CustomerExternalId.objects.get_or_create(
        merchant=merchant,
        source=SHOP,
        external_id=clean.text(external_id, EXTERNAL_ID_LENGTH),
        defaults={"customer": customer},
    )
    if not is_new and link.customer_id != customer.pk and link.customer.merged_into_id != customer.pk:
        link.customer = customer
        link.save(update_fields=["customer"])


def ingest_person(*, merchant: Merchant, person: PersonInput, at: datetime) -> Handled:
    """A source told of a shopper."""
    customer = resolve(merchant, person, at=at)
    if customer is None:
        return Handled("the customer has no e-mail address, phone number or known id")
    if customer.status == Customer.Status.ERASED:
        return Handled(f"customer {customer.pk} was erased: nothing is kept", customer_id=customer.pk)
    return Handled(f"customer {customer.pk} is up to date", reference=person.external_id, customer_id=customer.pk)


def note_account(customer: Customer, *, created_at: datetime) -> bool:
    """Keep when a shopper made an account in the shop. The first word stays: False where there was one."""
    mine = Customer.objects.for_merchant(customer.merchant_id).filter(pk=customer.pk, account_created_at=None)
    is_new = mine.update(account_created_at=created_at) == 1
    if is_new:
        customer.account_created_at = created_at
    return is_new


def find(merchant: Merchant, person: PersonInput) -> list[Customer]:
    """Everybody who may be meant: by address, by the shop's id, and by a phone number that stands alone."""
    email, phone = normalise_email(person.email), normalise_phone(person.phone, person.country)
    who = Q(pk=None)
    if email:
        who |= Q(email=email)
    if person.external_id:
        who |= Q(external_ids__source=SHOP, external_ids__external_id=person.external_id)
    if phone:
        who |= Q(phone=phone, email="")
    return family(merchant, Customer.objects.for_merchant(merchant).filter(who).distinct())
