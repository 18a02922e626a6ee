"""How the admin looks, and what stands in its sidebar. Colours are Tidings' own: sea green on cool greys."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static
from django.urls import reverse_lazy


def _may(permission: str) -> Callable[[HttpRequest], bool]:
    return lambda request: bool(request.user.has_perm(permission))


def _list(title: str, icon: str, app: str, model: str) -> dict[str, Any]:
    """An entry for a model's list, shown to those who may view it."""
    return {
        "title": title,
        "icon": icon,
        "link": reverse_lazy(f"admin:{app}_{model}_changelist"),
        "permission": _may(f"{app}.view_{model}"),
    }


def _integrations(title: str, icon: str, model: str) -> dict[str, Any]:
    return _list(title, icon, "integrations", model)


MERCHANTS = reverse_lazy("admin:integrations_merchant_changelist")
ONBOARDING = reverse_lazy("admin:integrations_merchant_onboard")

NAVIGATION: list[dict[str, Any]] = [
    {"items": [{"title": "Dashboard", "icon": "space_dashboard", "link": reverse_lazy("admin:index")}]},
    {
        "title": "Merchants",
        "items": [
            {
                "title": "Take on a merchant",
                "icon": "add_business",
                "link": ONBOARDING,
                "permission": _may("integrations.add_merchant"),
            },
            {
                **_integrations("Merchants", "storefront", "merchant"),
                "active": lambda request: (
                    request.path.startswith(str(MERCHANTS)) and not request.path.startswith(str(ONBOARDING))
                ),
            },
            _integrations("Connections", "cable", "connection"),
            _integrations("Customers", "groups", "customer"),
        ],
    },
    {
        "title": "History",
        "items": [
            _integrations("Events", "bolt", "event"),
            _integrations("Deliveries", "outgoing_mail", "delivery"),
            _integrations("Requests made", "swap_horiz", "deliveryattempt"),
        ],
    },
    {"title": "Inbound", "items": [_integrations("Messages", "inbox", "inboundmessage")]},
    {
        "title": "Orders",
        "items": [
            _list("Orders", "receipt_long", "tracking", "order"),
            _list("Shipments", "package_2", "tracking", "shipment"),
            _list("Scans", "barcode_scanner", "tracking", "scan"),
            _list("Issues", "report", "tracking", "issue"),
            _list("Returns", "assignment_return", "returns", "return"),
            _list("Stalled policies", "hourglass", "tracking", "stalledpolicy"),
        ],
    },
    {
        "title": "Loyalty",
        "items": [
            _list("Members", "loyalty", "loyalty", "member"),
            _list("Ledger", "menu_book", "loyalty", "ledgerentry"),
            _list("Programmes", "rule", "loyalty", "programme"),
            _list("Tiers", "stairs", "loyalty", "tier"),
            _list("Rewards", "redeem", "loyalty", "reward"),
            _list("Issued rewards", "confirmation_number", "loyalty", "issuedreward"),
        ],
    },
    {
        "title": "Subscribers",
        "items": [
            _list("Plans", "card_membership", "lifecycle", "plan"),
            _list("Activity log", "history", "lifecycle", "activity"),
            _list("Feeds", "rss_feed", "lifecycle", "logfeed"),
            _list("Syncs", "sync", "lifecycle", "logsync"),
            _list("Rules", "tune", "lifecycle", "lifecyclerules"),
            _list("Lists by status", "list_alt", "lifecycle", "statuslist"),
            _integrations("Suppressions", "block", "suppression"),
        ],
    },
    {
        "title": "Privacy",
        "items": [
            _integrations("Data requests", "contact_mail", "datarequest"),
            _integrations("Erasures", "person_remove", "erasure"),
            _integrations("Merchant removals", "delete_forever", "merchantremoval"),
        ],
    },
    {
        "title": "System",
        "collapsible": True,
        "items": [
            _list("Users", "person", "auth", "user"),
            _list("Roles", "badge", "auth", "group"),
            _integrations("API tokens of CSMs", "key", "stafftoken"),
            _integrations("Ticks", "favorite", "tick"),
            _integrations("Lanes", "alt_route", "lane"),
            _integrations("Leases", "lock_clock", "lease"),
            _list("Schedules", "schedule", "django_q", "schedule"),
            _list("Queued", "pending", "django_q", "ormq"),
            _list("Ended well", "task_alt", "django_q", "success"),
            _list("Failed", "error", "django_q", "failure"),
        ],
    },
]

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "Tidings",
    "SITE_HEADER": "Tidings",
    "SITE_URL": None,
    "SITE_ICON": lambda request: static("integrations/favicon.svg"),
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("integrations/favicon.svg")},
    ],
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "8px",
    "STYLES": [lambda request: static("integrations/admin.css")],
    "SCRIPTS": [lambda request: static("integrations/admin.js")],
    "DASHBOARD_CALLBACK": "integrations.admin.dashboard.context",
    "COLORS": {
        "primary": {
            "50": "oklch(97.5% .015 190)",
            "100": "oklch(94% .035 190)",
            "200": "oklch(88.5% .065 190)",
            "300": "oklch(81% .09 190)",
            "400": "oklch(72% .105 191)",
            "500": "oklch(61% .102 192)",
            "600": "oklch(50% .086 193)",
            "700": "oklch(43% .073 194)",
            "800": "oklch(37% .06 195)",
            "900": "oklch(31% .048 196)",
            "950": "oklch(23% .036 197)",
        },
    },
    "SIDEBAR": {"show_search": False, "show_all_applications": False, "navigation": NAVIGATION},
}
