"""What careless and hostile clients send to every address that writes: a clear refusal, nothing written, nothing broken."""

from __future__ import annotations

import copy
import gzip
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from integrations.api import examples
from integrations.api.bodies import Body
from integrations.models import Merchant
from tests.integrations.test_tenancy import NOBODYS, OURS
from tests.support import bodies, naughty
from tests.support import rest as world
from tests.support.rest import AT, Rest

from .addresses import ALL, Address

pytestmark = pytest.mark.django_db
WRITING = [address for address in ALL if address.method in ("POST", "PUT", "PATCH")]
WITH_BODY = [address for address in WRITING if address.operation.body_example]
EVERY = pytest.mark.parametrize("address", WRITING, ids=str)
EACH = pytest.mark.parametrize("each", [8, pytest.param(1, marks=pytest.mark.full)], ids=["in short", "whole"])
"""Every how many-th case is tried."""

TABLES = sorted(model._meta.db_table for model in OURS if model not in NOBODYS)
COUNTING = " UNION ALL ".join(f"SELECT '{table}', COUNT(*) FROM {table}" for table in TABLES)  # noqa: S608

DOCUMENTS = [
    *bodies.BODIES,
    b'{"nosuch": 1, "nosuch": 2}',
    b'{"items": [{"a": {"b": 1, "b": 1}}]}',
    b"\xef\xbb\xbf{}",
    gzip.compress(b"{}" * 1_000)[:-9],
]
VALUES: list[Any] = [
    *(None, True, 0, -1, 2**63 - 1, 1e18, 0.1, [], [[]], {}, {"a": {}}, [None] * 50, {"$ne": None}, "x" * 100_001),
    *naughty.sample(naughty.amounts(), 8),
    *naughty.sample(naughty.moments(), 8),
    *naughty.sample(naughty.emails(), 8),
    *naughty.sample(naughty.phones(), 5),
]
UNSTORABLE = naughty.UNSTORABLE[:4]


@pytest.fixture
def api(settings: Any) -> Rest:
    """A client of a merchant with a history, who has declared the metric of the documentation's examples."""
    settings.API_REQUESTS_PER_MINUTE = 10**9
    merchant = world.merchant()
    for row in world.events(merchant, [AT, AT]):
        world.delivery(row, "dead")
    client = world.rest(merchant)
    assert client.post("metrics", examples.NEW_METRIC).status_code == 201
    return client


def counts() -> list[tuple[str, int]]:
    """How many rows each table of merchants' data has."""
    with connection.cursor() as cursor:
        cursor.execute(COUNTING)
        # PostgreSQL reads the tables in any order, and several at once.
        return sorted(cursor.fetchall())


def refusals(answer: Any) -> list[dict[str, Any]]:
    """The refusal that an answer is, or those of the items of many."""
    told = answer.json()
    if answer.status_code < 400:
        return [each["problem"] for each in told.get("results", []) if "problem" in each]
    assert (answer.headers["Content-Type"], told["status"]) == ("application/problem+json", answer.status_code)
    return [told]


def fault(problem: dict[str, Any]) -> str:
    """What is wrong with a refusal: it blames the client, and says what would be right."""
    is_told_well = 400 <= problem["status"] < 500 and problem["code"] and 10 < len(problem["detail"]) < 5_000
    return "" if is_told_well else f"not told well: {problem}"


@EACH
@EVERY
def test_documents_that_are_no_request_are_refused(api: Rest, address: Address, each: int) -> None:
    before, wrong = counts(), []
    needs_nothing = not any(field.required for field in (address.operation.body or Body)().fields.values())
    documents = naughty.sample(DOCUMENTS[:-4], 80 // each) + DOCUMENTS[-4:]
    for document in documents:
        if needs_nothing and document in (b"", b"{}"):
            continue
        answer = api.send(address.method, address.path, document)
        found = fault(answer.json()) if answer.status_code >= 400 else "accepted"
        wrong += [(document[:40], found)] if found else []

    assert wrong == []
    assert counts() == before
    assert len(documents) >= 60 // each


def test_a_key_that_is_there_twice_is_named(api: Rest) -> None:
    answer = api.post("customers", b'{"email": "ada@example.com", "email": "eve@example.com"}')

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_body")
    assert "“email”" in answer.json()["detail"]


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a body, its own included."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield from places(inner, (*path, name))


def replaced(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    """The body with another value at a place."""
    if not path:
        return value
    changed = copy.deepcopy(body)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    return changed


def cases(address: Address) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """A hostile value for each place of the example: each class of them at each place, each text at some."""
    example = address.operation.body_example
    for number, path in enumerate(places(example)):
        texts = naughty.TEXTS[number * 37 :] + naughty.TEXTS[: number * 37]
        for value in [*VALUES, *UNSTORABLE, *naughty.sample(texts, 10)]:
            yield path, value
        if path and isinstance(path[-1], str):
            parent = replaced(example, path, None)
            yield path[:-1], {**at(parent, path[:-1]), f"{path[-1]}\u0000": 1, "x" * 5_000: 1}


def at(body: Any, path: tuple[Any, ...]) -> Any:
    """What is at a place."""
    for name in path:
        body = body[name]
    return body


@EACH
@pytest.mark.parametrize("address", WITH_BODY, ids=str)
def test_a_hostile_value_at_any_place_is_taken_or_refused_whole(api: Rest, address: Address, each: int) -> None:
    before, wrong, seen, refused = counts(), [], 0, 0
    for path, value in itertools.islice(cases(address), 0, None, each):
        body = json.dumps(replaced(address.operation.body_example, path, value)).encode()
        answer = api.send(address.method, address.path, body)
        found, after = [fault(problem) for problem in refusals(answer)], counts()
        if found and after != before:
            found.append("half of it is written")
        seen, refused, before = seen + 1, refused + bool(found), after
        wrong += [(path, str(value)[:40], said) for said in found if said]

    assert wrong == []
    assert seen >= 100 // each
    assert refused > seen / 3


def test_a_merchant_cannot_be_named_in_a_body(api: Rest) -> None:
    other = Merchant.objects.create(name="Bora")

    answers = [
        api.post(address.path, {**address.operation.body_example, "merchant": other.public_id})
        for address in WITH_BODY
        if address.method == "POST"
    ]

    assert {answer.status_code for answer in answers} == {422}
