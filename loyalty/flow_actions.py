"""Shopify Flow's actions: a shop's workflows add points and grant rewards.

Flow posts each run to the address that the app's extension names, signed as webhooks are, and says the shop in the body. A run
that gets no answer, or 202, is posted again under the same `action_run_id`; 200 ends it. What cannot be read gets 400.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from integrations import workflow_actions
from integrations.sources import Envelope, Handled
from integrations.workflow_actions import Action, ActionField
from loyalty import services
from loyalty.services.points import MOST_POINTS, NOTE_LENGTH
from tracking.reading import Record
from tracking.shopify.source import Shopify

if TYPE_CHECKING:
    from integrations.models import Merchant

ADD_POINTS, GRANT_REWARD = HANDLES = ("add-points", "grant-reward")
"""The handles of the two actions in the app's extensions."""

KIND = "shopify_flow_actions"

workflow_actions.register(
    Action(
        KIND,
        ADD_POINTS,
        "Add points",
        "Adds points to a member's balance, once for each run.",
        [
            ActionField("points", "Points", f"A whole number from 1 to {MOST_POINTS:,}.", "number_decimal"),
            ActionField("note", "Note", "Is kept with the points and sent along.", is_required=False),
        ],
    ),
    Action(
        KIND,
        GRANT_REWARD,
        "Grant reward",
        "Gives a member a reward, once for each run, whatever it costs in points.",
        [ActionField("reward_id", "Reward ID", "Stands on the page of the reward.")],
    ),
)

RUN_LENGTH = 80
"""Characters of a run's id: it is the cause of what comes of it."""

_GID = re.compile(r"gid://shopify/Customer/([1-9][0-9]{0,18})\Z")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an action. `customer_id` is the shop's; `points` are for `add-points`, `reward` for `grant-reward`."""

    run_id: str
    shop_domain: str
    handle: str
    customer_id: str
    points: int = 0
    reward: str = ""
    note: str = ""


class FlowActions(Shopify):
    """Flow's actions, signed with the app's client secret as its webhooks are."""

    kind = KIND
    label = "Shopify Flow actions"

    def envelope(self, payload: Any, headers: Mapping[str, str]) -> Envelope:
        """Everything is in the body, which is read whole: so Flow's log shows what is wrong. Raises `Malformed`."""
        run = parse_run(payload)
        return Envelope(topic=run.handle, delivery_id=run.run_id, shop_domain=run.shop_domain)

    def topics(self) -> Sequence[str]:
        """None: the body says which action it is."""
        return ()

    def headers_for(self, topic: str) -> dict[str, str]:
        """None: the body says its topic."""
        return {}

    def handle(self, merchant: Merchant, topic: str, payload: Any, *, received_at: datetime, at: datetime) -> Handled:
        """Do what the action says. Raises `Malformed` for a reward that cannot be given: the message stands as failed."""
        run = parse_run(payload)
        if run.handle == ADD_POINTS:
            return services.flow_adds_points(
                merchant=merchant,
                customer_id=run.customer_id,
                amount=run.points,
                note=run.note,
                run_id=run.run_id,
                at=at,
            )
        return services.flow_grants_reward(
            merchant=merchant, customer_id=run.customer_id, reward=run.reward, run_id=run.run_id, at=at
        )


def parse_run(payload: Any) -> Run:
    """Read a run of an action. Raises `Malformed`."""
    body = Record(payload, "flow action")
    run_id, handle = body.required_text("action_run_id"), body.required_text("handle")
    if len(run_id) > RUN_LENGTH:
        raise body.complaint("action_run_id", f"must have at most {RUN_LENGTH} characters")
    if handle not in HANDLES:
        raise body.complaint("handle", f"must be {' or '.join(HANDLES)}")
    given = body.required_child("properties")
    about = (run_id, body.required_text("shopify_domain").lower(), handle, _customer(given))
    if handle == GRANT_REWARD:
        return Run(*about, reward=given.identifier("reward_id"))
    points = given.count("points")
    if points is None or not 1 <= points <= MOST_POINTS:
        raise given.complaint("points", f"must be a whole number from 1 to {MOST_POINTS}")
    return Run(*about, points=points, note=given.text("note")[:NOTE_LENGTH])


def _customer(given: Record) -> str:
    """Flow fills a customer reference with the number, as webhooks do, or with the id of the GraphQL API."""
    found = _GID.match(given.text("customer_id"))
    return found[1] if found else given.identifier("customer_id")
