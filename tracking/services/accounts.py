"""Accounts that shoppers make in the shop."""

from __future__ import annotations

from datetime import datetime

from integrations import clean, customers, history
from integrations.models import Merchant
from integrations.sources import Handled
from tracking import facts, following
from tracking.inputs import AccountInput


def open_account(*, merchant: Merchant, account: AccountInput, at: datetime) -> Handled:
    """A shopper made an account, once: whatever is told of it again, by whomever, changes nothing.

    Where nobody is known by what was told, it waits for the shopper's e-mail address or phone number.
    """
    account_id = account.person.external_id
    customer = customers.resolve(merchant, account.person, at=at)
    if customer is None:
        note = "waits for the shopper: the account has no e-mail address, phone number or known id"
        return Handled(note, reference=account_id, waits_for=f"customer:{account_id}")
    is_new = customers.note_account(customer, created_at=account.created_at)
    event_ids: tuple[int, ...] = ()
    if is_new:
        happened = facts.AccountCreated(
            merchant=merchant,
            customer=customer,
            subject=f"customer:{account_id}",
            subject_at=account.created_at,
            account_id=account_id,
            source=clean.text(account.source, 80),
            at=account.created_at,
        )
        event_ids = tuple(event.pk for event in history.announce(happened, at=at))
    event_ids += following.tell_of_account(merchant, customer, account, at=at)
    note = f"customer {customer.pk} {'made an account' if is_new else 'has an account already'}"
    return Handled(note, reference=account_id, customer_id=customer.pk, is_new=is_new, event_ids=event_ids)
