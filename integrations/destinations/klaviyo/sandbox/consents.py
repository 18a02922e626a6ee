"""What a profile consented to, and why it may not be mailed: the state that subscribing and suppressing change."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Json = dict[str, Any]

CHANNELS = {"email": "email", "sms": "phone_number"}
"""Channel -> the identifier that it reaches."""

SUBSCRIBED, UNSUBSCRIBED, NEVER = "SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED"
USER_SUPPRESSED, UNSUBSCRIBE = "USER_SUPPRESSED", "UNSUBSCRIBE"
LIFTED_BY_SUBSCRIBING = frozenset({USER_SUPPRESSED, UNSUBSCRIBE, "SPAM_COMPLAINT"})
"""Klaviyo's description of subscribing: it "will remove any UNSUBSCRIBE, SPAM_REPORT or USER_SUPPRESSED suppressions"."""


@dataclass(slots=True)
class Consent:
    """What is known of one channel. `source` is the request's `custom_source`, `double_optin` how it came about."""

    state: str
    at: datetime
    source: str | None = None
    double_optin: bool = False


@dataclass(slots=True)
class Consents:
    """The consents of one profile. `pending` are channels whose double opt-in the person has not confirmed."""

    channels: dict[str, Consent] = field(default_factory=dict)
    suppressions: dict[str, datetime] = field(default_factory=dict)
    pending: dict[str, Consent] = field(default_factory=dict)

    def subscribe(self, channel: str, *, at: datetime, source: str | None, needs_confirmation: bool) -> None:
        """Subscribe a channel; under double opt-in nothing changes until the person confirms."""
        if needs_confirmation:
            self.pending[channel] = Consent(SUBSCRIBED, at, source, double_optin=True)
            return
        self.channels[channel] = Consent(SUBSCRIBED, at, source)
        if channel == "email":
            for reason in LIFTED_BY_SUBSCRIBING & self.suppressions.keys():
                del self.suppressions[reason]

    def unsubscribe(self, channel: str, *, at: datetime) -> None:
        """Unsubscribe a channel: of e-mail it is a suppression, too."""
        self.pending.pop(channel, None)
        self.channels[channel] = Consent(UNSUBSCRIBED, at)
        if channel == "email":
            self.suppressions[UNSUBSCRIBE] = at

    def take_over(self, other: Consents) -> None:
        """What another profile's merging adds: its channels where there are none, and every suppression."""
        self.channels = {**other.channels, **self.channels}
        self.suppressions = {**other.suppressions, **self.suppressions}
        self.pending = {**other.pending, **self.pending}

    def resource(self) -> Json:
        """The attribute `subscriptions`, which a profile has where it is asked for."""
        email, sms = (self._marketing(channel) for channel in CHANNELS)
        suppression = [{"reason": reason, "timestamp": at.isoformat()} for reason, at in self.suppressions.items()]
        email |= {"suppression": suppression, "list_suppressions": []}
        email["can_receive_email_marketing"] = email["consent"] != UNSUBSCRIBED and not suppression
        sms["can_receive_sms_marketing"] = sms["consent"] == SUBSCRIBED
        return {"email": {"marketing": email}, "sms": {"marketing": sms}}

    def describe(self) -> Json:
        """For the controls."""
        told = {
            channel: {"state": known.state, "at": known.at.isoformat(), "custom_source": known.source}
            for channel, known in self.channels.items()
        }
        return {"consent": told, "suppressions": sorted(self.suppressions), "pending": sorted(self.pending)}

    def _marketing(self, channel: str) -> Json:
        known = self.channels.get(channel)
        at = known.at.isoformat() if known else None
        return {
            "consent": known.state if known else NEVER,
            "consent_timestamp": at,
            "last_updated": at,
            "method": "API" if known else None,
            "method_detail": "",
            "custom_method_detail": known.source if known else None,
            "double_optin": known.double_optin if known else None,
        }
