"""Whatever a message holds, the parsers read it or say what is wrong with it: nothing else may come out of them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from integrations.sources import Handled, Malformed
from tests.support.messages import KINDS, load, spots
from tracking import statuses
from tracking.inputs import LineInput, ScanInput

PARSERS = {name: (kind.fixture, kind.parse) for name, kind in KINDS.items()}
NUMBERS = [0, -1, 2**31, 2**63, 10**5000, 0.5, 1e308, float("nan"), float("inf")]
NUMERALS = ["0", "-1", "NaN", "Infinity", "1e999999", "9" * 30, "1_000", "١٢٣"]
TEXTS = ["", " ", "x", "\x00", "\ud800", "#☠1☢\n---\n4321\n", "javascript:alert(1)", "https://", "x" * 100_000]
MOMENTS = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30", "2026-10-01T25:00:00Z", "24:00"]
SHAPES = [[], {}, [[]], [None], [{}], {"": None}, {"id": {}}, [1, "x", {"id": "x"}]]
JUNK: list[Any] = [None, True, False, *NUMBERS, *NUMERALS, *TEXTS, *MOMENTS, *SHAPES]
DELETE = object()


@st.composite
def mutated(draw: st.DrawFn, name: str) -> Any:
    """A fixture with one to four values replaced by junk or taken away."""
    payload = copy.deepcopy(load(name))
    for _ in range(draw(st.integers(1, 4))):
        places = list(spots(payload))
        if not places:
            break
        container, key = places[draw(st.integers(0, len(places) - 1))]
        junk = draw(st.sampled_from([DELETE, *JUNK]))
        if junk is DELETE:
            del container[key]
        else:
            container[key] = copy.deepcopy(junk)
    return payload


def parts(value: Any) -> Iterator[Any]:
    """Everything that an input consists of."""
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, tuple):
        for item in value:
            yield from parts(item)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_mutated_message_is_read_soundly_or_is_malformed(name: str, data: st.DataObject) -> None:
    fixture, parse = PARSERS[name]
    payload = data.draw(mutated(fixture))
    try:
        parsed = parse(payload)
    except Malformed as error:
        parsed = str(error)

    assert not isinstance(parsed, str) or len(parsed) < 300
    for part in parts(parsed):
        match part:
            case datetime():
                assert part.tzinfo is UTC
            case Decimal():
                assert part.is_finite()
            case ScanInput():
                assert part.status in statuses.ALL
                assert not part.attempt or (part.status, part.substatus) == ("failure", "delivery_attempted")
            case LineInput():
                assert 0 <= part.quantity < 2**31


@pytest.mark.parametrize("junk", JUNK, ids=map(str, range(len(JUNK))))
@pytest.mark.parametrize("name", PARSERS)
def test_junk_instead_of_a_message_is_malformed(name: str, junk: Any) -> None:
    with pytest.raises(Malformed):
        PARSERS[name][1](junk)


@pytest.mark.parametrize("name", PARSERS)
def test_message_as_it_should_be_is_read(name: str) -> None:
    fixture, parse = PARSERS[name]

    assert not isinstance(parse(load(fixture)), Handled)
