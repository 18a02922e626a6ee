"""The operations on profiles, lists, metrics and the account itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import resources, rules, shapes
from .calls import Answer, Call, check_shape, collection_answer, partial_failure, refuse
from .problems import Problem, Refused, duplicate_profile, invalid, not_found, path, too_large
from .profiles import Profile, ProfileInput
from .store import List

Json = dict[str, Any]


def create_or_update_profile(call: Call) -> Answer:
    """201 for a new profile, 200 for a known one. Given fields overwrite, null clears, properties merge by key."""
    if call.size > rules.MAX_PROFILE_BYTES:
        raise too_large(rules.MAX_PROFILE_BYTES)
    check_shape(shapes.IMPORT_PROFILE, call.body)
    data = call.body["data"]
    refuse(_profile_problems(call, data, rules.IMPORT_IDENTIFIERS))
    with call.account.lock:
        if data.get("id") and data["id"] not in call.account.profiles.by_id:
            raise not_found("profile", data["id"])
        profile, created = call.account.profiles.upsert(ProfileInput.from_resource(data), call.at)
        return _profile_answer(call, profile, 201 if created else 200, partial_failure(data["attributes"]))


def create_profile(call: Call) -> Answer:
    """201, or 409 with the id of the profile that has one of these identifiers."""
    check_shape(shapes.CREATE_PROFILE, call.body)
    data = call.body["data"]
    refuse(_profile_problems(call, data, rules.CREATE_IDENTIFIERS))
    given = ProfileInput.from_resource(data)
    with call.account.lock:
        known = call.account.profiles.find(given)
        if known is not None:
            raise duplicate_profile(known.id)
        profile, _ = call.account.profiles.upsert(given, call.at)
        return _profile_answer(call, profile, 201, partial_failure(data["attributes"]))


def get_profiles(call: Call) -> Answer:
    """The profiles of the account."""
    with call.account.lock:
        profiles = list(call.account.profiles)
        answer, _ = collection_answer(call, resources.PROFILES, profiles, "profiles", _rendering(call))
    return Answer(200, answer)


def get_profile(call: Call) -> Answer:
    """One profile."""
    with call.account.lock:
        return _profile_answer(call, _profile(call, call.identifier), 200, {})


def get_accounts(call: Call) -> Answer:
    """The one account that the key belongs to."""
    resource = resources.sparse(resources.account_resource(call.account, call.base), call.query)
    return Answer(200, {"data": [resource], "links": {"self": f"{call.base}/api/accounts", "next": None, "prev": None}})


def get_metrics(call: Call) -> Answer:
    """The metrics of the account, those of other integrations too."""
    with call.account.lock:
        metrics = list(call.account.metrics.values())
        answer, _ = collection_answer(call, resources.METRICS, metrics, "metrics", resources.metric_resource)
    return Answer(200, answer)


def create_list(call: Call) -> Answer:
    """201 with the new list."""
    check_shape(shapes.CREATE_LIST, call.body)
    attributes = call.body["data"]["attributes"]
    if not attributes["name"].strip():
        raise Refused([invalid("'name' must not be empty.", path("data", "attributes", "name"))])
    created = call.account.create_list(attributes["name"], attributes.get("opt_in_process"), call.at)
    resource = resources.list_resource(created, call.base)
    return Answer(201, {"data": resource, "links": {"self": resource["links"]["self"]}})


def get_lists(call: Call) -> Answer:
    """The lists of the account, ten to a page."""
    with call.account.lock:
        lists = list(call.account.lists.values())
        answer, _ = collection_answer(call, resources.LISTS, lists, "lists", resources.list_resource)
    return Answer(200, answer)


def get_list(call: Call) -> Answer:
    """One list."""
    resource = resources.sparse(resources.list_resource(_list(call), call.base), call.query)
    return Answer(200, {"data": resource, "links": {"self": resource["links"]["self"]}})


def add_profiles_to_list(call: Call) -> Answer:
    """204. Adding twice changes nothing."""
    return _change_members(call, lambda profile, identifier: profile.lists.add(identifier))


def remove_profiles_from_list(call: Call) -> Answer:
    """204. Removing one who is not on the list changes nothing."""
    return _change_members(call, lambda profile, identifier: profile.lists.discard(identifier))


def _profile_problems(call: Call, data: Json, identifiers: tuple[str, ...]) -> list[Problem]:
    return rules.profile_problems(
        data, path("data"), identifiers=identifiers, refused_emails=call.options.refused_emails
    )


def _profile_answer(call: Call, profile: Profile, status: int, headers: dict[str, str]) -> Answer:
    resource = resources.sparse(_rendering(call)(profile, call.base), call.query)
    document = {"data": resource, "links": {"self": resource["links"]["self"]}}
    return Answer(status, document, headers)


def _rendering(call: Call) -> Callable[[Profile, str], Json]:
    """How a profile is written: with what it consented to where that is asked for."""
    wanted = call.query.get("additional-fields[profile]", "").split(",")
    return resources.with_subscriptions if "subscriptions" in wanted else resources.profile_resource


def _profile(call: Call, identifier: str) -> Profile:
    profile = call.account.profiles.by_id.get(identifier)
    if profile is None:
        raise not_found("profile", identifier)
    return profile


def _list(call: Call) -> List:
    found = call.account.lists.get(call.identifier)
    if found is None:
        raise not_found("list", call.identifier)
    return found


def _change_members(call: Call, change: Callable[[Profile, str], None]) -> Answer:
    """Change the membership of every profile named, or of none if one is unknown."""
    check_shape(shapes.LIST_MEMBERS, call.body)
    found = _list(call)
    named = call.body["data"]
    if len(named) > rules.MAX_LIST_MEMBERS:
        detail = f"A request must not hold more than {rules.MAX_LIST_MEMBERS} profiles."
        raise Refused([invalid(detail, path("data"))])
    with call.account.lock:
        for profile in [_profile(call, item["id"]) for item in named]:
            change(profile, found.id)
        found.updated = call.at
    return Answer(204)
