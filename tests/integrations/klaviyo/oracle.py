"""Klaviyo's own SDK as a judge of our bodies.

Its models are strict about types and silent about names that they do not know, so that what they kept is compared with
what they were given.
"""

from __future__ import annotations

import json
from typing import Any


def assert_klaviyo_takes(model: Any, content: bytes) -> None:
    """Fail where the SDK's `model` refuses the body or drops a key of it."""
    document = json.loads(content)
    kept = model.model_validate(document).model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert _paths(document) == _paths(kept)


def _paths(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {path}.union(*(_paths(inner, f"{path}/{name}") for name, inner in value.items()))
    if isinstance(value, list):
        return {path}.union(*(_paths(inner, f"{path}/{place}") for place, inner in enumerate(value)))
    return {path}
