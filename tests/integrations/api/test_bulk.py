"""Many at once: each is a matter of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from django.test import RequestFactory
from django.utils import timezone
from rest_framework import serializers

from integrations import tokens
from integrations.api import bodies, bulk
from integrations.api.access import Caller
from integrations.api.bodies import Body
from integrations.api.endpoint import Call
from integrations.api.problems import Problem
from integrations.models import Customer, Merchant

pytestmark = pytest.mark.django_db


class NewCustomer(Body):
    """A shopper."""

    email = serializers.EmailField()


def call(items: Any) -> tuple[Merchant, Call]:
    merchant = Merchant.objects.create(name="Alba")
    token, _ = tokens.create(merchant, "x", [], at=timezone.now())
    body = bodies.check(bulk.Items, {"items": items})
    return merchant, Call(RequestFactory().post("/"), Caller(merchant, token), timezone.now(), {}, body)


def test_each_item_is_done_or_refused_by_itself() -> None:
    merchant, made = call(
        [{"email": "a@x.example"}, {"email": "no"}, 7, {"email": "b@x.example", "x": 1}, {"email": "c@x.example"}]
    )

    def make(values: Mapping[str, Any]) -> tuple[int, Any]:
        row = Customer.objects.create(merchant=merchant, email=values["email"])
        if row.email.startswith("c"):
            raise Problem("conflict", "not this one")
        return 201, {"email": row.email}

    told = orjson.loads(bulk.answer(made, NewCustomer, make).content)

    assert [each["status"] for each in told["results"]] == [201, 422, 422, 422, 409]
    assert [each["index"] for each in told["results"]] == [0, 1, 2, 3, 4]
    assert (told["failed"], told["results"][0]["item"]) == (4, {"email": "a@x.example"})
    assert told["results"][1]["problem"]["errors"][0]["pointer"] == "/email"
    assert [row.email for row in Customer.objects.all()] == ["a@x.example"]


@pytest.mark.parametrize("items", [[], [{}] * 1_001, "x", None])
def test_how_many_there_may_be(items: Any) -> None:
    with pytest.raises(Problem) as refused:
        call(items)

    assert (refused.value.code, refused.value.errors[0]["pointer"]) == ("invalid_body", "/items")
