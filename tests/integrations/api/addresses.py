"""Every operation of the API, found by the map of addresses: tests of what all have in common need no edit for a new one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from integrations.api.endpoint import Endpoint, Operation

START = "api/v1/"
MISSING_KEY = "4611686018427387904"
"""A key that no row has."""


@dataclass(frozen=True)
class Address:
    """One method at one address; `path` is without the common start, and leads to nothing where it names a row."""

    method: str
    path: str
    operation: Operation
    names_a_row: bool

    def __str__(self) -> str:
        return f"{self.method} {self.path.replace(MISSING_KEY, '{id}')}"


def _patterns(resolver: URLResolver) -> Iterator[URLPattern]:
    for each in resolver.url_patterns:
        if isinstance(each, URLResolver):
            yield from _patterns(each)
        else:
            yield each


def _addresses() -> Iterator[Address]:
    for pattern in _patterns(get_resolver()):
        route = str(pattern.pattern)
        view: Any = getattr(pattern.callback, "view_class", None) or getattr(pattern.callback, "cls", None)
        if not route.startswith(START) or view is None or not issubclass(view, Endpoint):
            continue
        path = route.removeprefix(START)
        for name in pattern.pattern.converters:
            path = re.sub(f"<[a-z_]+:{name}>", MISSING_KEY, path)
        for method in ("get", "post", "put", "patch", "delete"):
            if hasattr(view, method):
                names_a_row = bool(pattern.pattern.converters)
                yield Address(method.upper(), path, getattr(view, method).operation, names_a_row)


ALL = list(_addresses())
