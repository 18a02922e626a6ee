"""`manage.py create_staff`."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.core.management import CommandError, call_command


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("create_staff", *args, stdout=out)
    return out.getvalue()


def test_without_a_name_it_makes_the_role(db: Any) -> None:
    run()
    run()

    assert Group.objects.get().permissions.count() > 20


def test_makes_a_csm_who_can_sign_in(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("a-long-enough-password\n"))
    said = run("carla", "--email", "carla@example.com", "--password-stdin")
    user = User.objects.get()

    assert (user.is_staff, user.is_superuser, user.check_password("a-long-enough-password")) == (True, False, True)
    assert said == "carla is a CSM\n"


def test_weak_password_is_refused(db: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("short\n"))

    with pytest.raises(CommandError, match="too short"):
        run("carla", "--password-stdin")
    assert not User.objects.exists()
