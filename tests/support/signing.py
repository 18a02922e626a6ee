"""Whether a source takes a signature."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from integrations.sources import BadSignature, Source


def accepts(source: Source, body: bytes, headers: Mapping[str, str], secrets: Sequence[str]) -> bool:
    """False where it refuses the signature."""
    try:
        source.verify(body, headers, secrets)
    except BadSignature:
        return False
    return True
