"""The catalogue as data and as the page `docs/events.md`."""

from __future__ import annotations

from typing import Any

from integrations.catalog import Catalog, Metric
from integrations.models import Merchant


def as_data(catalog: Catalog) -> list[dict[str, Any]]:
    """Every metric as plain data, by number."""
    return [metric_as_data(metric) for metric in catalog.in_order()]


def as_markdown(catalog: Catalog) -> str:
    """The page: every pack, and in it every metric with its properties."""
    lines = ["# Events", "", "Made from the code by `manage.py list_metrics --markdown`; do not edit.", ""]
    for pack in catalog.packs():
        lines += [f"## {pack.label} (`{pack.key}`)", "", pack.doc, ""]
        for metric in catalog.in_pack(pack.key):
            lines += _page(metric)
    return "\n".join(lines).rstrip() + "\n"


def metric_as_data(metric: Metric[Any], merchant: Merchant | None = None) -> dict[str, Any]:
    """One metric as plain data, with the names that a merchant's profile properties have where one is given."""
    return {
        "number": metric.number,
        "key": metric.key,
        "name": metric.name,
        "pack": metric.pack.key,
        "is_optional": metric.is_optional,
        "description": metric.doc,
        "unique_id": metric.identity,
        "properties": [{"name": each.name, "type": each.type, "description": each.doc} for each in metric.properties],
        "profile_properties": [
            {"name": each.name_for(merchant) if merchant else each.name, "type": each.type, "description": each.doc}
            for each in metric.profile
        ],
    }


def _page(metric: Metric[Any]) -> list[str]:
    lines = [f"### {metric.number}. {metric.name}", "", metric.doc, ""]
    optional = " It is not turned on with its pack, only by itself." if metric.is_optional else ""
    follows = (
        f" It is sent once `{metric.follows}` of the same id was accepted, and not without it."
        if metric.follows
        else ""
    )
    lines += [f"Key `{metric.key}`, unique id `{metric.identity}`.{optional}{follows}", ""]
    lines += ["| property | type | meaning |", "| --- | --- | --- |"]
    lines += [f"| `{each.name}` | {each.type} | {each.doc} |" for each in metric.properties]
    lines += [f"| profile: `{each.name}` | {each.type} | {each.doc} |" for each in metric.profile]
    return [*lines, ""]
