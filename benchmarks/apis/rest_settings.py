"""The product's settings for a plain view of Django REST framework: the least middleware."""

from __future__ import annotations

from config.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.apis.rest_urls"
# One tells the length of the answer; allauth does not start without the other.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware", "allauth.account.middleware.AccountMiddleware"]
