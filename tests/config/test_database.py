"""The database that tests run on is the one that processes started by a test see."""

from __future__ import annotations

import os

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection

from config import env
from integrations.models import Customer, Merchant
from tests.config.test_start import run
from tests.support import emptying

COUNT = "import django; django.setup(); from django.contrib.auth.models import Group; print(Group.objects.count())"


@pytest.mark.django_db(transaction=True)
def test_a_child_process_sees_the_rows_of_the_test() -> None:
    Group.objects.create(name="seen")
    assert run("-c", COUNT, environment=dict(os.environ)).stdout == "1\n"


def test_the_database_of_the_settings_is_the_database_of_the_tests(db: None) -> None:
    assert env.database("DATABASE_URL", default="")["NAME"] == connection.settings_dict["NAME"]


@pytest.mark.django_db(transaction=True)
def test_what_a_test_commits_is_gone_after_it() -> None:
    if not emptying.is_possible():
        pytest.skip("Django empties the database where its user is no superuser")
    kinds = Permission.objects.count()
    merchant = Merchant.objects.create(name="Alba")
    Customer.objects.create(merchant=merchant, email="ann@shopper.example")
    Group.objects.create(name="seen").permissions.add(Permission.objects.all()[0])
    emptying.empty()

    filled = [model for model in apps.get_models(include_auto_created=True) if model._base_manager.exists()]
    assert (set(filled), Permission.objects.count()) == ({ContentType, Permission}, kinds)


@pytest.mark.django_db(transaction=True)
def test_sqlite_keeps_a_write_ahead_log() -> None:
    if connection.vendor != "sqlite":
        pytest.skip("about SQLite")
    with connection.cursor() as cursor:
        assert cursor.execute("PRAGMA journal_mode").fetchone() == ("wal",)
