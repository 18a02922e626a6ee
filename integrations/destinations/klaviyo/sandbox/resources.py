"""JSON:API resources as Klaviyo writes them, and how each collection may be filtered and sorted."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from .profiles import FIELDS, Profile
from .query import Collection, Value
from .store import Account, Event, List, Metric

Json = dict[str, Any]

_COMPARISONS = ("greater-or-equal", "greater-than", "less-or-equal", "less-than")
_LOCATION = ("address1", "address2", "city", "country", "latitude", "longitude", "region", "zip", "timezone", "ip")


def _read_event(event: Event, field: str) -> Value:
    match field:
        case "metric_id":
            return event.metric.id
        case "profile_id":
            return event.profile.id
        case "datetime":
            return event.time
        case "timestamp":
            return event.time.timestamp()
    return True


def _read_profile(profile: Profile, field: str) -> Value:
    match field:
        case "id":
            return profile.id
        case "created":
            return profile.created
        case "updated":
            return profile.updated
        case "subscriptions.email.marketing.suppression.timestamp":
            return max(profile.consents.suppressions.values(), default=None)
    return profile.identifiers.get(field)


def _read_list(found: List, field: str) -> Value:
    match field:
        case "id":
            return found.id
        case "name":
            return found.name
        case "created":
            return found.created
    return found.updated


def _read_metric(metric: Metric, field: str) -> Value:
    match field:
        case "integration.name":
            return str(metric.integration["name"])
        case "integration.category":
            return str(metric.integration["category"])
    return metric.number


EVENTS: Collection[Event] = Collection(
    operators={
        "metric_id": ("equals",),
        "profile_id": ("equals",),
        "profile": ("has",),
        "metric": ("has",),
        "datetime": _COMPARISONS,
        "timestamp": _COMPARISONS,
    },
    sorts=("datetime", "timestamp"),
    default_sort="-datetime",
    page_size=200,
    max_page_size=1000,
    includes=("attributions", "metric", "profile"),
    read=_read_event,
    number=lambda event: event.number,
)
PROFILES: Collection[Profile] = Collection(
    operators={
        **dict.fromkeys(("id", "email", "phone_number", "external_id"), ("equals", "any")),
        "_kx": ("equals",),
        "created": ("greater-than", "less-than"),
        "updated": ("greater-than", "less-than"),
        "subscriptions.email.marketing.suppression.timestamp": _COMPARISONS,
    },
    sorts=("id", "created", "updated", "email", "subscriptions.email.marketing.suppression.timestamp"),
    default_sort="created",
    page_size=20,
    max_page_size=100,
    includes=("conversations", "push-tokens"),
    read=_read_profile,
    number=lambda profile: profile.number,
)
LISTS: Collection[List] = Collection(
    operators={
        "name": ("equals", "any"),
        "id": ("equals", "any"),
        "created": ("greater-than",),
        "updated": ("greater-than",),
    },
    sorts=("created", "id", "name", "updated"),
    default_sort="created",
    page_size=10,
    max_page_size=10,
    includes=("flow-triggers", "tags"),
    read=_read_list,
    number=lambda found: found.number,
)
METRICS: Collection[Metric] = Collection(
    operators={"integration.name": ("equals",), "integration.category": ("equals",)},
    sorts=("number",),
    default_sort="number",
    page_size=200,
    max_page_size=None,
    includes=("flow-triggers",),
    read=_read_metric,
    number=lambda metric: metric.number,
)


def moment(at: datetime | None) -> str | None:
    """ISO 8601 with an offset, as in Klaviyo's answers."""
    return None if at is None else at.isoformat()


def sparse(resource: Json, query: Mapping[str, str]) -> Json:
    """Only the attributes that `fields[<type>]` asks for."""
    wanted = query.get(f"fields[{resource['type']}]")
    if wanted is not None:
        names = {name.partition(".")[0] for name in wanted.split(",")}
        resource["attributes"] = {key: value for key, value in resource["attributes"].items() if key in names}
    return resource


def account_resource(account: Account, base: str) -> Json:
    """The account that a key belongs to. Its id is its public key."""
    address = dict.fromkeys(("address1", "address2", "city", "region", "country", "zip"))
    return {
        "type": "account",
        "id": account.public_key,
        "attributes": {
            "test_account": True,
            "contact_information": {
                "default_sender_name": account.name,
                "default_sender_email": "sender@sandbox.invalid",
                "website_url": None,
                "organization_name": account.name,
                "street_address": address,
            },
            "industry": None,
            "timezone": account.timezone,
            "preferred_currency": account.currency,
            "public_api_key": account.public_key,
            "locale": "en-US",
        },
        "links": {"self": f"{base}/api/accounts/{account.public_key}/"},
    }


def event_resource(event: Event, base: str) -> Json:
    """An event. Neither unique_id nor value is an attribute: an event can be found again by its properties only."""
    own = f"{base}/api/events/{event.id}/"
    return {
        "type": "event",
        "id": event.id,
        "attributes": {
            "timestamp": int(event.time.timestamp()),
            "event_properties": event.given.properties,
            "datetime": moment(event.time),
            "uuid": event.uuid,
        },
        "relationships": {
            "profile": {"data": {"type": "profile", "id": event.profile.id}, "links": _related(own, "profile")},
            "metric": {"data": {"type": "metric", "id": event.metric.id}, "links": _related(own, "metric")},
            "attributions": {"data": [], "links": _related(own, "attributions")},
        },
        "links": {"self": own},
    }


def profile_resource(profile: Profile, base: str) -> Json:
    """A profile with every standard attribute, null where nothing is known."""
    own = f"{base}/api/profiles/{profile.id}/"
    return {
        "type": "profile",
        "id": profile.id,
        "attributes": {
            **{name: profile.identifiers.get(name) for name in ("email", "phone_number", "external_id")},
            **{name: profile.fields.get(name) for name in FIELDS},
            "created": moment(profile.created),
            "updated": moment(profile.updated),
            "last_event_date": moment(profile.last_event_at),
            "location": {name: profile.location.get(name) for name in _LOCATION},
            "properties": profile.properties,
        },
        "relationships": {
            name: {"links": _related(own, name)} for name in ("lists", "segments", "push-tokens", "conversations")
        },
        "links": {"self": own},
    }


def with_subscriptions(profile: Profile, base: str) -> Json:
    """A profile with what it consented to, as `additional-fields[profile]=subscriptions` asks."""
    resource = profile_resource(profile, base)
    resource["attributes"]["subscriptions"] = profile.consents.resource()
    return resource


def list_resource(found: List, base: str) -> Json:
    """A list, without its members."""
    own = f"{base}/api/lists/{found.id}/"
    return {
        "type": "list",
        "id": found.id,
        "attributes": {
            "name": found.name,
            "created": moment(found.created),
            "updated": moment(found.updated),
            "opt_in_process": found.opt_in_process,
        },
        "relationships": {name: {"links": _related(own, name)} for name in ("profiles", "tags", "flow-triggers")},
        "links": {"self": own},
    }


def metric_resource(metric: Metric, base: str) -> Json:
    """A metric with the integration that it belongs to."""
    own = f"{base}/api/metrics/{metric.id}/"
    return {
        "type": "metric",
        "id": metric.id,
        "attributes": {
            "name": metric.name,
            "created": moment(metric.created),
            "updated": moment(metric.created),
            "integration": metric.integration,
        },
        "relationships": {"flow-triggers": {"links": _related(own, "flow-triggers")}},
        "links": {"self": own},
    }


def _related(own: str, name: str) -> dict[str, str]:
    return {"self": f"{own}relationships/{name}/", "related": f"{own}{name}/"}
