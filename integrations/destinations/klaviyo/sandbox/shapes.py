"""The request bodies of the served operations, after Klaviyo's OpenAPI description.

Two revisions are served. For these operations they differ in one thing: where the profile of a single event carries
`meta`.
"""

from __future__ import annotations

from .schema import Choice, Coordinate, Flag, FreeObject, Items, Names, Number, Object, Shape, Text

REVISIONS = ("2026-07-15", "2026-10-15")

_LOCATION = Object(
    {
        "address1": Text(),
        "address2": Text(),
        "city": Text(),
        "country": Text(),
        "latitude": Coordinate(),
        "longitude": Coordinate(),
        "region": Text(),
        "zip": Text(),
        "timezone": Text(),
        "ip": Text(),
    },
    nullable=True,
)
_META = Object(
    {
        "patch_properties": Object(
            {"append": FreeObject(), "unappend": FreeObject(), "unset": Names()},
            nullable=True,
        ),
        "patch_identifiers": Object(
            {"append": FreeObject(nullable=False), "unappend": FreeObject(nullable=False)},
            nullable=True,
        ),
    },
    nullable=True,
)
_CREATED_PROFILE: dict[str, Shape] = {
    "email": Text(),
    "phone_number": Text(),
    "external_id": Text(),
    "first_name": Text(),
    "last_name": Text(),
    "organization": Text(),
    "locale": Text(),
    "title": Text(),
    "image": Text(),
    "location": _LOCATION,
    "properties": FreeObject(),
}
_IMPORTED_PROFILE: dict[str, Shape] = {**_CREATED_PROFILE, "_kx": Text()}
_EVENT_PROFILE: dict[str, Shape] = {**_IMPORTED_PROFILE, "anonymous_id": Text()}


def _document(data: Shape) -> Object:
    return Object({"data": data}, ("data",))


def _resource(kind: str, attributes: dict[str, Shape], required: tuple[str, ...] = (), **others: Shape) -> Object:
    fields: dict[str, Shape] = {"type": Choice((kind,)), "attributes": Object(attributes, required), **others}
    return Object(fields, ("type", "attributes"))


_METRIC = _resource("metric", {"name": Text(nullable=False), "service": Text()}, ("name",))
_EVENT: dict[str, Shape] = {
    "properties": FreeObject(nullable=False),
    "time": Text(),
    "value": Number(),
    "value_currency": Text(),
    "unique_id": Text(),
    "backfill": Flag(),
    "metric": _document(_METRIC),
}
_PROFILE_META_INSIDE = _resource("profile", {**_EVENT_PROFILE, "meta": _META}, id=Text())
_PROFILE_META_BESIDE = _resource("profile", _EVENT_PROFILE, id=Text(), meta=_META)


def _create_event(profile: Object) -> Object:
    attributes: dict[str, Shape] = {**_EVENT, "profile": _document(profile)}
    return _document(_resource("event", attributes, ("properties", "metric", "profile")))


CREATE_EVENT = {"2026-07-15": _create_event(_PROFILE_META_INSIDE), "2026-10-15": _create_event(_PROFILE_META_BESIDE)}

_CLIENT_EVENT: dict[str, Shape] = {name: shape for name, shape in _EVENT.items() if name != "backfill"}
CLIENT_EVENT = _document(
    _resource(
        "event",
        {**_CLIENT_EVENT, "profile": _document(_PROFILE_META_BESIDE)},
        ("properties", "metric", "profile"),
    )
)
CLIENT_PROFILE = _document(_PROFILE_META_BESIDE)
_BULK_GROUP = _resource(
    "event-bulk-create",
    {
        "backfill": Flag(),
        "profile": _document(_PROFILE_META_BESIDE),
        "events": _document(Items(_resource("event", _EVENT, ("properties", "metric")))),
    },
    ("profile", "events"),
)
BULK_CREATE_EVENTS = _document(
    _resource("event-bulk-create-job", {"events-bulk-create": _document(Items(_BULK_GROUP))}, ("events-bulk-create",))
)
IMPORT_PROFILE = _document(_resource("profile", _IMPORTED_PROFILE, id=Text(), meta=_META))
CREATE_PROFILE = _document(_resource("profile", _CREATED_PROFILE))
CREATE_LIST = _document(
    _resource(
        "list",
        {"name": Text(nullable=False), "opt_in_process": Choice(("double_opt_in", "single_opt_in"), nullable=True)},
        ("name",),
    )
)
_LIST_NAME = Object({"type": Choice(("list",)), "id": Text(nullable=False)}, ("type", "id"))


def _on_a_list(kind: str, attributes: dict[str, Shape], required: tuple[str, ...]) -> Object:
    """A document with at most one list that it is about."""
    relationships = Object({"list": Object({"data": _LIST_NAME})})
    return _document(_resource(kind, attributes, required, relationships=relationships))


def _profiles_of(channels: dict[str, Shape], **others: Shape) -> Object:
    """Profiles with the channels that a request is about."""
    attributes: dict[str, Shape] = {
        "email": Text(),
        "phone_number": Text(),
        "subscriptions": Object(channels),
        **others,
    }
    return _document(Items(_resource("profile", attributes, ("subscriptions",), id=Text())))


def _marketing(consent: str, **others: Shape) -> Object:
    asked: dict[str, Shape] = {"consent": Choice((consent,)), **others}
    return Object({"marketing": Object(asked, ("consent",))}, ("marketing",))


_SUBSCRIBED, _UNSUBSCRIBED = _marketing("SUBSCRIBED", consented_at=Text()), _marketing("UNSUBSCRIBED")
SUBSCRIBE = _on_a_list(
    "profile-subscription-bulk-create-job",
    {
        "custom_source": Text(),
        "historical_import": Flag(),
        "profiles": _profiles_of({"email": _SUBSCRIBED, "sms": _SUBSCRIBED}, age_gated_date_of_birth=Text()),
    },
    ("profiles",),
)
UNSUBSCRIBE = _on_a_list(
    "profile-subscription-bulk-delete-job",
    {"profiles": _profiles_of({"email": _UNSUBSCRIBED, "sms": _UNSUBSCRIBED})},
    ("profiles",),
)


_CLIENT_SUBSCRIBER = _resource(
    "profile",
    {
        **_EVENT_PROFILE,
        "subscriptions": Object(dict.fromkeys(("email", "sms"), _marketing("SUBSCRIBED")), nullable=True),
    },
    id=Text(),
)
CLIENT_SUBSCRIPTION = _document(
    Object(
        {
            "type": Choice(("subscription",)),
            "attributes": Object({"custom_source": Text(), "profile": _document(_CLIENT_SUBSCRIBER)}, ("profile",)),
            "relationships": Object({"list": _document(_LIST_NAME)}, ("list",)),
        },
        ("type", "attributes", "relationships"),
    )
)


def _suppression(kind: str) -> Object:
    emails = _document(Items(_resource("profile", {"email": Text(nullable=False)}, ("email",))))
    return _document(_resource(kind, {"profiles": emails}))


SUPPRESS = _suppression("profile-suppression-bulk-create-job")
UNSUPPRESS = _suppression("profile-suppression-bulk-delete-job")
BULK_IMPORT = _document(
    _resource(
        "profile-bulk-import-job",
        {"profiles": _document(Items(_resource("profile", _IMPORTED_PROFILE, id=Text(), meta=_META)))},
        ("profiles",),
        relationships=Object({"lists": Object({"data": Items(_LIST_NAME)})}),
    )
)
_PROFILE_NAME = Object({"type": Choice(("profile",)), "id": Text(nullable=False)}, ("type", "id"))
MERGE = _document(
    Object(
        {
            "type": Choice(("profile-merge",)),
            "id": Text(nullable=False),
            "relationships": Object({"profiles": _document(Items(_PROFILE_NAME))}, ("profiles",)),
        },
        ("type", "id", "relationships"),
    )
)
DELETE_PERSON = _document(
    _resource(
        "data-privacy-deletion-job",
        {"profile": _document(_resource("profile", {"email": Text(), "phone_number": Text()}, id=Text()))},
        ("profile",),
    )
)
LIST_MEMBERS = _document(Items(_PROFILE_NAME))
