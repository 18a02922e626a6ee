"""Write a `.env` for development, with new keys: `python config/dotenv.py`. Needs nothing but Python."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def development() -> str:
    """`.env.example` with DEBUG on and both keys filled in."""
    text = (ROOT / ".env.example").read_text()
    encryption_key = base64.urlsafe_b64encode(os.urandom(32)).decode()
    for empty, filled in (
        ("\nDEBUG=false\n", "\nDEBUG=true\n"),
        ("\nSECRET_KEY=\n", f"\nSECRET_KEY={secrets.token_urlsafe(50)}\n"),
        ("\nTIDINGS_ENCRYPTION_KEYS=\n", f"\nTIDINGS_ENCRYPTION_KEYS={encryption_key}\n"),
    ):
        text = text.replace(empty, filled)
    return text


def main() -> None:
    """Write the file, readable by its owner only. Raises `FileExistsError` rather than lose keys."""
    descriptor = os.open(ROOT / ".env", os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(development())


if __name__ == "__main__":
    main()
