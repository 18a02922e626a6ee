"""What a shop's workflows in Shopify Flow do to members: each run of an action counts once."""

from __future__ import annotations

from datetime import datetime

from integrations import customers, merging
from integrations.models import Customer, Merchant
from integrations.sources import Handled, Malformed
from loyalty.models import IssuedReward, Member, PointSource, Reward
from loyalty.services import members, points, programmes, rewards
from loyalty.services.rewards import NotToBeHad

NO_PROGRAMME = "there is no loyalty programme: nothing was given"


def flow_adds_points(
    *, merchant: Merchant, customer_id: str, amount: int, note: str, run_id: str, at: datetime
) -> Handled:
    """Add points to a customer, by the shop's id, once for each run. It waits for a customer who is not known yet."""
    customer = _customer(merchant, customer_id)
    if customer is None:
        return _waiting(customer_id)
    if not _is_member(merchant, customer, at=at):
        return Handled(NO_PROGRAMME, reference=customer_id, customer_id=customer.pk)
    points.add_points(
        merchant=merchant,
        customer=customer,
        points=amount,
        source=PointSource.SHOPIFY_FLOW_ACTION,
        cause=_cause(run_id),
        at=at,
        note=note,
    )
    return Handled(f"{amount} points for customer {customer.pk}", reference=customer_id, customer_id=customer.pk)


def flow_grants_reward(*, merchant: Merchant, customer_id: str, reward: str, run_id: str, at: datetime) -> Handled:
    """Give a customer a reward, by its id, once for each run. It waits for a customer who is not known yet.

    Raises `Malformed` for a reward that there is not, that is retired, or that has no code left.
    """
    customer = _customer(merchant, customer_id)
    if customer is None:
        return _waiting(customer_id)
    if not _is_member(merchant, customer, at=at):
        return Handled(NO_PROGRAMME, reference=customer_id, customer_id=customer.pk)
    given = Reward.objects.for_merchant(merchant).filter(pk=int(reward)).first()
    if given is None:
        raise Malformed(f"there is no reward {reward}: its id stands on its page")
    try:
        issued = rewards.issue_reward(
            merchant=merchant,
            customer=customer,
            reward=given,
            source=IssuedReward.Source.SHOPIFY_FLOW_ACTION,
            cause=_cause(run_id),
            at=at,
        )
    except NotToBeHad as error:
        raise Malformed(str(error)) from None
    note = f"{given.name} for customer {customer.pk}, reward {issued.pk}"
    return Handled(note, reference=customer_id, customer_id=customer.pk)


def _customer(merchant: Merchant, customer_id: str) -> Customer | None:
    return customers.matching(merchant, external_id=customer_id).first()


def _waiting(customer_id: str) -> Handled:
    note = f"waits for the shop to tell of customer {customer_id}"
    return Handled(note, reference=customer_id, waits_for=merging.awaited(customer_id))


def _is_member(merchant: Merchant, customer: Customer, *, at: datetime) -> bool:
    """Whoever is given something is a member, where there is a programme and they were not erased."""
    if programmes.in_force(merchant, at) is None or customer.status == Customer.Status.ERASED:
        return False
    members.enrol(merchant, customer, Member.Source.SHOP, at=at)
    return True


def _cause(run_id: str) -> str:
    return f"flow:{run_id}"
