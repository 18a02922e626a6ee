"""What subscribers do while the demo runs: on the shop's pages, with their orders, and in the log that is told at night."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta

from config.demo import calls
from config.demo import expected as tell
from config.demo.calls import Entry
from config.demo.expected import Expected
from config.demo.orders import Order, Start, new_order
from config.demo.people import BRITONS, UNREACHABLE, Person
from config.demo.shops import QUINCE, Product, Shop
from config.demo.steps import CHANGED, MADE, Story, repeated, step
from config.demo.webhooks import Json

IMOGEN, RHYS, AILSA, CALLUM, MAEVE, TOBIAS, ORLA, KIRAN, NELL = BRITONS

_entry_ids = itertools.count(88_213)


def plan_of(person: Person, *, status: str = "Active") -> Json:
    """What a subscriber of the shop has."""
    place = BRITONS.index(person)
    box, schedule = QUINCE.products[place % len(QUINCE.products)], ("Weekly", "Fortnightly")[place % 2]
    return {"schedule": schedule, "box": box.title, "status": status, "subscribed": True}


def stories(shop: Shop, at: Start) -> list[Story]:
    """What happens on its pages and to its orders."""
    return [
        signs_up(shop, IMOGEN, at),
        changes_mind(shop, RHYS, at),
        cannot_pay(shop, AILSA, at),
        leaves(shop, MAEVE, at),
        cannot_be_told(shop, UNREACHABLE, at),
    ]


def signs_up(shop: Shop, person: Person, at: Start) -> Story:
    """Both pages of the sign-up, the first of them loaded twice; then the first box is placed, billed, completed and sent."""
    key, began, completed = calls.customer_id(person), at.placed_at, at.placed_at + timedelta(minutes=6)
    order = new_order(shop, person, Start(at.placed_at + timedelta(minutes=10)))
    name = f"{person.name} {order.name}"
    mailed = entry("shipping.email", order.after(70), person, parcel(order), plan_of(person))
    begun = step(
        shop,
        f"{person.name} begins to sign up",
        calls.checkout_call(shop, person, began, box_of(person)),
        tell.began_sign_up(shop, key, began),
    )
    return [
        begun,
        repeated(begun),
        step(
            shop,
            f"{person.name} signed up",
            calls.signed_up_call(shop, person, completed, plan_of(person)),
            tell.signed_up(shop, key, completed),
        ),
        step(shop, f"{name} placed", calls.place_call(order), tell.box_placed(order), answer=MADE),
        step(shop, f"{name} billed", calls.bill_call(order, 2), answer=CHANGED),
        step(shop, f"{name} completed", calls.complete_call(order, 60), tell.box_fulfilled(order, 60), answer=CHANGED),
        step(shop, f"{name} sent", calls.log_call([mailed]), logged(mailed), answer=CHANGED),
    ]


def changes_mind(shop: Shop, person: Person, at: Start) -> Story:
    """A box that is not wanted this week."""
    order = new_order(shop, person, at)
    name = f"{person.name} {order.name}"
    return [
        step(shop, f"{name} placed", calls.place_call(order), tell.box_placed(order), answer=MADE),
        step(
            shop,
            f"{name} cancelled",
            calls.cancel_call(order, 45, "away this week"),
            tell.box_cancelled(order, 45),
            answer=CHANGED,
        ),
    ]


def cannot_pay(shop: Shop, person: Person, at: Start) -> Story:
    """Completed, and its billing has not succeeded: it is not fulfilled. The log tells of the payment that failed."""
    order = new_order(shop, person, at)
    name = f"{person.name} {order.name}"
    return [
        step(shop, f"{name} placed", calls.place_call(order), tell.box_placed(order), answer=MADE),
        step(shop, f"{name} completed, not billed", calls.complete_call(order, 60), answer=CHANGED),
    ]


def leaves(shop: Shop, person: Person, at: Start) -> Story:
    """The account is cancelled on the shop's page."""
    return [
        step(
            shop,
            f"{person.name} cancels the account",
            calls.left_call(shop, person, at.placed_at),
            tell.left(shop, calls.customer_id(person), at.placed_at),
        )
    ]


def cannot_be_told(shop: Shop, person: Person, at: Start) -> Story:
    """Klaviyo refuses the subscriber's address: Placed Order fails, and Fulfilled Order waits for it."""
    order = new_order(shop, person, at)
    name = f"{person.name} {order.name}"
    return [
        step(shop, f"{name} placed", calls.place_call(order), answer=MADE),
        step(shop, f"{name} billed", calls.bill_call(order, 2), answer=CHANGED),
        step(shop, f"{name} completed", calls.complete_call(order, 60), answer=CHANGED),
    ]


def night(shop: Shop, at: Start) -> Story:
    """What the shop's own system tells at the end of the day: its log, all of it at once, and once more.

    Two entries say what the pages said (within the hour), and lead to nothing. Two subscribers are not to be mailed any more.
    """

    def after(minutes: float) -> datetime:
        return at.placed_at + timedelta(minutes=minutes)

    begun = calls.checkout_of(shop, box_of(IMOGEN))
    dead, unsubscribed = plan_of(KIRAN, status="Dead"), plan_of(ORLA) | {"subscribed": False}
    copies = [
        entry("started.signup", after(1), IMOGEN, begun, {}),
        entry("cancelled", after(2), MAEVE, {}, plan_of(MAEVE, status="Stopped")),
    ]
    told = [
        entry("cancelled", after(20), KIRAN, {}, dead),
        entry("contact.form", after(31), ORLA, {"Subject": "Please send me no more e-mails"}, unsubscribed),
        entry("failed.payment", after(52), AILSA, payment(AILSA), plan_of(AILSA)),
        entry("referral.credit", after(64), TOBIAS, credit(IMOGEN), plan_of(TOBIAS)),
        entry("started.signup", after(90), NELL, calls.checkout_of(shop, box_of(NELL)), {}),
    ]
    log = step(shop, "The day's log", calls.log_call([*copies, *told]), map(logged, told), answer=CHANGED)
    return [replace(log, suppresses=(KIRAN.email, ORLA.email)), repeated(log)]


def logged(entry: Entry) -> Expected:
    """What an entry of the shop's log leads to."""
    return tell.logged(QUINCE, entry.kind, entry.id, entry.at)


def parcel(order: Order) -> Json:
    """What the log says of an order that was sent."""
    number = f"{order.shop.carrier}{15_500_000_000 + order.number}"
    return {"OrderNumber": order.name, "TrackingNumber": number, "Carrier": order.shop.carrier}


def entry(kind: str, at: datetime, person: Person, data: Json, plan: Json) -> Entry:
    """An entry of the shop's log; without a plan it says nothing of what the subscriber has."""
    return Entry(str(next(_entry_ids)), kind, at, person, data, plan)


def box_of(person: Person) -> Product:
    """What a subscriber gets."""
    return next(each for each in QUINCE.products if each.title == plan_of(person)["box"])


def payment(person: Person) -> Json:
    """What the log says of a payment that failed."""
    return {"Amount": float(box_of(person).price), "FailureReason": "card_declined"}


def credit(friend: Person) -> Json:
    """What the log says of a credit for having referred a friend."""
    return {"CreditAmount": 5.0, "ReferredCustomer": friend.name}
