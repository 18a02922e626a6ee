"""What is collected only when it is asked for."""

from __future__ import annotations

from pathlib import Path

import pytest


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Schemathesis thinks of its systematic requests while tests are collected: seconds, for tests that are left out."""
    is_left_out = "not full" in config.getoption("markexpr")
    return True if is_left_out and collection_path.name == "test_contract_in_full.py" else None
