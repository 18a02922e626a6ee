"""Sources of tracking: one file for each. A new carrier is one more file here, with one subclass of `Carrier`."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType

from tracking.carriers.base import Carrier


def all_carriers() -> tuple[Carrier, ...]:
    """One of each carrier that has a file in this package, in the order of the files' names."""
    modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
    return tuple(kind() for module in sorted(modules, key=lambda each: each.__name__) for kind in _kinds(module))


def _kinds(module: ModuleType) -> list[type[Carrier]]:
    """The carriers that a module defines itself; what it merely imports is another file's."""
    return [
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, Carrier)
        and each is not Carrier
        and each.__module__ == module.__name__
    ]
