"""What must never be in the repository, and what its requirements must have: read from the files themselves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TRACKED = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
FILES = [ROOT / name for name in TRACKED.split("\0") if name and (ROOT / name).is_file()]
OURS = [
    path
    for path in FILES
    if path.suffix == ".py"
    and path.relative_to(ROOT).parts[0] in ("config", "integrations", "lifecycle", "loyalty", "returns", "tracking")
]

SECRETS = {
    "Klaviyo's private key": r"pk_(?!sandbox|demo)[0-9a-f]{34}\b|pk_(?!sandbox|demo)[A-Za-z0-9]{6}_[0-9a-f]{30,}",
    "API token": r"tdg_(live|staff)_[0-9A-Za-z]{38}\b",
    "AWS": r"\bAKIA[0-9A-Z]{16}\b",
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "Shopify": r"\bshp(at|ca|pa|ss)_[0-9a-fA-F]{32}\b",
    "EasyPost": r"\bEZ[AT]K[0-9a-f]{32,}",
    "Shippo": r"\bshippo_live_[0-9a-f]{32,}",
    "GitHub": r"\bgh[pousr]_[0-9A-Za-z]{36}\b",
    "password in an address": r"(postgres|postgresql|https?)://[^\s:@/'\"{}]+:(?!password|secret|else|b|x|\*)[^\s:@/'\"{}]+@",
    "Django's key": r"SECRET_KEY\s*=\s*[\"'][^\"'{]{20,}[\"']",
}
"""Words that look like a secret. Keys of the sandbox and the demo say of themselves that they are none."""

INVENTED = (
    "tests/config/test_addresses.py:45",
    "tests/integrations/klaviyo/examples.py:12",
    "tests/config/test_env.py:69",
)
"""A key and a password that have the right shape and open nothing."""

DANGEROUS = {
    "pickles": r"\bpickle\b|PickledObjectField|\bshelve\b|\bmarshal\b|\bdill\b",
    "code from text": r"(?<![\w.])(eval|exec|compile)\(|\b__import__\(",
    "YAML with objects": r"yaml\.(unsafe_)?load\(|\byaml\b",
    "a shell": r"shell=True|os\.system\(|os\.popen\(",
    "markup from strangers": r"\|safe\b|autoescape off",
    "SQL by hand": r"\.raw\(|\.extra\(",
}


def hits(pattern: str, files: list[Path]) -> list[str]:
    """Where a pattern is found: file and line, without the find itself."""
    found = []
    for path in files:
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{path.relative_to(ROOT)}:{number}")
    return found


@pytest.mark.parametrize("kind", SECRETS)
def test_no_secret_is_in_the_repository(kind: str) -> None:
    others = [path for path in FILES if path != Path(__file__).resolve()]

    assert len(others) > 300
    assert [place for place in hits(SECRETS[kind], others) if place not in INVENTED] == []


@pytest.mark.parametrize(
    ("kind", "example"),
    [
        ("Klaviyo's private key", "pk_" + "0123456789abcdef" * 2 + "01"),
        ("API token", "tdg_live_" + "a1B2" * 9 + "zz"),
        ("password in an address", "postgres://tidings:" + "hunter22@db/tidings"),
        ("private key", "-----BEGIN RSA" + " PRIVATE KEY-----"),
    ],
)
def test_secret_would_be_found(kind: str, example: str) -> None:
    assert re.search(SECRETS[kind], example)


@pytest.mark.parametrize("kind", DANGEROUS)
def test_nothing_dangerous_is_done_with_data(kind: str) -> None:
    templates = [path for path in FILES if path.suffix == ".html"]

    assert hits(DANGEROUS[kind], [*OURS, *templates]) == []


@pytest.mark.parametrize("name", ["run.txt", "dev.txt"])
def test_every_requirement_is_pinned_by_version_and_hash(name: str) -> None:
    text = (ROOT / "requirements" / name).read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]

    assert len(lines) > 20
    assert [line for line in lines if not re.match(r"^[\w.\[\]-]+==[\w.+!]+ .*--hash=sha256:[0-9a-f]{64}", line)] == []


def test_settings_of_a_machine_are_not_in_the_repository() -> None:
    names = {str(path.relative_to(ROOT)) for path in FILES}

    assert {name for name in names if re.search(r"(^|/)\.env$|\.sqlite3?$|\.pem$|(^|/)var/|\.log$", name)} == set()
