"""How profiles are found, overwritten and merged."""

from __future__ import annotations

from integrations.destinations.klaviyo.sandbox import Sandbox

from .caller import Caller, profile


def import_profile(caller: Caller, meta: object = None, **attributes: object) -> int:
    body = profile(**attributes)
    if meta is not None:
        body["data"]["meta"] = meta
    return caller.post("/api/profile-import", body).status_code


def test_import_creates_then_updates(sandbox: Sandbox, caller: Caller) -> None:
    statuses = [import_profile(caller, email="Ann@Example.com"), import_profile(caller, email="ann@example.com")]

    assert statuses == [201, 200]
    assert [found["email"] for found in sandbox.profiles()] == ["ann@example.com"]


def test_given_fields_overwrite_null_clears_omitted_stay(sandbox: Sandbox, caller: Caller) -> None:
    import_profile(caller, email="a@example.com", first_name="Ann", last_name="Bee", title="Dr")
    import_profile(caller, email="a@example.com", first_name="Anna", title=None)
    (found,) = sandbox.profiles()

    assert (found["first_name"], found["last_name"]) == ("Anna", "Bee")
    assert "title" not in found


def test_properties_merge_by_key_and_can_be_patched(sandbox: Sandbox, caller: Caller) -> None:
    import_profile(caller, email="a@example.com", properties={"points": 1, "old": 1, "tags": ["new"]})
    patch = {"append": {"tags": "vip"}, "unappend": {"tags": "new"}, "unset": ["old"]}
    import_profile(caller, {"patch_properties": patch}, email="a@example.com", properties={"points": 2})

    assert sandbox.profiles()[0]["properties"] == {"points": 2, "tags": ["vip"]}


def test_event_updates_the_profile_also_when_it_is_a_duplicate(sandbox: Sandbox, caller: Caller) -> None:
    caller.event()
    caller.event(person={"email": "ann@example.com", "properties": {"points": 3}})

    assert sandbox.profiles()[0]["properties"] == {"points": 3}


def test_external_id_goes_before_email(sandbox: Sandbox, caller: Caller) -> None:
    import_profile(caller, external_id="7", email="old@example.com")
    import_profile(caller, external_id="7", email="new@example.com")

    assert [(found["external_id"], found["email"]) for found in sandbox.profiles()] == [("7", "new@example.com")]
    assert import_profile(caller, email="old@example.com") == 201


def test_profile_known_by_weaker_identifier_only_is_merged(sandbox: Sandbox, caller: Caller) -> None:
    caller.event(person={"phone_number": "+15005550006"})
    caller.event(person={"email": "ann@example.com"}, unique_id="u2")
    caller.event(person={"email": "ann@example.com", "phone_number": "+15005550006"}, unique_id="u3")

    assert [(found["email"], found["phone_number"], found["events"]) for found in sandbox.profiles()] == [
        ("ann@example.com", "+15005550006", 3)
    ]
    assert {event["profile_id"] for event in sandbox.events()} == {sandbox.profiles()[0]["id"]}


def test_identifier_of_a_better_known_profile_stays_there(sandbox: Sandbox, caller: Caller) -> None:
    import_profile(caller, external_id="7", phone_number="+15005550006")
    import_profile(caller, email="ann@example.com")
    import_profile(caller, email="ann@example.com", phone_number="+15005550006")

    assert [(found["external_id"], found["phone_number"]) for found in sandbox.profiles()] == [
        ("7", "+15005550006"),
        (None, None),
    ]


def test_created_profile_has_every_standard_attribute(caller: Caller) -> None:
    created = caller.post("/api/profiles", profile(email="ann@example.com", location={"city": "Bern"}))
    data = created.json()["data"]

    assert (created.status_code, len(data["id"])) == (201, 26)
    assert (data["attributes"]["location"]["city"], data["attributes"]["phone_number"]) == ("Bern", None)
    assert caller.get(f"/api/profiles/{data['id']}/").json()["data"] == data


def test_creating_a_known_profile_is_a_conflict(sandbox: Sandbox, caller: Caller) -> None:
    import_profile(caller, email="ann@example.com")
    response = caller.post("/api/profiles", profile(email="ann@example.com"))

    assert response.status_code == 409
    assert response.json()["errors"][0]["meta"] == {"duplicate_profile_id": sandbox.profiles()[0]["id"]}


def test_profiles_are_found_by_email(caller: Caller) -> None:
    for name in ("a", "b", "c"):
        import_profile(caller, email=f"{name}@example.com")
    found = caller.get("/api/profiles", filter='any(email,["a@example.com","c@example.com"])').json()["data"]

    assert [entry["attributes"]["email"] for entry in found] == ["a@example.com", "c@example.com"]


def test_import_with_an_unknown_id_is_not_found(caller: Caller) -> None:
    body = {"data": {"type": "profile", "id": "01NOBODY", "attributes": {}}}

    assert caller.post("/api/profile-import", body).status_code == 404
