"""The catalogue: what is declared once, and what merchants' flows are built on."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import call_command

from integrations import catalog_docs
from integrations.catalog import (
    Catalog,
    Fact,
    Metric,
    Pack,
    ProfileProperty,
    Property,
    bounded_identity,
    catalog,
)
from integrations.models import Merchant

ROOT = Path(settings.BASE_DIR)
PINNED = ROOT / "tests" / "pinned" / "catalog.json"
PACK = Pack("pack", "Pack", "A pack.")
AT = datetime(2026, 11, 20, 10, 30, 15, 999_999, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened(Fact):
    """Something happened."""

    value: Any = None


def metric(number: int = 1, key: str = "one", name: str = "One", **more: Any) -> Metric[Any]:
    """A declaration."""
    given: dict[str, Any] = {
        "pack": PACK,
        "fact": Happened,
        "doc": "It happened.",
        "unique_id": lambda fact: fact.subject,
        "unique_id_example": "thing:1",
        "identity": "{subject}",
        "occurred_at": lambda fact: AT,
        "properties": (Property("Value", "any", "What.", lambda fact: fact.value, example=1),),
    }
    return Metric(number=number, key=key, name=name, **{**given, **more})


def happened(merchant: Merchant | None = None, **more: Any) -> Happened:
    """The fact."""
    given = {"merchant": merchant or Merchant(), "customer": None, "subject": "thing:1", "subject_at": AT}
    return Happened(**{**given, **more})


def pinned_form() -> dict[str, Any]:
    """What the outside relies on, metric by metric: all but the prose."""
    return {
        each["key"]: {
            "number": each["number"],
            "name": each["name"],
            "pack": each["pack"],
            "unique_id": each["unique_id"],
            "properties": {one["name"]: one["type"] for one in each["properties"]},
            "profile_properties": {one["name"]: one["type"] for one in each["profile_properties"]},
        }
        for each in catalog_docs.as_data(catalog)
    }


def test_the_catalogue_is_the_pinned_one() -> None:
    """Merchants' flows are built on these names, properties and identities."""
    pinned, declared = json.loads(PINNED.read_text()), pinned_form()

    differing = sorted(key for key in pinned.keys() | declared.keys() if pinned.get(key) != declared.get(key))

    assert not differing, (
        f"these metrics are not as tests/pinned/catalog.json has them: {', '.join(differing)}. Nothing there may be renamed, "
        "removed or retyped, because merchants' flows in Klaviyo are built on it; new metrics and properties are added to "
        f"the file by hand. Declared now: {json.dumps({key: declared.get(key) for key in differing}, indent=1)}"
    )


def test_the_page_of_events_is_current() -> None:
    page = (ROOT / "docs" / "events.md").read_text()

    assert page == catalog_docs.as_markdown(catalog), "run: manage.py list_metrics --markdown > docs/events.md"


def test_the_catalogue_as_json_for_scripts(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("list_metrics", "--json")

    listed = json.loads(capsys.readouterr().out)
    assert [each["number"] for each in listed] == sorted(metric.number for metric in catalog.metrics.values())
    assert listed[0]["key"] == "shopify_order_created"


@pytest.mark.parametrize(
    "again",
    [metric(number=2, name="Two"), metric(number=2, key="two"), metric(key="two", name="Two")],
    ids=["key", "name", "number"],
)
def test_a_key_name_or_number_that_is_taken_is_refused(again: Metric[Any]) -> None:
    mine = Catalog()
    mine.register(metric())

    with pytest.raises(ValueError, match="repeats the key, number or name of 'one'"):
        mine.register(again)

    assert list(mine.metrics) == ["one"]


def test_profile_property_without_a_reader_or_with_two_is_refused() -> None:
    mine, tier = Catalog(), ProfileProperty("Tier", "string", "The tier.")

    with pytest.raises(ValueError, match="no reader is registered for Tier"):
        mine.register(metric(profile=(tier,)))
    mine.register_profile(lambda merchant, ids, names: {}, tier)
    with pytest.raises(ValueError, match="'Tier' has a reader already"):
        mine.register_profile(lambda merchant, ids, names: {}, tier)


def test_a_fact_that_no_metric_is_declared_on_is_an_error() -> None:
    with pytest.raises(LookupError, match="Happened"):
        Catalog().built_from(happened())


def test_unknown_pack_is_an_error_that_lists_the_packs() -> None:
    with pytest.raises(LookupError, match="packs are: order_tracking, order_status"):
        catalog.in_pack("nosuch")


@pytest.mark.parametrize("value", [None, "", [], {}])
def test_what_is_not_known_is_left_out(value: Any) -> None:
    assert metric().draft(happened(value=value)).properties == {}


@pytest.mark.parametrize("value", [0, False, 0.0, "0", [None], {"a": None}])
def test_nought_and_no_are_known(value: Any) -> None:
    assert metric().draft(happened(value=value)).properties == {"Value": value}


def test_time_is_in_whole_seconds_cut_not_rounded() -> None:
    assert metric().draft(happened()).occurred_at == AT.replace(microsecond=0)


def test_money_travels_as_value_and_currency() -> None:
    drafted = metric(value=lambda fact: (Decimal("12.50"), "EUR")).draft(happened())

    assert (drafted.value, drafted.value_currency) == (Decimal("12.50"), "EUR")
    assert (metric().draft(happened()).value, metric().draft(happened()).value_currency) == (None, "")


def test_identities_are_plain_up_to_128_characters_and_hashed_beyond() -> None:
    longest, longer = "x" * 128, "x" * 129

    assert bounded_identity(longest) == longest
    assert bounded_identity(longer) == "0ec9eb33e74510bcdd1f2ea55206e82f21649c5c2becbf2b433eb475b34c01bd"
    assert metric().draft(happened(subject=longer)).unique_id == bounded_identity(longer)
    assert bounded_identity("ä" * 129) != bounded_identity("ä" * 130)


@pytest.mark.parametrize("prefix", ["Tidings", "x" * 40, "Ähren & Söhne"])
def test_every_name_is_shorter_than_128_characters(prefix: str) -> None:
    merchant = Merchant(metric_prefix=prefix)

    names = [each.name_for(merchant) for each in catalog.metrics.values()]

    assert max(map(len, names)) < 128
    assert len(set(names)) == len(names)
    assert f"{prefix}: ShopifyOrderCreated" in names


def test_a_long_name_is_cut_to_what_klaviyo_takes() -> None:
    assert len(metric(name="{prefix}: " + "x" * 200).name_for(Merchant())) == 127


def test_each_reader_runs_once_and_answers_what_was_asked() -> None:
    mine, calls = Catalog(), []
    tier, points = ProfileProperty("Tier", "string", ""), ProfileProperty("Points", "integer", "")

    def read(merchant_id: int, customer_ids: Collection[int], names: Collection[str]) -> dict[int, dict[str, Any]]:
        calls.append((merchant_id, customer_ids, names))
        return {each: {"Tier": "gold", "Points": 0 if each == 1 else None} for each in customer_ids}

    mine.register_profile(read, tier, points)

    assert mine.profile_properties(7, {1: {"Tier", "Points"}, 2: {"Points"}, 3: {"Tier"}}) == {
        1: {"Tier": "gold", "Points": 0},
        2: {},
        3: {"Tier": "gold"},
    }
    assert calls == [(7, {1, 2, 3}, {"Tier", "Points"})]


def test_metrics_that_say_the_same_are_found_among_those_chosen() -> None:
    pairs = {(one.key, other.key) for one, other in catalog.overlaps(catalog.metrics)}

    assert ("shopify_order_created", "processing_order") in pairs
    assert catalog.overlaps(["shopify_order_created", "order_delivered"]) == []
    assert catalog.overlaps(["nosuch"]) == []


def test_every_twin_is_a_metric_of_the_catalogue() -> None:
    assert {other for each in catalog.metrics.values() for other in each.same_as} <= catalog.metrics.keys()


def test_every_property_is_documented_named_once_and_of_a_known_type() -> None:
    types = {"string", "integer", "number", "boolean", "datetime", "date", "array", "object"}
    for each in catalog.metrics.values():
        properties: list[Any] = [*each.properties, *each.profile]
        assert {one.type for one in properties} <= types, each.key
        assert all(one.doc.endswith(".") for one in properties), each.key
        names = [one.name for one in each.properties]
        assert len(set(names)) == len(names), each.key
