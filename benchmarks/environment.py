"""The environment of every process of a benchmark: the product's own settings, with values that are the same on every machine."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
KEY = "pk_bench"
"""The private key of every merchant: the stub asks for none."""


def environment(database_url: str, **changes: str) -> dict[str, str]:
    """Production's settings on `database_url`; neither a developer's `.env` nor what is exported in the shell gets in."""
    ours = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    inherited = {name: value for name, value in os.environ.items() if name.removesuffix("_FILE") not in ours}
    return inherited | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "ENV_FILE": "",
        "DEBUG": "false",
        "SECRET_KEY": "for-benchmarks-only-" + "0123456789abcdef" * 4,
        "TIDINGS_ENCRYPTION_KEYS": base64.urlsafe_b64encode(b"benchmarks only, no real data!!!").decode(),
        "ALLOWED_HOSTS": "*",
        "SECURE_SSL_REDIRECT": "false",
        "DATABASE_URL": database_url,
        "LOG_LEVEL": "WARNING",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        **changes,
    }
