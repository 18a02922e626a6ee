"""Many at once: `POST /…/bulk` takes {"items": […]} of what `POST /…` takes one of, and answers item by item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from django.db import OperationalError, transaction
from django.http import HttpResponse
from rest_framework import serializers

from integrations.api import bodies, problems, rendering
from integrations.api.bodies import Body
from integrations.api.endpoint import Call
from integrations.api.problems import Problem

MOST = 1_000


class Items(Body):
    """Up to 1,000 items; each is checked by itself."""

    items = serializers.ListField(child=serializers.JSONField(), max_length=MOST, allow_empty=False)


class ItemResult(serializers.Serializer[Any]):
    """What became of one item: `item` is there where `status` is 2xx, else `problem`."""

    index = serializers.IntegerField(help_text="Its place in the request, from 0.")
    status = serializers.IntegerField(help_text="The status that it would have had by itself.")
    item = serializers.JSONField(required=False)
    problem = serializers.JSONField(required=False)


class Results(serializers.Serializer[Any]):
    """What became of each item, in their order."""

    failed = serializers.IntegerField(help_text="How many were refused.")
    results = ItemResult(many=True)


def answer(call: Call, declared: type[Body], act: Callable[[Mapping[str, Any]], tuple[int, Any]]) -> HttpResponse:
    """Do `act` for each item of the call's body, which `Items` checked, and tell what became of each.

    `act` gets an item's values, checked as `declared` says, and returns (status, what is told of it). Each item is a transaction:
    one that is refused changes nothing, and does not stop the others.
    """
    results = [_one(index, item, declared, act) for index, item in enumerate(call.body["items"])]
    return rendering.answer({"failed": sum("problem" in each for each in results), "results": results})


def _one(
    index: int, item: Any, declared: type[Body], act: Callable[[Mapping[str, Any]], tuple[int, Any]]
) -> dict[str, Any]:
    try:
        if not isinstance(item, dict):
            raise bodies.invalid([{"pointer": "", "detail": "must be a JSON object"}])
        values = bodies.check(declared, item)
        with transaction.atomic():
            status, told = act(values)
    except OperationalError:
        raise
    except Exception as error:
        problem: Problem = problems.as_problem(error)
        return {"index": index, "status": problem.status, "problem": problem.as_data()}
    return {"index": index, "status": status, "item": told}
