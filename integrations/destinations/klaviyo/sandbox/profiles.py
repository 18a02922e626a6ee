"""Profiles of one account: how a request finds its profile, what it overwrites, when two profiles become one."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from .consents import Consents
from .rules import phone_is_valid

if TYPE_CHECKING:
    from .store import Event

Json = dict[str, Any]

IDENTIFIERS = ("external_id", "email", "phone_number", "anonymous_id", "_kx")
"""From the strongest to the weakest; the profile's own id is stronger still."""

FIELDS = ("first_name", "last_name", "organization", "locale", "title", "image")

_ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_dice = random.SystemRandom()


def new_profile_id() -> str:
    """A ULID: 26 characters, the first ten from the clock."""
    number = (int(time.time() * 1000) << 80) | _dice.getrandbits(80)
    return "".join(_ULID_ALPHABET[(number >> shift) & 31] for shift in range(125, -1, -5))


@dataclass(frozen=True, slots=True)
class ProfileInput:
    """What one request says of a profile. A key that is absent was not given; None was given to clear."""

    id: str | None
    identifiers: dict[str, str]
    fields: Json
    location: Json | None
    properties: Json
    patch: Json

    @classmethod
    def from_resource(cls, data: Json) -> ProfileInput:
        """Read a profile resource that passed the rules. A bad phone number is left out, as Klaviyo does."""
        attributes = data["attributes"]
        identifiers = {name: attributes[name] for name in IDENTIFIERS if attributes.get(name)}
        if "email" in identifiers:
            identifiers["email"] = identifiers["email"].lower()
        if not phone_is_valid(identifiers.get("phone_number", "")):
            identifiers.pop("phone_number", None)
        meta = data.get("meta") or attributes.get("meta") or {}
        return cls(
            id=data.get("id"),
            identifiers=identifiers,
            fields={name: attributes[name] for name in FIELDS if name in attributes},
            location=attributes.get("location"),
            properties=attributes.get("properties") or {},
            patch=meta.get("patch_properties") or {},
        )

    @property
    def identity(self) -> tuple[str, str]:
        """The strongest identifier given, for comparing two inputs."""
        if self.id:
            return ("id", self.id)
        return next((name, self.identifiers[name]) for name in IDENTIFIERS if name in self.identifiers)


@dataclass(slots=True, eq=False)
class Profile:
    """One person in one account. `recorded` holds its events by (metric id, unique_id)."""

    id: str
    number: int
    created: datetime
    updated: datetime
    identifiers: dict[str, str] = field(default_factory=dict)
    fields: Json = field(default_factory=dict)
    location: Json = field(default_factory=dict)
    properties: Json = field(default_factory=dict)
    last_event_at: datetime | None = None
    lists: set[str] = field(default_factory=set)
    consents: Consents = field(default_factory=Consents)
    recorded: dict[tuple[str, str], Event] = field(default_factory=dict)


class ProfileBook:
    """The profiles of one account. Not thread-safe: the account holds its lock."""

    def __init__(self) -> None:
        self.by_id: dict[str, Profile] = {}
        self._index: dict[tuple[str, str], Profile] = {}
        self._last_number = 0

    def __iter__(self) -> Iterator[Profile]:
        return iter(self.by_id.values())

    def __len__(self) -> int:
        return len(self.by_id)

    def find(self, given: ProfileInput) -> Profile | None:
        """The profile that the strongest known identifier names."""
        return next(self._owners(given), None)

    def upsert(self, given: ProfileInput, at: datetime) -> tuple[Profile, bool]:
        """Create or update. Returns the profile and whether it is new.

        A profile known only by a weaker identifier is merged into the one that a stronger identifier names. An
        identifier that belongs to somebody better known stays there.
        """
        owners = list(self._owners(given))
        created = not owners
        profile = self._create(at) if created else owners[0]
        for other in owners[1:]:
            if self._is_weaker(other, given):
                self.merge(other, profile)
        self._apply(profile, given, at)
        return profile, created

    def _owners(self, given: ProfileInput) -> Iterator[Profile]:
        """Profiles that the identifiers name, strongest first, each once."""
        seen: list[Profile] = []
        if given.id and given.id in self.by_id:
            seen.append(self.by_id[given.id])
            yield seen[0]
        for name in IDENTIFIERS:
            value = given.identifiers.get(name)
            owner = self._index.get((name, value)) if value else None
            if owner is not None and owner not in seen:
                seen.append(owner)
                yield owner

    def _create(self, at: datetime) -> Profile:
        self._last_number += 1
        profile = Profile(new_profile_id(), self._last_number, at, at)
        self.by_id[profile.id] = profile
        return profile

    @staticmethod
    def _is_weaker(other: Profile, given: ProfileInput) -> bool:
        """Whether all that is known of the other profile are identifiers of this very request."""
        return all(given.identifiers.get(name) == value for name, value in other.identifiers.items())

    def remove(self, profile: Profile) -> None:
        """Forget a profile and everything that leads to it."""
        del self.by_id[profile.id]
        self._index = {key: owner for key, owner in self._index.items() if owner is not profile}

    def merge(self, source: Profile, target: Profile) -> None:
        """Make the source part of the target, whose own fields and identifiers stand."""
        for name, value in source.identifiers.items():
            self._index[name, value] = target
            target.identifiers.setdefault(name, value)
        target.fields = {**source.fields, **target.fields}
        target.location = {**source.location, **target.location}
        target.properties = {**source.properties, **target.properties}
        target.lists |= source.lists
        target.consents.take_over(source.consents)
        for key, event in source.recorded.items():
            event.profile = target
            target.recorded.setdefault(key, event)
        del self.by_id[source.id]

    def _apply(self, profile: Profile, given: ProfileInput, at: datetime) -> None:
        for name, value in given.identifiers.items():
            owner = self._index.setdefault((name, value), profile)
            previous = profile.identifiers.get(name)
            if owner is profile and previous != value:
                if previous is not None:
                    self._index.pop((name, previous), None)
                profile.identifiers[name] = value
        _overwrite(profile.fields, given.fields)
        _overwrite(profile.location, given.location or {})
        profile.properties.update(given.properties)
        _patch(profile.properties, given.patch)
        profile.updated = at


def _overwrite(known: Json, given: Json) -> None:
    """Set what was given; None clears."""
    for name, value in given.items():
        if value is None:
            known.pop(name, None)
        else:
            known[name] = value


def _patch(properties: Json, patch: Json) -> None:
    """Carry out `patch_properties`: append to lists, take out of lists, remove keys."""
    for name, value in (patch.get("append") or {}).items():
        properties[name] = _as_list(properties.get(name)) + _as_list(value)
    for name, value in (patch.get("unappend") or {}).items():
        unwanted = _as_list(value)
        properties[name] = [item for item in _as_list(properties.get(name)) if item not in unwanted]
    for name in _as_list(patch.get("unset")):
        properties.pop(name, None)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]
