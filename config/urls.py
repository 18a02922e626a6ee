"""The map of addresses."""

from __future__ import annotations

from django.conf import settings
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.shortcuts import redirect
from django.urls import include, path, re_path
from django.views.generic import RedirectView

from integrations.api import problems

# The admin has no form of its own to sign in, so that nobody gets around the second factor and the lock-out.
admin.site.login = login_required(lambda request, extra_context=None: redirect("admin:index"))  # type: ignore[method-assign]

urlpatterns = [
    path("favicon.ico", RedirectView.as_view(url=f"{settings.STATIC_URL}integrations/favicon.svg")),
    path("admin/", admin.site.urls),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("", include("integrations.api.urls")),
    path("", include("tracking.api.urls")),
    path("", include("returns.api.urls")),
    path("", include("loyalty.api.urls")),
    re_path(r"^api(?:/[\s\S]*)?\Z", problems.nowhere),
    path("", include("integrations.web.urls")),
    path("", include("tracking.web.urls")),
    path("", include("loyalty.web.urls")),
    path("", include("lifecycle.web.urls")),
    path("", include("integrations.urls")),
]
