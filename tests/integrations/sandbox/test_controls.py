"""The control API, its helper, and the command."""

from __future__ import annotations

from inspect import signature
from typing import Any

import pytest
import requests
from django.core.management import CommandError, call_command
from pytest_django import Settings

from integrations.destinations.klaviyo.sandbox import RemoteRefused, RemoteSandbox, Sandbox
from integrations.destinations.klaviyo.sandbox.control_api import CHANGING, READING

from .caller import Caller


@pytest.fixture
def remote(sandbox: Sandbox) -> RemoteSandbox:
    return RemoteSandbox(sandbox.url)


@pytest.mark.parametrize("method", sorted(READING))
def test_remote_reads_what_the_sandbox_reads(
    sandbox: Sandbox, remote: RemoteSandbox, caller: Caller, method: str
) -> None:
    caller.event(value=1)
    sandbox.fault("slow")

    assert getattr(remote, method)() == getattr(sandbox, method)()


@pytest.mark.parametrize("method", sorted(READING | CHANGING))
def test_remote_has_the_same_signatures(method: str) -> None:
    assert signature(getattr(RemoteSandbox, method)) == signature(getattr(Sandbox, method))


def test_remote_makes_accounts_and_faults(sandbox: Sandbox, remote: RemoteSandbox) -> None:
    remote.add_account("pk_new", name="New", scopes=["events:write"])
    remote.script("u1", ["server_error"])
    caller = Caller(sandbox, "pk_new")

    assert [caller.event().status_code, caller.event().status_code] == [500, 202]
    assert caller.get("/api/events").status_code == 403


def test_remote_changes_options_limits_and_poison(sandbox: Sandbox, remote: RemoteSandbox, caller: Caller) -> None:
    remote.configure(pointers=False, first_flow_delay=9e6)
    remote.set_limits(None)
    remote.refuse_email("ann@example.com")
    response = caller.event()

    assert (response.status_code, response.json()["errors"][0]["source"]) == (400, {})
    assert "RateLimit-Limit" not in response.headers


def test_reset_forgets_everything(sandbox: Sandbox, remote: RemoteSandbox, caller: Caller) -> None:
    caller.event()
    remote.fault("server_error")
    remote.reset()

    assert (remote.accounts(), remote.requests(), remote.faults()) == ([], [], [])


def test_remote_says_why_it_was_refused(remote: RemoteSandbox) -> None:
    with pytest.raises(RemoteRefused, match="no such account"):
        remote.events("pk_nobody")
    with pytest.raises(RemoteRefused, match="earthquake"):
        remote.fault("earthquake")


@pytest.mark.parametrize(
    ("method", "path", "others", "status"),
    [
        ("POST", "/sandbox/reset", {"data": "{}", "headers": {"Content-Type": "text/plain"}}, 415),
        ("GET", "/sandbox/reset", {}, 405),
        ("POST", "/sandbox/__init__", {"json": {}}, 404),
        ("POST", "/sandbox/reset", {"json": []}, 400),
        ("GET", "/sandbox/events/nothing", {}, 404),
    ],
)
def test_control_api_refuses_what_it_does_not_serve(
    sandbox: Sandbox, method: str, path: str, others: dict[str, Any], status: int
) -> None:
    assert requests.request(method, sandbox.url + path, timeout=5, **others).status_code == status


def test_command_does_not_run_in_production(settings: Settings) -> None:
    settings.DEBUG = False

    with pytest.raises(CommandError, match="not for production"):
        call_command("klaviyo_sandbox", port=0)


def test_command_listens_on_loopback_only(settings: Settings) -> None:
    settings.DEBUG = True

    with pytest.raises(CommandError, match="loopback"):
        call_command("klaviyo_sandbox", port=0, host="0.0.0.0")  # noqa: S104


def test_command_says_when_its_port_is_taken(settings: Settings, sandbox: Sandbox) -> None:
    settings.DEBUG = True

    with pytest.raises(CommandError, match=f"Port {sandbox.port} cannot be used"):
        call_command("klaviyo_sandbox", port=sandbox.port)
