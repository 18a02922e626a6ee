"""Every naughty text in every field of every kind of message: it is read, or the message is refused with a reason."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from integrations.sources import Malformed
from tests.support import naughty
from tests.support.messages import KINDS, Kind, filled, places, put

KINDS_OF_VALUES: dict[str, list[Any]] = {
    "texts": [*naughty.TEXTS, *naughty.UNSTORABLE],
    "emails": naughty.emails(),
    "phones": naughty.phones(),
    "moments": naughty.moments(),
    "amounts": naughty.amounts(),
    "numbers": naughty.numbers(),
}


def rotations(values: list[Any]) -> list[itertools.cycle[Any]]:
    """As many rows of values as there are values, each beginning with the next: every field gets every value once."""
    return [itertools.cycle(values[start:] + values[:start]) for start in range(len(values))]


def complaint(kind: Kind, payload: Any) -> str:
    """What is said against a message; "" where it is read. Any other error fails the test."""
    try:
        kind.parse(payload)
    except Malformed as error:
        return str(error)
    return ""


@pytest.mark.parametrize("values", KINDS_OF_VALUES)
def test_message_is_read_whatever_stands_in_what_it_can_do_without(values: str) -> None:
    rows = rotations(KINDS_OF_VALUES[values])
    complaints = [complaint(kind, filled(name, row)) for name, kind in KINDS.items() for row in rows]

    assert len(complaints) == len(KINDS) * len(rows)
    # Where a text stands by rights, a list or a number may be refused; a text never is.
    assert values != "texts" or set(complaints) == {""}


def test_ids_and_instants_are_read_or_refused_with_one_short_line() -> None:
    complaints = []
    for name, kind in KINDS.items():
        payload = kind.load()
        for place in places(name)[1]:
            before = put(payload, place, None)
            for value in itertools.chain(*KINDS_OF_VALUES.values()):
                put(payload, place, value)
                complaints.append(complaint(kind, payload))
            put(payload, place, before)

    assert len(complaints) > 30_000
    assert [each for each in complaints if len(each) > 300 or "\n" in each] == []


def test_how_many_inputs_are_tried() -> None:
    """The figure that is told: fields times values."""
    fields = sum(len(places(name)[0]) for name in KINDS)

    assert (fields, len(naughty.TEXTS)) == (898, 508)
    assert fields * sum(map(len, KINDS_OF_VALUES.values())) > 700_000
