"""Every argument of every command given nonsense: it succeeds, or one line names the argument and nothing is written."""

from __future__ import annotations

import io
import itertools
import json
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command, get_commands
from django.core.management.base import CommandError
from django.utils import timezone

from integrations import merchants, staff
from integrations.destinations.klaviyo.sandbox import Sandbox
from integrations.management.commands import klaviyo_sandbox, reconcile, shopify_flow_sandbox
from integrations.models import ApiToken, Connection, InboundMessage, Merchant, ShopDomain, SourceSecret
from tests.support import naughty

KEY = "pk_sandbox_of_commands"
WRITTEN = [Merchant, ShopDomain, SourceSecret, Connection, ApiToken, User, InboundMessage]

RIGHT: dict[str, dict[str, str]] = {
    "create_merchant": {
        "NAME": "Teekontor",
        "--klaviyo-key": KEY,
        "--packs": "order_status",
        "--shop-domain": "SHOP.myshopify.com",
        "--timezone": "Europe/Berlin",
        "--currency": "EUR",
        "--prefix": "Tidings",
        "--source": "shopify",
        "--launch": "2026-12-01",
        "--backfill-days": "1",
    },
    "create_api_token": {"--merchant": "Alba", "--name": "warehouse", "--scopes": "events:read"},
    "create_staff": {"username": "carla", "--email": "carla@example.com"},
    "create_staff_token": {"username": "admin", "--name": "report", "--scopes": "events:read", "--days": "30"},
    "revoke_staff_token": {"prefix": "tdg_staff_000000"},
    "deliver": {"--merchant": "Alba"},
    "erase_customer": {"--merchant": "Alba", "--email": "ann@shopper.example", "--phone": "+4930901820", "--id": "1"},
    "ingest": {"--merchant": "Alba", "--source": "easypost", "--topic": "", "FILE": "tracker.json"},
    "reconcile": {"--merchant": "Alba"},
    "verify_ledger": {"--merchant": "Alba"},
    "replay_inbound": {"--merchant": "Alba", "--source": "shopify", "--state": "failed"},
}
"""Commands that read or write a merchant's data -> their arguments, with values that are right."""

FLAGS = {
    "create_merchant": ["--share-account", "--keep-at-klaviyo"],
    "create_staff": ["--password-stdin"],
    "create_api_token": ["--json"],
    "erase_customer": ["--yes"],
    "reconcile": ["--json"],
    "verify_ledger": ["--json"],
}

OTHERS = {"list_metrics", "rotate_encryption_keys", "sync_schedules", "watch_cluster"}
"""Our commands without arguments that take a value."""

MACHINES: dict[str, dict[str, list[str]]] = {
    "klaviyo_sandbox": {
        "--port": ["-1", "65536", "9" * 30, "", "x", "1e3"],
        "--host": ["", "localhost.", "127.0.0.1\nINFO fine", "\ud800", "::", "127.1"],
        "--limit-scale": ["0", "-1", "nan", "inf", "x", ""],
        "--processing-delay": ["-1", "nan", "inf", "x"],
        "--first-flow-delay": ["-1", "nan", "inf", "x"],
    },
    "shopify_flow_sandbox": {"--port": ["-1", "65536", "9" * 30, "", "x", "1e3"]},
    "demo": {
        "--port": ["-1", "0", "65535", "65536", "9" * 30, "", "x"],
        "--days": ["-1", "31", "x", ""],
        "--speed": ["0", "-1", "nan", "inf", "x", ""],
        "--directory": ["\x00", "a\nb", "\ud800"],
    },
}
"""Commands that start something -> values that must stop them before they do."""

IMPOSSIBLE = ["", " ", "-1", "15", "0", "2.5", "1e3", "nan", "9" * 30, "9" * 5_000, "１", "²", "env:", "env:NO_SUCH"]  # noqa: RUF001
IMPOSSIBLE += ["env:a\nb", "env:\ud800", "now ", "0001-01-01", "9999-12-31", "0001-01-01T00:00+14:00", "2026-02-30"]
IMPOSSIBLE += [
    "9999-12-31T23:59-14:00",
    "2026-13-01T00:00Z",
    "x" * 5_000,
    "/",
    "/etc/shadow/x",
    "a.example\n",
    "=",
    ",",
]
_numbers = itertools.count(1)
TEXTS = [*naughty.TEXTS, *naughty.UNSTORABLE]


@pytest.fixture(autouse=True)
def world(db: None, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A merchant, a file to ingest, a password to be read, and a Klaviyo."""
    merchant = Merchant.objects.create(name="Alba", created_at=timezone.now())
    merchants.set_source_secret(merchant, "shopify", "a secret", at=timezone.now())
    staff.make_csm("admin", "a-long-enough-password")
    (tmp_path / "tracker.json").write_text(json.dumps({"object": "Tracker", "tracking_code": "1Z9"}))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("signal.signal", lambda *_: None)
    with Sandbox(limit_scale=None) as klaviyo:
        settings.KLAVIYO_BASE_URL = klaviyo.url
        yield


def run(command: str, arguments: Mapping[str, str]) -> str:
    """Run a command; what it complained of, "" where it succeeded."""
    options = [f"{name}={value}" for name, value in arguments.items() if name.startswith("--")]
    options = [each.replace("SHOP", f"shop-{next(_numbers)}") for each in options]
    places = [value for name, value in arguments.items() if not name.startswith("--")]
    rest = ["--", *places] if places else []
    try:
        call_command(command, *FLAGS.get(command, []), *options, *rest, stdout=io.StringIO(), stderr=io.StringIO())
    except CommandError as error:
        return str(error)
    return ""


def counts() -> list[int]:
    """How many rows of each kind there are."""
    return [model._default_manager.count() for model in WRITTEN]


def faults(complaint: str, argument: str) -> list[str]:
    """What is wrong with a complaint: it is one line of plain text that names the argument."""
    wrong = []
    if any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in complaint):
        wrong.append("more than one line of plain text")
    if argument not in complaint:
        wrong.append("does not name the argument")
    if len(complaint) > 1_000 and "invalid choice" not in complaint:
        wrong.append("too long to read")
    return wrong


SLOW = ("NAME", "--prefix")
"""Arguments that nearly any value is good for: each makes a merchant, at Klaviyo too."""

PAIRS = [(command, argument) for command, right in RIGHT.items() for argument in right] + [("replay_inbound", "--id")]


def test_every_command_is_here() -> None:
    ours = {
        name
        for name, app in get_commands().items()
        if app in ("config", "integrations", "tracking", "returns", "loyalty", "lifecycle")
    }

    assert ours == {*RIGHT, *OTHERS, *MACHINES}


@pytest.mark.parametrize("most", [4, pytest.param(10_000, marks=pytest.mark.full)])
@pytest.mark.parametrize(("command", "argument"), PAIRS)
def test_nonsense_is_refused_by_name_and_nothing_is_written(
    command: str, argument: str, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    start = PAIRS.index((command, argument)) * 11
    values = [
        *naughty.sample(IMPOSSIBLE, most * 3),
        *naughty.sample(TEXTS[start:] + TEXTS[:start], most),
    ]
    wrong = []
    for value in values:
        monkeypatch.setattr("sys.stdin", io.StringIO("a-long-enough-password\n"))
        before = counts()
        complaint = run(command, {**RIGHT[command], argument: value})
        found = faults(complaint, argument) if complaint else []
        if complaint and counts() != before:
            found.append("half of it is written")
        wrong += [(value[:30], complaint[:200], found)] if found else []

    assert wrong == []


@pytest.mark.parametrize(("command", "argument"), [(name, each) for name, all_ in MACHINES.items() for each in all_])
def test_nothing_is_started_with_nonsense(
    command: str, argument: str, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("a process was started")

    settings.DEBUG = True
    monkeypatch.setattr("os.execve", never)
    monkeypatch.setattr(klaviyo_sandbox, "Sandbox", never)
    monkeypatch.setattr(shopify_flow_sandbox, "FlowSandbox", never)
    complaints = {value: run(command, {argument: value}) for value in MACHINES[command][argument]}

    assert {value: faults(said, argument) or said for value, said in complaints.items() if faults(said, argument)} == {}


def test_bytes_that_are_no_text_on_standard_input_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in (b"\xff\xfe\n", b"pk_\x00\n", b"pk_a\x1b[2J\n"):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(given), encoding="utf-8"))
        complaint = run("create_merchant", {**RIGHT["create_merchant"], "--klaviyo-key": "-"})
        assert faults(complaint, "--klaviyo-key") == []
    assert Merchant.objects.count() == 1


def test_a_secret_that_is_no_line_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    for given in ("canary\n\nsecret", "canary\udcff", "canary\x1b[0m"):
        monkeypatch.setenv("SHOP_SECRET", given)
        complaint = run("create_merchant", {**RIGHT["create_merchant"], "--source": "shopify=env:SHOP_SECRET"})
        assert (faults(complaint, "--source shopify"), "canary" in complaint) == ([], False)
    assert Merchant.objects.count() == 1


@pytest.mark.parametrize("command", ["deliver", "reconcile", "replay_inbound", "verify_ledger"])
def test_a_merchant_without_a_name_is_not_everybody(command: str) -> None:
    """As where a script's variable is empty."""
    assert run(command, {"--merchant": ""}).startswith("--merchant: no merchant is called ''")


def test_a_refused_command_ends_with_1_and_one_line(transactional_db: None, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        reconcile.Command().run_from_argv(["manage.py", "reconcile", "--merchant", "nobody", "--skip-checks"])
    said = capsys.readouterr()

    assert (ended.value.code, said.out, len(said.err.splitlines())) == (1, "", 1)
    assert said.err.startswith("CommandError: --merchant: no merchant is called 'nobody'")
