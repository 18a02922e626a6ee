"""Who sees and does what, on every page of the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django_q.models import Failure, OrmQ, Schedule, Success

from integrations import staff
from integrations.models import (
    Connection,
    Customer,
    Delivery,
    DeliveryAttempt,
    Event,
    InboundMessage,
    Lane,
    Lease,
    Merchant,
    Tick,
)
from lifecycle.models import Plan, StatusList
from loyalty.models import LedgerEntry, Member
from tracking.models import Issue, Order, Scan, Shipment

from . import rows

READ_ONLY = (
    Customer,
    Delivery,
    DeliveryAttempt,
    Event,
    InboundMessage,
    Lane,
    Lease,
    Tick,
    Order,
    Shipment,
    Scan,
    Issue,
    LedgerEntry,
    Member,
    Plan,
    StatusList,
    Schedule,
    OrmQ,
    Success,
    Failure,
)
SUPERUSERS_ONLY = (
    "auth_user",
    "auth_group",
    "django_q_schedule",
    "django_q_ormq",
    "django_q_success",
    "django_q_failure",
)


def address(model: type[Model], page: str, *args: object) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_nobody_adds_changes_or_deletes_history(admin_user: User, model: type[Model]) -> None:
    request = RequestFactory().get("/")
    request.user = admin_user
    page = admin.site._registry[model]

    assert page.get_model_perms(request) == {"add": False, "change": False, "delete": False, "view": True}
    assert "delete_selected" not in page.get_actions(request)


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model._meta.label)
def test_every_read_only_list_opens(admin_client: Client, model: type[Model]) -> None:
    assert admin_client.get(address(model, "changelist")).status_code == 200
    assert admin_client.get(address(model, "changelist"), {"q": "ada@example.com"}).status_code == 200


def test_an_event_cannot_be_posted_over(admin_client: Client, merchant: Merchant) -> None:
    event = rows.event(merchant)
    answer = admin_client.post(address(Event, "change", event.pk), {"order_number": "#9999"})
    event.refresh_from_db()

    assert (answer.status_code, event.order_number) == (403, "#1001")


@pytest.mark.parametrize("name", SUPERUSERS_ONLY)
def test_csm_manages_neither_people_nor_the_queue(csm: Client, name: str) -> None:
    assert csm.get(reverse(f"admin:{name}_changelist")).status_code == 403


def test_csm_sees_all_merchants_and_their_history(csm: Client, merchant: Merchant) -> None:
    names = ("merchant", "connection", "customer", "event", "delivery", "deliveryattempt", "inboundmessage")
    statuses = {csm.get(reverse(f"admin:integrations_{name}_changelist")).status_code for name in names}

    assert statuses == {200}


def test_csm_has_no_permission_on_people_or_queue(db: Any) -> None:
    user, _ = staff.make_csm("carla", "whatever-it-is-12")
    apps = {permission.split(".")[0] for permission in user.get_all_permissions()}

    assert apps == {"integrations", "lifecycle", "loyalty", "returns", "tracking"}


def test_role_is_brought_back_to_what_it_should_be(db: Any) -> None:
    group = staff.ensure_role()
    before = group.permissions.count()
    group.permissions.clear()
    staff.ensure_role()

    assert (group.permissions.count(), before > 0) == (before, True)


def test_making_a_known_user_a_csm_keeps_the_password(db: Any) -> None:
    User.objects.create_user("carla", password="the-first-password")
    user, is_new = staff.make_csm("carla", "another-password-1")

    assert (is_new, user.is_staff, user.check_password("the-first-password")) == (False, True, True)


def test_signed_in_without_a_role_sees_nothing(client: Client, merchant: Merchant) -> None:
    client.force_login(User.objects.create_user("eve", password="nobody-in-particular", is_staff=True))
    statuses = [
        client.get(reverse("admin:integrations_merchant_changelist")).status_code,
        client.get(address(Merchant, "change", merchant.pk)).status_code,
        client.get(reverse("admin:integrations_merchant_onboard")).status_code,
        client.get(reverse("admin:integrations_merchant_welcome", args=[merchant.pk])).status_code,
        client.get(address(Connection, "change", merchant.connections.get().pk)).status_code,
        client.post(address(Merchant, "deed", merchant.pk, "pause")).status_code,
        client.post(reverse("admin:integrations_merchant_secret", args=[merchant.pk])).status_code,
        client.post(reverse("admin:integrations_merchant_token", args=[merchant.pk])).status_code,
        client.post(reverse("admin:integrations_inboundmessage_replay")).status_code,
    ]
    merchant.refresh_from_db()

    assert statuses == [403] * 9 or set(statuses) <= {403, 404}
    assert merchant.state == Merchant.State.ACTIVE


def test_front_page_of_somebody_without_a_role_tells_nothing(client: Client, merchant: Merchant) -> None:
    client.force_login(User.objects.create_user("eve", password="nobody-in-particular", is_staff=True))

    assert merchant.name not in client.get(reverse("admin:index")).content.decode()


def test_deeds_are_never_done_by_following_a_link(csm: Client, merchant: Merchant) -> None:
    answer = csm.get(address(Merchant, "deed", merchant.pk, "pause"))
    merchant.refresh_from_db()

    assert (answer.status_code, merchant.state) == (405, Merchant.State.ACTIVE)


def test_deeds_need_the_form_s_token(merchant: Merchant) -> None:
    user, _ = staff.make_csm("carla", "whatever-it-is-12")
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)

    assert strict.post(address(Merchant, "deed", merchant.pk, "pause")).status_code == 403


def test_merchants_are_not_deleted_and_connections_not_added(admin_user: User) -> None:
    request = RequestFactory().get("/")
    request.user = admin_user

    assert admin.site._registry[Merchant].has_delete_permission(request) is False
    assert admin.site._registry[Connection].get_model_perms(request) == {
        "add": False,
        "change": True,
        "delete": False,
        "view": True,
    }
