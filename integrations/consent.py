"""Consent to marketing: what shoppers said, what is kept of it, and what the destinations are told.

The rule: **an opt-out is never undone by an older consent.** What a shopper said last counts, by when they said it and not by
when we learnt of it; of two words of the same instant the opt-out. It is looked at when a consent comes in, and again when it is
sent, since an opt-out may come in while it waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from integrations import clean, customers, profiles, suppressions
from integrations.models import ConsentRecord, Customer, Merchant, ProfileChange
from integrations.people import ConsentInput, PersonInput
from integrations.sources import Handled

EMAIL, SMS = CHANNELS = ("email", "sms")
SUBSCRIBED, UNSUBSCRIBED = "subscribed", "unsubscribed"
LONGEST_TEXT = 10_000
"""Characters of a legal text that are kept."""

OptOuts = Mapping[tuple[str, int | str], datetime]
"""(channel, a customer's key or an address) -> when its owner last opted out."""

Follower = Callable[[Merchant, Customer, datetime], None]
"""Called with a merchant, a shopper who said something, as they are now, and the present instant, in that transaction."""

_followers: list[Follower] = []


def register(follower: Follower) -> Follower:
    """Tell `follower` from now on whenever a shopper consents or opts out: other apps do what follows from it."""
    _followers.append(follower)
    return follower


class NotReachable(Exception):
    """Nobody can be reached on a channel by what was given: ask the shopper again. `channel` is "" where nothing was chosen."""

    def __init__(self, channel: str, text: str) -> None:
        super().__init__(text)
        self.channel = channel


class NothingShown(Exception):
    """A consent to marketing without the text that was shown is none: send the text, or no consent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """A shopper's sign-up on `channels` ("email", "sms"), at `given_at`.

    `is_marketing` is whether they ticked the box, which stood there unticked; `text` is what stood beside it, `version` its name.
    `source` is where that was, in words that Klaviyo shows ("Tracking page"), `origin` what else tells of it.
    """

    person: PersonInput
    channels: Sequence[str]
    is_marketing: bool
    source: str
    given_at: datetime
    text: str = ""
    version: str = ""
    origin: str = ""


@dataclass(frozen=True, slots=True)
class SignedUp:
    """What came of a sign-up: who it is, the proof of the consent if one was given, and the channels that Klaviyo is told of.

    `opted_out` are those from which the shopper had opted out later than they consented: they stay out.
    """

    customer: Customer
    record: ConsentRecord | None = None
    subscribed: tuple[str, ...] = ()
    opted_out: tuple[str, ...] = ()


def subscribe(*, merchant: Merchant, sign_up: SignUp, at: datetime) -> SignedUp:
    """Note that a shopper wants updates, and where they ticked the box, keep the consent and subscribe them.

    A sign-up from before the shopper was erased is nobody's any more.
    Raises `NotReachable` and `NothingShown`; then nothing is written.
    """
    email, phone = _addresses(sign_up)
    if sign_up.is_marketing and not sign_up.text.strip():
        raise NothingShown("the text that was shown beside the box is missing")
    with transaction.atomic():
        customer = customers.resolve(merchant, sign_up.person, at=at, acted_at=sign_up.given_at)
        if customer is None:
            raise NotReachable("", "an e-mail address or a phone number is missing")
        if customer.status == Customer.Status.ERASED:
            return SignedUp(customer)
        customer = _locked(customer)
        since = sign_up.given_at.isoformat()
        customer.updates = {**dict.fromkeys(sign_up.channels, since), **customer.updates}
        customer.save(update_fields=["updates"])
        if not sign_up.is_marketing:
            return SignedUp(customer)
        record = _keep(merchant, customer, sign_up, email, phone, at=at)
        done = _subscribe(merchant, customer, sign_up, record, at=at)
        _tell(merchant, customer, at=at)
        return done


def record(*, merchant: Merchant, consent: ConsentInput, at: datetime) -> Handled:
    """A source told of a change of consent. An older word than the one on file changes nothing; an opt-out is passed on."""
    with transaction.atomic():
        acted_at = consent.at if consent.state == SUBSCRIBED else None
        customer = customers.resolve(merchant, consent.person, at=at, acted_at=acted_at)
        if customer is None:
            return Handled("consent of nobody we could know: no e-mail address and no phone number")
        if customer.status == Customer.Status.ERASED:
            return Handled(f"customer {customer.pk} was erased: nothing is kept", customer_id=customer.pk)
        customer = _locked(customer)
        about: dict[str, Any] = {"reference": consent.person.external_id, "customer_id": customer.pk}
        if not _note(customer, consent.channel, consent.state, consent.at):
            return Handled(f"{consent.channel} consent on file is as new: nothing changed", **about)
        if consent.state == UNSUBSCRIBED:
            _unsubscribe(merchant, customer, consent, at=at)
        _tell(merchant, customer, at=at)
    return Handled(f"{consent.channel} consent of customer {customer.pk} is {consent.state}", **about)


def opt_outs(merchant: Merchant | int, changes: Sequence[ProfileChange]) -> OptOuts:
    """When those whom `changes` are about last opted out, by themselves or by whoever has the same address. One query."""
    emails = {each.email for each in changes if each.email}
    phones = {each.phone for each in changes if each.phone}
    meant = Q(pk__in={each.customer_id for each in changes}) | Q(email__in=emails) | Q(phone__in=phones)
    found: dict[tuple[str, int | str], datetime] = {}
    if not changes:
        return found
    for row in Customer.objects.for_merchant(merchant).filter(meant).only("email", "phone", "consent"):
        for key, opted_out_at in _by_key(row):
            found[key] = max(found.get(key, opted_out_at), opted_out_at)
    return found


def take_over(customer: Customer, said: Mapping[str, Any], *, merged_at: datetime, at: datetime) -> None:
    """Put what a shopper said who turned out to be `customer` to what is on file of them; whoever calls holds them locked.

    The newest word on each channel counts, but an opt-out of either stays: the other's consent was for another address. An
    opt-out that is new to `customer` is passed on for their addresses.
    """
    before = dict(customer.consent)
    customer.consent = {
        **said,
        **before,
        **{each: _joined(before[each], said[each]) for each in said if each in before},
    }
    customer.save(update_fields=["consent"])
    for channel in CHANNELS:
        address = customer.email if channel == EMAIL else customer.phone
        if address and _is_out(customer.consent, channel) and not _is_out(before, channel):
            named: dict[str, Any] = {"email": address} if channel == EMAIL else {"phone": address}
            merchant, kind = customer.merchant, ProfileChange.Kind.UNSUBSCRIBE
            profiles.request(merchant, customer, kind, asked_at=merged_at, at=at, channels=[channel], **named)


def has_opted_out(customer: Customer, channel: str = EMAIL) -> bool:
    """Whether the last that the shopper said on that channel is that they want nothing."""
    return _is_out(customer.consent, channel)


def still_given(change: ProfileChange, opted_out: OptOuts) -> tuple[str, ...]:
    """The channels of a change that no opt-out speaks against; of any kind but a subscription all of them."""
    if change.kind != ProfileChange.Kind.SUBSCRIBE:
        return tuple(change.channels)
    return tuple(each for each in change.channels if not _is_undone(change, each, opted_out))


def _tell(merchant: Merchant, customer: Customer, *, at: datetime) -> None:
    for follower in _followers:
        follower(merchant, customer, at)


def _locked(customer: Customer) -> Customer:
    """The shopper as they are now, and nobody else changes what they said: two words at once must not lose one of them."""
    return Customer.objects.for_merchant(customer.merchant_id).select_for_update(no_key=True).get(pk=customer.pk)


def _addresses(sign_up: SignUp) -> tuple[str, str]:
    """E-mail address and phone number, normalised. Raises `NotReachable` unless each channel has its own."""
    person = sign_up.person
    email = customers.normalise_email(person.email)
    phone = customers.normalise_phone(person.phone, person.country)
    if not sign_up.channels or not set(sign_up.channels) <= set(CHANNELS):
        raise NotReachable("", "choose e-mail, SMS or both")
    if EMAIL in sign_up.channels and not email:
        raise NotReachable(EMAIL, "this is no e-mail address that could be mailed")
    if SMS in sign_up.channels and not phone:
        raise NotReachable(SMS, "this is no phone number that exists in that country")
    return email, phone


def _keep(
    merchant: Merchant, customer: Customer, sign_up: SignUp, email: str, phone: str, *, at: datetime
) -> ConsentRecord:
    return ConsentRecord.objects.create(
        merchant=merchant,
        customer=customer,
        channels=[each for each in CHANNELS if each in sign_up.channels],
        email=email,
        phone=phone,
        text=clean.text(sign_up.text, LONGEST_TEXT),
        version=clean.text(sign_up.version, 80),
        source=clean.text(sign_up.source, 80),
        origin=clean.text(sign_up.origin, 200),
        given_at=sign_up.given_at,
        recorded_at=at,
    )


def _subscribe(
    merchant: Merchant, customer: Customer, sign_up: SignUp, record: ConsentRecord, *, at: datetime
) -> SignedUp:
    """A consent for SMS names the e-mail address, too, where it is known: it is the same shopper's profile that it is for."""
    change = ProfileChange(
        customer=customer,
        kind=ProfileChange.Kind.SUBSCRIBE,
        email=record.email or customer.email,
        phone=record.phone,
        channels=record.channels,
        asked_at=sign_up.given_at,
    )
    channels = still_given(change, opt_outs(merchant, [change]))
    opted_out = tuple(each for each in change.channels if each not in channels)
    for channel in channels:
        _note(customer, channel, SUBSCRIBED, sign_up.given_at)
    if channels:
        profiles.request(
            merchant,
            customer,
            ProfileChange.Kind.SUBSCRIBE,
            asked_at=sign_up.given_at,
            at=at,
            email=change.email,
            phone=change.phone,
            channels=channels,
            source=record.source,
            consent=record,
        )
    if EMAIL in channels:
        suppressions.lift(merchant, change.email, at=at)
    return SignedUp(customer, record, channels, opted_out)


def _unsubscribe(merchant: Merchant, customer: Customer, consent: ConsentInput, *, at: datetime) -> None:
    """Tell the destinations, by the address that the word was about; without one by the customer's own."""
    person = consent.person
    email = customers.normalise_email(person.email) or customer.email
    phone = customers.normalise_phone(person.phone, person.country) or customer.phone
    email, phone = (email, "") if consent.channel == EMAIL else ("", phone)
    if email or phone:
        profiles.request(
            merchant,
            customer,
            ProfileChange.Kind.UNSUBSCRIBE,
            asked_at=consent.at,
            at=at,
            email=email,
            phone=phone,
            channels=[consent.channel],
        )


def _note(customer: Customer, channel: str, state: str, said_at: datetime) -> bool:
    """Keep a word, unless a newer one is on file; returns whether it holds now. The newest opt-out is kept beside any later word.

    An opt-out also counts where what is on file is newer, and no consent.
    """
    on_file: Mapping[str, str] = customer.consent.get(channel, {})
    since = datetime.fromisoformat(on_file["at"]) if on_file else None
    is_opt_out = state == UNSUBSCRIBED
    is_newest = since is None or said_at > since or (is_opt_out and said_at == since)
    word = {"state": state, "at": said_at.isoformat()} if is_newest else dict(on_file)
    earlier = [at for at in (_opted_out_at(on_file), said_at if is_opt_out else None) if at is not None]
    if earlier:
        word["opted_out_at"] = max(earlier).isoformat()
    if word == on_file:
        return False
    customer.consent = {**customer.consent, channel: word}
    customer.save(update_fields=["consent"])
    return is_newest or (is_opt_out and word["state"] != SUBSCRIBED)


def _joined(one: Mapping[str, str], other: Mapping[str, str]) -> dict[str, str]:
    """Of two shoppers' words the one that holds for both, with the newest opt-out of either."""
    word = dict(max(one, other, key=lambda each: (each["state"] == UNSUBSCRIBED, datetime.fromisoformat(each["at"]))))
    opted_out = [at for at in (_opted_out_at(one), _opted_out_at(other)) if at is not None]
    return word | ({"opted_out_at": max(opted_out).isoformat()} if opted_out else {})


def _is_out(said: Mapping[str, Any], channel: str) -> bool:
    return bool(said.get(channel, {}).get("state") == UNSUBSCRIBED)


def _opted_out_at(word: Mapping[str, str]) -> datetime | None:
    """When the shopper last opted out, as a word on file tells."""
    at = word.get("opted_out_at") or (word.get("at") if word.get("state") == UNSUBSCRIBED else None)
    return datetime.fromisoformat(at) if at else None


def _by_key(row: Customer) -> Iterator[tuple[tuple[str, int | str], datetime]]:
    for channel, address in ((EMAIL, row.email), (SMS, row.phone)):
        opted_out_at = _opted_out_at(row.consent.get(channel, {}))
        if opted_out_at is not None:
            yield (channel, row.pk), opted_out_at
            if address:
                yield (channel, address), opted_out_at


def _is_undone(change: ProfileChange, channel: str, opted_out: OptOuts) -> bool:
    address = change.email if channel == EMAIL else change.phone
    known = (opted_out.get((channel, key)) for key in (change.customer_id or 0, address))
    return any(at is not None and at >= change.asked_at for at in known)
