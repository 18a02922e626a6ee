"""Bodies of requests: read within bounds, let through the gate for strangers' JSON, and checked against their declaration."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from rest_framework import serializers

from integrations import clean
from integrations.api import parameters
from integrations.api.problems import Problem

MAX_BYTES = 5 * 1024 * 1024


class Text(serializers.CharField):
    """A text, and nothing that could be made one. Control characters become blanks, those around it are dropped."""

    def to_internal_value(self, data: Any) -> str:
        """The text. Raises DRF's `ValidationError`."""
        if not isinstance(data, str):
            raise serializers.ValidationError("must be a text")
        return super().to_internal_value(clean.text(data, len(data)))


class Flag(serializers.BooleanField):
    """true or false, and nothing that could be meant so."""

    def to_internal_value(self, data: Any) -> bool:
        """The flag. Raises DRF's `ValidationError`."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("must be true or false")
        return data


class Choice(serializers.ChoiceField):
    """One of a few words."""

    def to_internal_value(self, data: Any) -> str:
        """The word. Raises DRF's `ValidationError`."""
        if not isinstance(data, str) or data not in self.choices:
            raise serializers.ValidationError(f"must be one of {', '.join(self.choices)}")
        return data


class Instant(serializers.DateTimeField):
    """An instant by RFC 3339 with its zone, as UTC."""

    def to_internal_value(self, data: Any) -> datetime:
        """The instant. Raises DRF's `ValidationError`."""
        try:
            return parameters.read_instant(data if isinstance(data, str) else "")
        except ValueError as error:
            raise serializers.ValidationError(str(error)) from None


class Body(serializers.Serializer[Any]):
    """Base of what a request may hold. A field that is not declared is refused, not ignored."""

    def to_internal_value(self, data: Any) -> Any:
        """The checked values. Raises DRF's `ValidationError`."""
        unknown = [str(name)[:80] for name in data if name not in self.fields] if isinstance(data, dict) else []
        if unknown:
            known = ", ".join(self.fields) or "none"
            raise serializers.ValidationError({name: [f"is not known here; known are {known}"] for name in unknown})
        return super().to_internal_value(data)


def read(request: HttpRequest) -> bytes:
    """The body's bytes. Raises `Problem`: length_required, body_too_large, unsupported_media_type."""
    if "Transfer-Encoding" in request.headers:
        raise Problem("length_required", "The body must have a Content-Length.")
    length = request.headers.get("Content-Length", "") or "0"
    if not length.isdecimal() or len(length) > 18 or int(length) > MAX_BYTES:
        raise _too_large()
    body = request.read(MAX_BYTES + 1)
    if len(body) > MAX_BYTES:
        raise _too_large()
    if body and request.content_type != "application/json":
        raise Problem("unsupported_media_type", "Content-Type must be application/json.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise Problem("unsupported_media_type", "The body must not be compressed.")
    return body


def parse(body: bytes) -> dict[str, Any]:
    """The JSON object in a body; nothing at all counts as an empty one. Raises `Problem`."""
    try:
        data = clean.parse(body) if body else {}
    except clean.Unclean as error:
        raise Problem("malformed_body", str(error)) from None
    if not isinstance(data, dict):
        raise Problem("malformed_body", "The body must be a JSON object.")
    if body:
        json.loads(body.decode(), object_pairs_hook=_refuse_twins)
    return data


def _refuse_twins(pairs: list[tuple[str, Any]]) -> None:
    """A key that is there twice has two values, of which a reader sees one: which one, nobody says."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        twin = next(name for name in names if names.count(name) > 1)
        raise Problem("malformed_body", f"The key “{clean.text(twin, 80)}” is there twice in one object.")


def check(declared: type[Body], data: Any, *, pointer: str = "") -> dict[str, Any]:
    """The values of `data` as `declared` says. Raises `Problem` with a pointer to each that is wrong."""
    body = declared(data=data)
    if body.is_valid():
        return dict(body.validated_data)
    raise invalid(list(_places(body.errors, pointer)))


def pointer(*names: str) -> str:
    """The place in a body to which a path of names leads, by RFC 6901."""
    return "".join(f"/{_escaped(name)}" for name in names)


def invalid(errors: list[dict[str, str]]) -> Problem:
    """The body is not as it should be at these places: each has a `pointer` and a `detail`."""
    said = "; ".join(f"{each['pointer'] or 'the body'}: {each['detail']}" for each in errors[:5])
    return Problem("invalid_body", said, errors=errors)


def _places(errors: Any, pointer: str) -> Iterator[dict[str, str]]:
    """DRF's errors with the place of each, by RFC 6901."""
    if isinstance(errors, Mapping):
        for name, inner in errors.items():
            is_own = name == "non_field_errors"
            yield from _places(inner, pointer if is_own else f"{pointer}/{_escaped(str(name))}")
    elif isinstance(errors, list) and any(isinstance(each, Mapping | list) for each in errors):
        for number, inner in enumerate(errors):
            yield from _places(inner, f"{pointer}/{number}")
    else:
        for each in errors if isinstance(errors, list) else [errors]:
            yield {"pointer": pointer, "detail": str(each)}


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _too_large() -> Problem:
    return Problem("body_too_large", "The body must be at most 5 MB.")
