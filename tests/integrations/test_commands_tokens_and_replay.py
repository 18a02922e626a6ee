from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from integrations import staff, tokens
from integrations.models import ApiToken, InboundMessage, Merchant, StaffToken

pytestmark = pytest.mark.django_db
State = InboundMessage.State


@pytest.fixture
def merchant() -> Merchant:
    return Merchant.objects.create(name="Alba", created_at=timezone.now())


def run(command: str, *arguments: str) -> str:
    output = io.StringIO()
    call_command(command, "--merchant", "Alba", *arguments, stdout=output)
    return output.getvalue()


def message(merchant: Merchant, key: str, state: State, source: str = "shopify") -> InboundMessage:
    return InboundMessage.objects.create(
        merchant=merchant, source=source, topic="t", key=key, body=b"{}", received_at=timezone.now(), state=state
    )


def states() -> dict[str, str]:
    return dict(InboundMessage.objects.values_list("key", "state"))


def test_a_token_is_printed_once_and_works(merchant: Merchant) -> None:
    token = run("create_api_token", "--name", "warehouse", "--scopes", "events:read, orders:read").strip()
    row = tokens.find(token, at=timezone.now())
    assert isinstance(row, ApiToken)
    assert (row.merchant, row.name, row.scopes) == (merchant, "warehouse", ["events:read", "orders:read"])


def test_a_token_as_json(merchant: Merchant) -> None:
    made = json.loads(run("create_api_token", "--name", "warehouse", "--scopes", "events:read", "--json"))
    assert tokens.find(made.pop("token"), at=timezone.now()) is not None
    assert made == {"merchant": merchant.public_id, "scopes": ["events:read"]}


def test_a_token_for_some_days(merchant: Merchant) -> None:
    run("create_api_token", "--name", "warehouse", "--scopes", "events:read", "--days", "30")

    row = ApiToken.objects.get()
    assert row.expires_at is not None
    assert (row.expires_at - row.created_at).days == 30


def test_a_csms_token_is_made_expires_and_is_revoked() -> None:
    staff.make_csm("carla", "a-long-password-1")
    output = io.StringIO()
    call_command("create_staff_token", "carla", "--name", "nightly", "--scopes", "events:read", stdout=output)
    text = output.getvalue().strip()
    row = tokens.find(text, at=timezone.now())
    assert isinstance(row, StaffToken)
    assert (row.user.username, tokens.find(text, at=timezone.now() + timedelta(days=90))) == ("carla", None)

    call_command("revoke_staff_token", row.prefix, stdout=output)

    assert tokens.find(text, at=timezone.now()) is None


@pytest.mark.parametrize("name", ["eve", "nobody"])
def test_a_csms_token_is_for_csms(name: str) -> None:
    User.objects.create_user("eve", is_staff=True)
    with pytest.raises(CommandError, match=r"not an active member of the staff|there is no user"):
        call_command("create_staff_token", name, "--name", "nightly", "--scopes", "events:read")
    with pytest.raises(CommandError, match="no token begins with"):
        call_command("revoke_staff_token", "tdg_staff_000000")


@pytest.mark.parametrize(
    ("name", "scopes", "message"),
    [
        (" ", "events:read", "--name: must have 1 to 80 characters"),
        ("x" * 81, "events:read", "--name: must have 1 to 80 characters"),
        ("warehouse", ",", "--scopes: name at least one of events:read, "),
        ("warehouse", "events:all", "--scopes: unknown scopes events:all; scopes are "),
    ],
)
@pytest.mark.usefixtures("merchant")
def test_a_wrong_token_is_refused(name: str, scopes: str, message: str) -> None:
    with pytest.raises(CommandError, match=message):
        run("create_api_token", "--name", name, "--scopes", scopes)
    assert not ApiToken.objects.exists()


def test_failed_and_waiting_messages_of_the_merchant_are_replayed(merchant: Merchant) -> None:
    message(merchant, "failed", State.FAILED)
    message(merchant, "waiting", State.WAITING)
    message(merchant, "handled", State.HANDLED)
    message(Merchant.objects.create(name="Berta", created_at=timezone.now()), "other", State.FAILED)

    assert run("replay_inbound") == "2 messages will be handled again\n"
    assert states() == {"failed": "received", "waiting": "received", "handled": "handled", "other": "failed"}


@pytest.mark.parametrize(
    ("option", "value", "replayed"),
    [("--state", "waiting", {"b", "c"}), ("--source", "easypost", {"c"})],
)
def test_replay_can_be_narrowed(merchant: Merchant, option: str, value: str, replayed: set[str]) -> None:
    message(merchant, "a", State.FAILED)
    message(merchant, "b", State.WAITING)
    message(merchant, "c", State.WAITING, source="easypost")
    run("replay_inbound", option, value)
    assert {key for key, state in states().items() if state == "received"} == replayed


def test_one_message_is_replayed(merchant: Merchant) -> None:
    one, _ = message(merchant, "a", State.FAILED), message(merchant, "b", State.FAILED)
    assert run("replay_inbound", "--id", str(one.pk)) == "1 message will be handled again\n"
    assert states() == {"a": "received", "b": "failed"}


def test_a_message_that_needs_no_replay_is_named_and_none_is_replayed(merchant: Merchant) -> None:
    failed, handled = message(merchant, "a", State.FAILED), message(merchant, "b", State.HANDLED)
    with pytest.raises(CommandError, match=f"--id: no failed or waiting message of this merchant is {handled.pk}$"):
        run("replay_inbound", "--id", str(failed.pk), "--id", str(handled.pk))
    assert states() == {"a": "failed", "b": "handled"}


@pytest.mark.usefixtures("merchant")
def test_an_unknown_source_is_named() -> None:
    with pytest.raises(CommandError, match="--source: there is no source 'shopware'"):
        run("replay_inbound", "--source", "shopware")
