"""The kinds of entries that become events, and of which metric."""

from __future__ import annotations

STARTED_SIGNUP = "started.signup"

METRICS = {
    "cancelled": "log_cancelled",
    "contact.form": "log_contact_form",
    "failed.payment": "log_failed_payment",
    "referral.credit": "log_referral_credit",
    "shipping.email": "log_shipping_email",
    STARTED_SIGNUP: "log_started_signup",
}
"""The log's word -> the metric's key. Beside these, the key or the name of a custom metric of the merchant's is a kind."""
