"""What pages tell: who looks, and what they did. Nobody is renamed or found by their shop's id on a page's own word."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from integrations import clean, customers, history
from integrations.models import Customer, Merchant
from integrations.people import PersonInput
from integrations.sources import Handled
from lifecycle.inputs import PlanInput
from lifecycle.models.plan import DEAD, WORD_LENGTH
from lifecycle.onsite import calls
from lifecycle.onsite.calls import Call
from lifecycle.onsite.facts import AccountCancelled, CheckoutStarted, OnsiteFact, SignUpCompleted
from lifecycle.services import plans, suppression


def take_call(*, merchant: Merchant, call: Call, is_signed: bool, at: datetime) -> Handled:
    """Keep what a call says of a shopper, and tell what happened.

    `is_signed`: the shop's server vouches for who it is. Without that, a shopper who is known keeps their name, gets no id in the
    shop, does not become dead, and does not come back who was erased: what a page says, anybody can say.
    """
    customer = _who(merchant, call, is_signed, at=at)
    if customer is None:
        return Handled("the call names no e-mail address that could be mailed", forgets_body=True)
    if customer.status == Customer.Status.ERASED:
        return Handled(
            f"customer {customer.pk} was erased: nothing is kept", customer_id=customer.pk, forgets_body=True
        )
    begun = call.occurred_at if call.checkout is not None else None
    plan = call.plan if is_signed else _without_death(call.plan)
    plans.tell_plan(merchant=merchant, customer=customer, plan=replace(plan, started_at=begun), at=at)
    suppression.check(merchant, [customer], at=at)
    fact = _fact(merchant, customer, call)
    events = history.announce(fact, at=at) if fact else []
    return Handled(
        f"customer {customer.pk}: {call.metric or 'identified'}",
        reference=call.customer_id,
        customer_id=customer.pk,
        event_ids=tuple(event.pk for event in events),
    )


def _who(merchant: Merchant, call: Call, is_signed: bool, *, at: datetime) -> Customer | None:
    if is_signed:
        return customers.resolve(merchant, call.person, at=at, acted_at=call.occurred_at)
    is_known = customers.matching(merchant, email=call.person.email).exists()
    person = PersonInput(email=call.person.email) if is_known else replace(call.person, external_id="")
    return customers.resolve(merchant, person, at=at)


def _without_death(plan: PlanInput) -> PlanInput:
    """Whoever is dead is suppressed for good: anybody could take everybody off the merchant's mailings."""
    is_dead = clean.text(plan.status or "", WORD_LENGTH).casefold() == DEAD
    return replace(plan, status=None) if is_dead else plan


def _fact(merchant: Merchant, customer: Customer, call: Call) -> OnsiteFact | None:
    if call.checkout is not None:
        return CheckoutStarted.of(merchant, customer, call, checkout=call.checkout)
    if call.metric == calls.COMPLETED_SIGNUP:
        return SignUpCompleted.of(merchant, customer, call)
    if call.metric == calls.CANCELLED_ACCOUNT:
        return AccountCancelled.of(merchant, customer, call)
    return None
