"""Bodies of changes of profiles, judged by Klaviyo's own models, and what would be refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from openapi_client.models.data_privacy_create_deletion_job_query import DataPrivacyCreateDeletionJobQuery
from openapi_client.models.profile_import_job_create_query import ProfileImportJobCreateQuery
from openapi_client.models.profile_merge_query import ProfileMergeQuery
from openapi_client.models.profile_upsert_query import ProfileUpsertQuery
from openapi_client.models.subscription_create_job_create_query import SubscriptionCreateJobCreateQuery
from openapi_client.models.subscription_delete_job_create_query import SubscriptionDeleteJobCreateQuery
from openapi_client.models.suppression_create_job_create_query import SuppressionCreateJobCreateQuery

from integrations.destinations.base import Change
from integrations.destinations.klaviyo import changes
from integrations.destinations.klaviyo import profile_payloads as payloads

from .oracle import assert_klaviyo_takes

AT = datetime(2026, 11, 20, 10, tzinfo=UTC)


def change(kind: str, **more: Any) -> Change:
    """A change of Ann's profile."""
    return Change(1, kind, "ann@example.com", AT, **({"email": "ann@example.com"} | more))


BOTH = change("subscribe", phone="+15005550006", channels=("email", "sms"), list_id="Y6nRLr", source="Page")
BODIES: dict[str, tuple[Any, bytes]] = {
    "subscribe": (SubscriptionCreateJobCreateQuery, payloads.subscribe([BOTH])),
    "unsubscribe": (SubscriptionDeleteJobCreateQuery, payloads.unsubscribe([BOTH._replace(kind="unsubscribe")])),
    "suppress": (SuppressionCreateJobCreateQuery, payloads.suppress([change("suppress")])),
    "list_add": (ProfileImportJobCreateQuery, payloads.add_to_list([change("list_add", list_id="Y6nRLr")])),
    "upsert": (
        ProfileImportJobCreateQuery,
        payloads.update([change("upsert", details={"first_name": "Ann", "last_name": ""})]),
    ),
    "made sure of": (ProfileUpsertQuery, payloads.make_sure_of(change("merge", details={"email": "o@e.de"}))),
    "merge": (ProfileMergeQuery, payloads.merge("01KEPT", "01GIVEN")),
    "erase": (DataPrivacyCreateDeletionJobQuery, payloads.erase(change("erase", phone="+15005550006"))),
}


@pytest.mark.parametrize(("model", "content"), BODIES.values(), ids=BODIES.keys())
def test_klaviyos_own_models_take_every_body_whole(model: Any, content: bytes) -> None:
    assert_klaviyo_takes(model, content)


def test_unsubscribing_never_names_a_list() -> None:
    assert b"relationships" not in BODIES["unsubscribe"][1]


def test_a_subscription_is_no_historical_import_which_would_skip_double_opt_in() -> None:
    assert b"historical_import" not in BODIES["subscribe"][1]


def test_an_upsert_clears_nothing_and_an_erasure_names_one_address() -> None:
    told = [json.loads(BODIES[kind][1])["data"]["attributes"] for kind in ("upsert", "erase")]

    assert told[0]["profiles"]["data"][0]["attributes"] == {"email": "ann@example.com", "first_name": "Ann"}
    assert told[1]["profile"]["data"]["attributes"] == {"email": "ann@example.com"}


REFUSED = {
    "no address": change("upsert", email=""),
    "bad address": change("upsert", email="ann"),
    "bad number": change("unsubscribe", phone="030", channels=("sms",)),
    "no channel": change("subscribe"),
    "channel without number": change("subscribe", channels=("sms",)),
    "channel without address": change("unsubscribe", email="", phone="+15005550006", channels=("email",)),
    "suppression of a number": change("suppress", email="", phone="+15005550006"),
    "no list": change("list_add"),
    "merge with nobody": change("merge"),
    "too large": change("upsert", details={"properties": {"Note": "x" * 100_000}}),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
def test_what_klaviyo_would_refuse_is_known_before(refused: Change) -> None:
    problems = changes.problems(refused)

    assert len(problems) == 1
    assert "ann@" not in problems[0]


def test_what_klaviyo_takes_has_no_problems() -> None:
    good = [
        BOTH,
        change("suppress"),
        change("list_add", list_id="Y6nRLr"),
        change("merge", details={"email": "o@e.de"}),
    ]

    assert [changes.problems(each) for each in good] == [[], [], [], []]
