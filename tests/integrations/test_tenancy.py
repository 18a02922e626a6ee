"""Tenants: every row says whose it is, every query asks, and two merchants with the same numbers never meet."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.db.models import Field, Model, UniqueConstraint

from integrations.models import (
    Lease,
    Merchant,
    MerchantRemoval,
    StaffToken,
    Tick,
)
from tracking.models import PostCount

OURS = [
    model
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle")
    for model in apps.get_app_config(app).get_models()
]
NOBODYS: dict[type[Model], str] = {
    Merchant: "the tenant itself",
    Lease: "keeps workers apart; its key names what it is about",
    Tick: "when each kind of tick ran",
    StaffToken: "a CSM's, who names the merchant in each request",
    MerchantRemoval: "what stays of a merchant that was removed",
    PostCount: "how often a visitor posted on shoppers' pages, whoever's they are",
}
GLOBALLY_UNIQUE = {
    "Merchant.public_id": "a merchant's name in addresses: it must lead to one merchant",
    "ShopDomain.domain": "a shop belongs to one merchant only: a message for it must lead to one",
    "ApiToken.prefix": "a token is looked up before it is known whose it is",
    "MerchantRemoval.merchant_removal_open_once": "it belongs to no merchant any more",
    "StaffToken.prefix": "a token is looked up before it is known whose it is",
    "Order.order_page_once": "a page's token is looked up before it is known whose it is",
    "Invitation.digest": "a link is looked up before it is known whose it is",
}


def test_every_model_says_whose_it_is() -> None:
    without = {model for model in OURS if not any(field.name == "merchant" for field in model._meta.get_fields())}

    assert without == set(NOBODYS)


@pytest.mark.parametrize("model", [model for model in OURS if model not in NOBODYS], ids=lambda model: model.__name__)
def test_whose_it_is_is_never_left_open(model: type[Model]) -> None:
    merchant = model._meta.get_field("merchant")

    assert isinstance(merchant, Field)
    assert (merchant.related_model, merchant.null) == (Merchant, False)
    assert hasattr(model._default_manager.all(), "for_merchant")


def _hangs_on_a_merchant(model: type[Model], names: Iterator[str]) -> bool:
    fields = [model._meta.get_field(name) for name in names]
    parents = [field.related_model for field in fields if field.is_relation]
    return Merchant in parents or any(parent in OURS and parent not in NOBODYS for parent in parents)


def test_everything_unique_is_unique_for_a_merchant_only() -> None:
    """By the merchant itself, or by a parent that belongs to one."""
    shared = set()
    for model in OURS:
        for constraint in model._meta.constraints:
            if isinstance(constraint, UniqueConstraint) and not _hangs_on_a_merchant(model, iter(constraint.fields)):
                shared.add(f"{model.__name__}.{constraint.name}")
        for field in model._meta.concrete_fields:
            if field.unique and not field.primary_key and not _hangs_on_a_merchant(model, iter([field.name])):
                shared.add(f"{model.__name__}.{field.name}")

    assert shared == set(GLOBALLY_UNIQUE)


ACROSS_MERCHANTS = {
    # Of all merchants on purpose
    "inbound.merchants_with_messages": "workers serve all merchants",
    "log._with_work": "workers read the logs of all merchants",
    "inbound.behind": "the clock looks at the orders and parcels of all merchants",
    "onboarding.refuse_taken": "whether an account is another merchant's is asked of all; only its name is told, to a CSM",
    "delivery.claim.lanes_with_work": "workers serve all merchants",
    "launch.launch_due": "the clock launches every connection",
    "connections.check_paused": "the clock tries every refused key",
    "followed.look_again": "the clock looks at what waits, of all merchants",
    "suppression_check._due": "the clock compares for all merchants",
    "services.lists.fill": "the clock fills the lists of all merchants",
    "services.suppression.check_all": "the clock suppresses the subscribers of all merchants",
    "services.told._with_plans": "the clock tells of the subscribers of all merchants",
    "housekeeping.run": "the clock cleans up for all merchants",
    "housekeeping._skip_without_identity": "the clock cleans up for all merchants",
    "replays.advance_due": "ticks go on with the replays of all merchants",
    "replays._advance": "the replay given, whose merchant's events it sends",
    "alerts.look": "the clock looks at all merchants",
    "alerts.codes": "the clock looks at the rewards of all merchants whose people asked for it",
    "daily_list._due": "the clock looks at all merchants",
    "checklist._is_live": "the connection given",
    "checklist._backfill": "the connection given",
    "figures.of": "deliveries of the merchant's connections, by indexes that begin with them",
    "api.writing.merchant_of": "the merchant of the token, by its key",
    "vitals.*": "staff see all merchants side by side",
    "reconciliation.*": "counts all merchants side by side, or the one given",
    "staff.*": "staff belong to no merchant",
    "sweep.*": "the clock looks at the returns of all merchants",
    "nights.work": "the clock looks at the nights of all merchants",
    "recomputation.work": "goes on with what any merchant asked for",
    "campaigns.work": "ticks go on with the campaigns of all merchants",
    "verification.verify": "all merchants one after the other, or the one given",
    "stalled.*": "the clock looks at the orders and parcels of all merchants",
    "rotation.*": "keys of encryption are the installation's",
    # Before it is known who asks
    "doors.find": "a hook names its merchant by the public id",
    "onboarding.onboard": "makes the merchant",
    "tokens.find": "a token says whose it is",
    "tokens.create_for_staff": "a CSM's token belongs to no merchant",
    "api.access._merchant_of": "a CSM's client names its merchant by the public id",
    "invitations.find": "a link says whose it is",
    "page.reading.find": "a page's token says whose it is",
    "services.offline.find_offline_code": "a code says whose it is",
    "page.visitors.may_post": "counts of visitors belong to no merchant",
    "web.access.find_access": "an address names its merchant by the public id, and the user must belong there",
    "web.access.merchants_of": "the merchants of the user given",
    # Of one row or connection that the caller has already
    "connections.pause": "the connection given",
    "connections.resume": "the connection given",
    "connections.check": "the connection given",
    "launch.launch": "the connection given",
    "history.release": "connections of the deliveries given",
    "delivery.changes.due": "the connection given",
    "delivery.changes.take": "the connection given",
    "delivery.claim.recover": "the connection given",
    "delivery.claim.lease_of": "leases belong to no merchant",
    "delivery.claim._take_in_two": "rows that are claimed on one lane",
    "delivery.settle.settle": "rows that were claimed on one lane, by the lease's epoch",
    "delivery.resend.resend": "rows of the queryset given",
    "custom_metrics.declare": "the merchant given, by its key",
    "merchants.pause": "the merchant given, by its key",
    "merchants.resume": "the merchant given, by its key",
    "removal.request": "the merchant given, by its key",
    "removal.stop": "the merchant given, by its keys",
    "removal.of": "the merchant given, by its public id",
    "removal._due": "the clock removes merchants",
    "removal._begin": "the removal given",
    "removal._remove": "the merchant that is removed",
    "removal._delete": "rows of the merchant that is removed, by their keys",
    "removal._close": "people who belong to no other merchant",
    "removal._forget_log": "the admin's log belongs to no merchant",
    "removal._batches": "the merchant that is removed",
    "erasure.look_again": "the clock looks at the erasures of all merchants",
    "erasure.give_up": "the clock gives up what no destination took, of all merchants",
    "delivery.changes._is_too_early": "the connection given",
    "tokens.revoke": "the token given",
    "invitations.accept": "the merchant of the invitation given",
    "services.orders._write_lines": "lines of the order given",
    "services.policies.change": "the merchant given, by its key",
    "services.campaigns._hold_off_merges": "the merchant given, by its key",
    "services.programmes.change": "the merchant given, by its key",
    "services.tracking_page.change": "the merchant given, by its key",
    "dossier.of_many": "the orders given",
    # No merchant's
    "ticks.*": "ticks belong to no merchant",
    "invitations.join": "a user belongs to no merchant",
    "web.home.invitation": "a user belongs to no merchant",
    "wake._ask": "ticks belong to no merchant",
    "watch.*": "django-q2's queue belongs to no merchant",
}
"""Functions whose querysets do not begin with `for_merchant`, and why they may: "module.*" stands for the whole module."""

MAKES = {"create", "bulk_create", "get_or_create", "select_for_update"}
"""What begins with these names the merchant among its values (`merchant=`), which is checked apart."""

NOT_LOOKED_AT = {"migrations", "management", "admin", "sandbox", "models"}


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for app in ("integrations", "tracking", "returns", "loyalty", "lifecycle"):
        root = Path(settings.BASE_DIR) / app
        for path in sorted(root.rglob("*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            if not NOT_LOOKED_AT.intersection(parts):
                yield ".".join(parts), ast.parse(path.read_text())


def _querysets(tree: ast.Module) -> Iterator[tuple[str, str, str]]:
    """(function, first method after `.objects`, the whole expression) of every use of a manager."""
    parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr in ("objects", "_default_manager", "_base_manager"):
            around: list[ast.AST] = [node]
            while around[-1] in parents:
                around.append(parents[around[-1]])
            function = next((each.name for each in around if isinstance(each, ast.FunctionDef)), "<module>")
            first = around[1].attr if isinstance(around[1], ast.Attribute) else ""
            chain = itertools.takewhile(lambda each: isinstance(each, ast.Attribute | ast.Call), around)
            yield function, first, ast.unparse(list(chain)[-1])


def test_every_query_begins_with_the_merchant_or_says_why_not() -> None:
    unasked, used = [], set()
    for module, tree in _modules():
        for function, first, expression in _querysets(tree):
            allowed = {f"{module}.{function}", f"{module}.*"} & ACROSS_MERCHANTS.keys()
            used |= allowed
            names_it = first in MAKES and ("merchant" in expression or first == "bulk_create")
            if not (first == "for_merchant" or names_it or allowed):
                unasked.append(f"{module}.{function}: {expression[:80]}")

    advice = "begin with for_merchant(), or add the function to ACROSS_MERCHANTS with its reason"
    assert not unasked, "\n".join([advice, *unasked])
    assert ACROSS_MERCHANTS.keys() == used, "a function of ACROSS_MERCHANTS is gone"
