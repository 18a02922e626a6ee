"""What a shop's workflows may have done here: actions that domain apps declare, of which an app for the shop is made."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ActionField:
    """What the person who builds a workflow fills in. `type` is a type of Shopify Flow."""

    key: str
    name: str
    doc: str
    type: str = "single_line_text_field"
    is_required: bool = True


@dataclass(frozen=True, slots=True)
class Action:
    """Something that a workflow does to a customer. Its runs come in by the source of the kind `source`."""

    source: str
    handle: str
    name: str
    doc: str
    fields: Sequence[ActionField]


_registry: dict[str, Action] = {}


def register(*actions: Action) -> None:
    """Declare actions. Raises `ValueError` for a handle that is taken."""
    for each in actions:
        if each.handle in _registry:
            raise ValueError(f"action {each.handle!r} is declared twice")
        _registry[each.handle] = each


def declared() -> list[Action]:
    """Every action, in the order in which they were declared."""
    return list(_registry.values())
