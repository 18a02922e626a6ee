"""Tests of anything that may happen: of a few examples by default, of many in the full form (`-m full`)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import update_wrapper
from inspect import Parameter, Signature, signature
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.strategies import SearchStrategy

Test = Callable[..., None]


def few_or_many(few: int, many: int) -> pytest.MarkDecorator:
    """`many`, the number of examples."""
    return pytest.mark.parametrize("many", [few, pytest.param(many, marks=pytest.mark.full)])


def tried_with(
    few: int, many: int, *, always: Sequence[dict[str, Any]] = (), **strategies: SearchStrategy[Any]
) -> Callable[[Test], Test]:
    """A test of what the strategies draw, after the examples that it is `always` made of. Its other arguments are fixtures."""

    def decorate(test: Test) -> Test:
        def run(many: int, **fixtures: Any) -> None:
            def one(**drawn: Any) -> None:
                test(**fixtures, **drawn)

            # By its name hypothesis knows the examples that failed before.
            one.__name__ = test.__name__
            for each in always:
                test(**fixtures, **each)
            # What is slow, or shares its fixtures between examples, is meant to.
            checks = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
            settings(max_examples=many, deadline=None, suppress_health_check=checks)(given(**strategies)(one))()

        wanted = [each for name, each in signature(test).parameters.items() if name not in strategies]
        fixtures = [each for each in wanted if each.kind is not Parameter.VAR_KEYWORD]
        number = Parameter("many", Parameter.POSITIONAL_OR_KEYWORD)
        update_wrapper(run, test)
        vars(run)["__signature__"] = Signature([number, *fixtures])
        marked: Test = few_or_many(few, many)(run)
        return marked

    return decorate
