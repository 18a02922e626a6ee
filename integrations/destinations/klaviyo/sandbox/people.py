"""The operations that import many profiles, merge two into one, and delete a person."""

from __future__ import annotations

import uuid
from typing import Any

from . import rules, shapes
from .calls import Answer, Call, check_shape, refuse
from .problems import Problem, Refused, invalid, not_found, path
from .profiles import ProfileInput

Json = dict[str, Any]

MAX_IMPORTED = 10_000
_IMPORTING = "profile-bulk-import-job"
_PROFILES = path("data", "attributes", "profiles", "data")


def bulk_import_profiles(call: Call) -> Answer:
    """202 with the job: all profiles are upserted and put on the lists, or none. Unlike a single import, null clears nothing."""
    check_shape(shapes.BULK_IMPORT, call.body)
    data = call.body["data"]
    profiles: list[Json] = data["attributes"]["profiles"]["data"]
    if not 1 <= len(profiles) <= MAX_IMPORTED:
        raise Refused([invalid(f"A request must hold 1 to {MAX_IMPORTED} profiles.", _PROFILES)])
    refuse([problem for index, each in enumerate(profiles) for problem in _import_problems(call, each, index)])
    lists = ((data.get("relationships") or {}).get("lists") or {"data": []})["data"]
    with call.account.lock:
        for each in lists:
            if each["id"] not in call.account.lists:
                raise not_found("list", each["id"])
        for each in profiles:
            given = {name: value for name, value in each["attributes"].items() if value is not None}
            profile, _ = call.account.profiles.upsert(
                ProfileInput.from_resource({**each, "attributes": given}), call.at
            )
            profile.lists |= {each["id"] for each in lists}
        return Answer(202, {"data": _job(call, len(profiles), lists)})


def get_bulk_import_profiles_job(call: Call) -> Answer:
    """One job."""
    job = call.account.jobs.get(call.identifier)
    if job is None or job["type"] != _IMPORTING:
        raise not_found(_IMPORTING, call.identifier)
    return Answer(200, {"data": job})


def merge_profiles(call: Call) -> Answer:
    """201: the one source becomes part of the destination, which keeps its id."""
    check_shape(shapes.MERGE, call.body)
    target_id, sources = call.body["data"]["id"], call.body["data"]["relationships"]["profiles"]["data"]
    if len(sources) != 1:
        raise Refused([invalid("Exactly one source profile is required.", path("data", "relationships", "profiles"))])
    (source_id,) = (each["id"] for each in sources)
    with call.account.lock:
        known = call.account.profiles.by_id
        for identifier in (target_id, source_id):
            if identifier not in known:
                raise not_found("profile", identifier)
        if source_id == target_id:
            detail = "A profile cannot be merged into itself."
            raise Refused([invalid(detail, path("data", "relationships", "profiles"))])
        call.account.profiles.merge(known[source_id], known[target_id])
    links = {"self": f"{call.base}/api/profiles/{target_id}/"}
    return Answer(201, {"data": {"type": "profile", "id": target_id, "links": links}, "links": links})


def request_profile_deletion(call: Call) -> Answer:
    """202: a person and their events are gone. Exactly one identifier names them; nobody by that name is no error."""
    check_shape(shapes.DELETE_PERSON, call.body)
    profile = call.body["data"]["attributes"]["profile"]["data"]
    inside = path("data", "attributes", "profile", "data")
    attributes = profile["attributes"]
    named = [profile.get("id"), attributes.get("email"), attributes.get("phone_number")]
    if sum(map(bool, named)) != 1:
        raise Refused([invalid("Exactly one of email, phone_number and id is required.", (inside, "attributes"))])
    refuse(
        rules.profile_problems(
            profile, inside, identifiers=("email", "phone_number"), refused_emails=call.options.refused_emails
        )
    )
    with call.account.lock:
        found = call.account.profiles.find(ProfileInput.from_resource(profile))
        if found is not None:
            call.account.forget(found)
    return Answer(202)


def _import_problems(call: Call, profile: Json, index: int) -> list[Problem]:
    return rules.profile_problems(
        profile,
        (_PROFILES, index),
        identifiers=rules.IMPORT_IDENTIFIERS,
        refused_emails=call.options.refused_emails,
    )


def _job(call: Call, total: int, lists: list[Json]) -> Json:
    identifier = uuid.uuid4().hex[:26]
    at = call.at.isoformat()
    job = {
        "type": _IMPORTING,
        "id": identifier,
        "attributes": {
            "status": "complete",
            "created_at": at,
            "total_count": total,
            "completed_count": total,
            "failed_count": 0,
            "completed_at": at,
            "expires_at": None,
            "started_at": at,
        },
        "relationships": {"lists": {"data": lists}},
        "links": {"self": f"{call.base}/api/{_IMPORTING}s/{identifier}/"},
    }
    call.account.jobs[identifier] = job
    return job
