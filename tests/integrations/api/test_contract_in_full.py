"""Answers are as the description says, to hundreds of requests to each operation."""

from __future__ import annotations

import pytest
import schemathesis
from hypothesis import settings

from .test_contract import OUR_OWN, check, described, token

__all__ = ["token"]


@pytest.mark.full
@described.parametrize()
@settings(max_examples=500, deadline=None, suppress_health_check=OUR_OWN)
def test_answers_are_as_described_to_the_thousandth_request(case: schemathesis.Case, token: str) -> None:
    check(case, token)
