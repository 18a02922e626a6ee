"""The operations that subscribe, unsubscribe and suppress profiles."""

from __future__ import annotations

import uuid
from typing import Any

from . import rules, shapes
from .calls import Answer, Call, check_shape, refuse
from .consents import CHANNELS, USER_SUPPRESSED
from .problems import Path, Problem, Refused, invalid, not_found, path
from .profiles import Profile, ProfileInput

Json = dict[str, Any]

MAX_SUBSCRIBED = 1_000
MAX_UNSUBSCRIBED = 100
MAX_SUPPRESSED = 100
_SUPPRESSING = "profile-suppression-bulk-create-job"
_UNSUPPRESSING = "profile-suppression-bulk-delete-job"
_PROFILES = path("data", "attributes", "profiles", "data")


def bulk_subscribe_profiles(call: Call) -> Answer:
    """202. The opt-in process is the list's, without a list the account's: double opt-in unless it says otherwise."""
    profiles = _checked(call, shapes.SUBSCRIBE, MAX_SUBSCRIBED)
    attributes = call.body["data"]["attributes"]
    is_import = attributes.get("historical_import") is True
    refuse([found for place, each in profiles for found in _consented_at_problems(each, place, is_import, call)])
    with call.account.lock:
        listed = _list_of(call)
        process = listed.opt_in_process if listed else call.account.opt_in_process
        for _, each in profiles:
            profile = _upserted(call, each)
            for channel in each["attributes"]["subscriptions"]:
                profile.consents.subscribe(
                    channel,
                    at=call.at,
                    source=attributes.get("custom_source"),
                    needs_confirmation=process == "double_opt_in" and not is_import,
                )
            if listed and not profile.consents.pending:
                profile.lists.add(listed.id)
    return Answer(202)


def bulk_unsubscribe_profiles(call: Call) -> Answer:
    """202. With a list, who is on it leaves it, and who is not on it is unsubscribed everywhere: Klaviyo warns of that."""
    profiles = _checked(call, shapes.UNSUBSCRIBE, MAX_UNSUBSCRIBED)
    with call.account.lock:
        listed = _list_of(call)
        for _, each in profiles:
            profile = _upserted(call, each)
            if listed and listed.id in profile.lists:
                profile.lists.discard(listed.id)
                continue
            for channel in each["attributes"]["subscriptions"]:
                profile.consents.unsubscribe(channel, at=call.at)
    return Answer(202)


def bulk_suppress_profiles(call: Call) -> Answer:
    """202 with the job. Somebody unknown becomes a profile, which is suppressed."""
    profiles = _checked_emails(call, shapes.SUPPRESS)
    with call.account.lock:
        skipped = 0
        for each in profiles:
            profile, _ = call.account.profiles.upsert(ProfileInput.from_resource(each), call.at)
            skipped += USER_SUPPRESSED in profile.consents.suppressions
            profile.consents.suppressions.setdefault(USER_SUPPRESSED, call.at)
        return Answer(202, {"data": _job(call, _SUPPRESSING, len(profiles), skipped)})


def bulk_unsuppress_profiles(call: Call) -> Answer:
    """202 with the job. Only what was suppressed by hand is lifted; unknown addresses are ignored."""
    profiles = _checked_emails(call, shapes.UNSUPPRESS)
    with call.account.lock:
        skipped = 0
        for each in profiles:
            profile = call.account.profiles.find(ProfileInput.from_resource(each))
            lifted = profile and profile.consents.suppressions.pop(USER_SUPPRESSED, None)
            skipped += lifted is None
        return Answer(202, {"data": _job(call, _UNSUPPRESSING, len(profiles), skipped)})


def get_bulk_suppress_profiles_jobs(call: Call) -> Answer:
    """The account's jobs, newest first."""
    with call.account.lock:
        jobs = [each for each in call.account.jobs.values() if each["type"] == _SUPPRESSING]
    return Answer(
        200, {"data": jobs[::-1], "links": {"self": _address(call, _SUPPRESSING), "next": None, "prev": None}}
    )


def get_bulk_suppress_profiles_job(call: Call) -> Answer:
    """One job."""
    job = call.account.jobs.get(call.identifier)
    if job is None or job["type"] != _SUPPRESSING:
        raise not_found(_SUPPRESSING, call.identifier)
    return Answer(200, {"data": job})


def _checked(call: Call, shape: Any, most: int) -> list[tuple[Path, Json]]:
    """The profiles of a request with their places. Raises Refused with everything that is wrong, and nothing is stored."""
    check_shape(shape, call.body)
    profiles: list[Json] = call.body["data"]["attributes"]["profiles"]["data"]
    _check_number(len(profiles), most)
    placed = [((_PROFILES, index), each) for index, each in enumerate(profiles)]
    refuse([problem for place, each in placed for problem in _channel_problems(call, each, place)])
    return placed


def _checked_emails(call: Call, shape: Any) -> list[Json]:
    check_shape(shape, call.body)
    profiles: list[Json] = (call.body["data"]["attributes"].get("profiles") or {"data": []})["data"]
    _check_number(len(profiles), MAX_SUPPRESSED)
    found: list[Problem] = []
    for index, each in enumerate(profiles):
        place = (_PROFILES, index)
        found += rules.profile_problems(each, place, identifiers=("email",), refused_emails=call.options.refused_emails)
    refuse(found)
    return profiles


def _check_number(count: int, most: int) -> None:
    if not count:
        raise Refused([invalid("At least one profile is required.", _PROFILES)])
    if count > most:
        raise Refused([invalid(f"A request must not hold more than {most} profiles.", _PROFILES)])


def _channel_problems(call: Call, profile: Json, place: Path) -> list[Problem]:
    """Each channel named needs its address. The words about the phone number are recorded."""
    attributes, inside = profile["attributes"], (place, "attributes")
    channels = attributes["subscriptions"]
    found = rules.profile_problems(
        profile,
        place,
        identifiers=("email", "phone_number"),
        refused_emails=call.options.refused_emails,
        phone_must_be_valid="sms" in channels,
    )
    if not channels:
        found.append(invalid("At least one channel is required.", (inside, "subscriptions")))
    for channel in channels:
        identifier = CHANNELS[channel]
        if not attributes.get(identifier):
            detail = f"'{identifier}' must not be empty when the {channel} channel is included in 'subscriptions'."
            found.append(invalid(detail, (inside, identifier)))
    return found


def _consented_at_problems(profile: Json, place: Path, is_import: bool, call: Call) -> list[Problem]:
    """`consented_at` goes with `historical_import` only, is required there, and lies in the past."""
    found = []
    for channel, asked in profile["attributes"]["subscriptions"].items():
        where = (((((place, "attributes"), "subscriptions"), channel), "marketing"), "consented_at")
        text = asked["marketing"].get("consented_at")
        time = rules.parse_time(text) if text else None
        if is_import and (time is None or time > call.at):
            found.append(invalid("'consented_at' must be a time in the past for a historical import.", where))
        elif not is_import and text is not None:
            found.append(invalid("'consented_at' is only allowed with 'historical_import'.", where))
    return found


def _list_of(call: Call) -> Any:
    named = ((call.body["data"].get("relationships") or {}).get("list") or {}).get("data")
    if named is None:
        return None
    if named["id"] not in call.account.lists:
        raise not_found("list", named["id"])
    return call.account.lists[named["id"]]


def _upserted(call: Call, resource: Json) -> Profile:
    profile, _ = call.account.profiles.upsert(ProfileInput.from_resource(resource), call.at)
    return profile


def _job(call: Call, kind: str, total: int, skipped: int) -> Json:
    """A job that is done at once. Klaviyo's is queued first."""
    identifier = uuid.uuid4().hex[:26]
    job = {
        "type": kind,
        "id": identifier,
        "attributes": {
            "status": "complete",
            "created_at": call.at.isoformat(),
            "total_count": total,
            "completed_count": total - skipped,
            "skipped_count": skipped,
            "completed_at": call.at.isoformat(),
        },
        "relationships": {"lists": {"data": []}, "segments": {"data": []}},
        "links": {"self": f"{_address(call, kind)}/{identifier}/"},
    }
    call.account.jobs[identifier] = job
    return job


def _address(call: Call, kind: str) -> str:
    return f"{call.base}/api/{kind}s"
