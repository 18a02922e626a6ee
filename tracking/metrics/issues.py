"""Pack `order_tracking` (Malomo), the problems: what is found with orders and parcels, and what is over."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse

from integrations.catalog import Metric, Property, catalog
from tracking import facts, profile, rechecks
from tracking.dossier import describe_items
from tracking.metrics.order_tracking import ORDER_TRACKING, SETTINGS_VERSION
from tracking.metrics.shared import (
    CARRIER,
    ITEM_NAMES_EXAMPLE,
    ITEMS_EXAMPLE,
    ORDER_ID,
    ORDER_NUMBER,
    PARCEL_PROFILE,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    TRACKING_URL,
    iso,
    item_names,
)
from tracking.models import Problem
from tracking.models.issue import issue_id
from tracking.models.policy import WEEKDAYS


def _affected(fact: facts.IssueFound) -> list[dict[str, Any]]:
    """What is in the parcel; where the order itself is meant, what waits to be shipped."""
    parcel = fact.shipment
    return describe_items(fact.dossier.lines_in(parcel) if parcel else fact.dossier.unfulfilled)


def _hours_still(fact: facts.IssueFound) -> float | None:
    since = fact.issue.still_since
    return round((fact.issue.occurred_at - since) / timedelta(hours=1), 1) if since else None


def _excluded_days(fact: facts.IssueFound) -> list[str] | None:
    policy = fact.dossier.order.policy
    return [WEEKDAYS[day] for day in policy.excluded_weekdays] if fact.issue.still_since else None


def _page(fact: facts.IssueFound) -> str:
    """For the merchant's people: they sign in to see it."""
    path = reverse("why", args=[fact.merchant.public_id], query={"q": fact.order_number})
    return f"{settings.PUBLIC_BASE_URL}{path}"


ISSUE: tuple[Property[facts.IssueFound], ...] = (
    Property(
        "ProblemType",
        "string",
        f"One of {', '.join(Problem.values)}.",
        lambda f: f.issue.problem,
        example=Problem.SHIPMENT_STALLED.value,
        choices=Problem.values,
        is_always_sent=True,
    ),
    ORDER_NUMBER,
    ORDER_ID,
    SHIPMENT_ID,
    TRACKING_NUMBER,
    CARRIER,
    Property(
        "HoursStalled",
        "number",
        "Of what stalled: hours from NotUpdatedSince until it was flagged, those that do not count included.",
        _hours_still,
        example=72.0,
    ),
    Property(
        "NotUpdatedSince",
        "datetime",
        "Of what stalled: when the order was placed; a parcel's last scan, else its fulfilment.",
        lambda f: iso(f.issue.still_since),
        example="2026-11-23T08:40:00+00:00",
    ),
    Property(
        "WindowHours",
        "integer",
        "Of what stalled: the hours that were granted.",
        lambda f: f.issue.window_hours,
        example=72,
    ),
    Property(
        "ExcludedDays",
        "array",
        "Of what stalled: weekdays that do not count, in English.",
        _excluded_days,
        example=["Saturday", "Sunday"],
    ),
    SETTINGS_VERSION,
    TRACKING_URL,
    Property(
        "AdminUrl",
        "string",
        "The merchant's page that says all that is known of the order.",
        _page,
        example="https://tidings.example/m/m_7k2f9q4v1x8b3n6d/why/?q=%231001",
        is_always_sent=True,
    ),
    Property(
        "ItemNames",
        "array",
        "Names of the products below.",
        lambda f: item_names(_affected(f)),
        example=ITEM_NAMES_EXAMPLE,
    ),
    Property(
        "Items",
        "array",
        "What is in the parcel, or waits to be shipped, for templates.",
        _affected,
        example=ITEMS_EXAMPLE,
    ),
)

catalog.register(
    Metric(
        number=4,
        key="order_issue_created",
        name="{prefix}: OrderIssueCreated",
        pack=ORDER_TRACKING,
        fact=facts.IssueFound,
        doc="A problem with an order or a parcel was found.",
        unique_id=lambda f: issue_id(f.issue.problem, (f.shipment or f.dossier.order).external_id),
        unique_id_example="issue:ShipmentStalled:7001",
        identity="issue:{ProblemType}:{order_id|shipment_id}",
        occurred_at=lambda f: f.issue.occurred_at,
        properties=ISSUE,
        told_apart_by=("ProblemType",),
        profile=(profile.OPEN_ISSUE, profile.OPEN_ISSUE_AT),
        recheck=rechecks.stalled_no_more,
    ),
    Metric(
        number=38,
        key="order_issue_resolved",
        name="{prefix}: OrderIssueResolved",
        pack=ORDER_TRACKING,
        fact=facts.IssueResolved,
        doc="What had stalled moved again. Told only after the OrderIssueCreated that it belongs to.",
        unique_id=lambda f: f"resolved:{f.issue.problem}:{(f.shipment or f.dossier.order).external_id}",
        unique_id_example="resolved:ShipmentStalled:7001",
        identity="resolved:{ProblemType}:{order_id|shipment_id}",
        occurred_at=lambda f: f.at,
        properties=(
            *ISSUE,
            Property(
                "ResolvedAt",
                "datetime",
                "When it moved again.",
                lambda f: iso(f.at),
                example="2026-11-26T16:20:00+00:00",
                is_always_sent=True,
            ),
        ),
        told_apart_by=("ProblemType",),
        profile=PARCEL_PROFILE,
        recheck=rechecks.never_told,
        is_optional=True,
    ),
)
