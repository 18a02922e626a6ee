"""Klaviyo's rate limits: fixed windows of a second and a minute for each account and operation."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from threading import Lock

_LARGE = ((350, 1), (3_500, 60))
_MEDIUM = ((75, 1), (750, 60))
_SMALL = ((10, 1), (150, 60))

LIMITS: dict[str, tuple[tuple[int, int], ...]] = {
    "create_event": _LARGE,
    "bulk_create_events": _SMALL,
    "get_events": _LARGE,
    "create_or_update_profile": _MEDIUM,
    "create_profile": _MEDIUM,
    "get_profiles": _MEDIUM,
    "get_profile": _MEDIUM,
    "get_accounts": ((1, 1), (15, 60)),
    "get_metrics": _SMALL,
    "create_list": (*_SMALL, (150, 86_400)),
    "get_lists": _MEDIUM,
    "get_list": _MEDIUM,
    "add_profiles_to_list": _SMALL,
    "remove_profiles_from_list": _SMALL,
    "bulk_subscribe_profiles": _MEDIUM,
    "bulk_unsubscribe_profiles": _MEDIUM,
    "bulk_suppress_profiles": _MEDIUM,
    "bulk_unsuppress_profiles": _MEDIUM,
    "get_bulk_suppress_profiles_jobs": _MEDIUM,
    "get_bulk_suppress_profiles_job": _MEDIUM,
    "bulk_import_profiles": _SMALL,
    "get_bulk_import_profiles_job": _SMALL,
    "merge_profiles": _SMALL,
    "request_profile_deletion": ((3, 1), (60, 60)),
    "create_client_event": _LARGE,
    "create_client_profile": _MEDIUM,
    "create_client_subscription": ((100, 1), (700, 60)),
}
"""Requests allowed and window in seconds, for each operation, as the OpenAPI description of 2026-07-15 states them."""


@dataclass(slots=True)
class Window:
    """One fixed window. It starts with the first request after the last one ended, so that a test can rely on it."""

    limit: int
    seconds: int
    ends_at: float = 0.0
    used: int = 0

    def renew(self, now: float) -> None:
        """Start afresh if the window has ended."""
        if now >= self.ends_at:
            self.ends_at, self.used = now + self.seconds, 0

    @property
    def remaining(self) -> int:
        """Requests that still fit."""
        return self.limit - self.used


@dataclass(slots=True)
class Limiter:
    """Counts requests. `scale` multiplies every limit (never below 1); None switches limits off."""

    scale: float | None = 1.0
    _windows: dict[tuple[str, str], list[Window]] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def take(self, account: str, operation: str, now: float) -> int:
        """Use one request. Returns 0 if it fits, else the whole seconds to wait. A refused request is not counted."""
        if self.scale is None:
            return 0
        with self._lock:
            windows = self._windows_of(account, operation, now)
            full = [window.ends_at for window in windows if window.remaining <= 0]
            if full:
                return max(1, math.ceil(max(full) - now))
            for window in windows:
                window.used += 1
            return 0

    def headers(self, account: str, operation: str, now: float) -> dict[str, str]:
        """The RateLimit headers, in the list form that Klaviyo sends: the tightest window first."""
        if self.scale is None:
            return {}
        with self._lock:
            windows = self._windows_of(account, operation, now)
            tightest = min(windows, key=lambda window: window.remaining)
            all_windows = ", ".join(f"{window.limit};w={window.seconds}" for window in windows)
            return {
                "RateLimit-Limit": f"{tightest.limit}, {all_windows}",
                "RateLimit-Remaining": str(tightest.remaining),
                "RateLimit-Reset": str(max(0, int(tightest.ends_at - now))),
            }

    def set_scale(self, scale: float | None) -> None:
        """Change the scale and forget what was used."""
        with self._lock:
            self.scale = scale
            self._windows.clear()

    def _windows_of(self, account: str, operation: str, now: float) -> list[Window]:
        windows = self._windows.get((account, operation))
        if windows is None:
            scale = self.scale or 1.0
            windows = [Window(max(1, int(limit * scale)), seconds) for limit, seconds in LIMITS[operation]]
            self._windows[account, operation] = windows
        for window in windows:
            window.renew(now)
        return windows
