"""How django-allauth signs people in here: nobody signs up without an invitation, and secrets of second factors are sealed."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from integrations.fields import Sealed


class AccountAdapter(DefaultAccountAdapter):
    """Accounts are made by invitations alone."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False


class SecondFactorAdapter(DefaultMFAAdapter):
    """Secrets of authenticator apps are encrypted at rest, with the keys of all secrets."""

    def encrypt(self, text: str) -> str:
        """For the database."""
        return Sealed.of(text).token

    def decrypt(self, encrypted_text: str) -> str:
        """Back. Raises `Undecryptable`."""
        return Sealed(encrypted_text).reveal()


class StaffSecondFactor:
    """Sends staff who have no second factor to set one up before they see the admin or a merchant's pages."""

    def __init__(self, get_response: Any) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """The response, or the way to the second factor."""
        if settings.STAFF_SECOND_FACTOR and self._is_wanted(request):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        response: HttpResponse = self._get_response(request)
        return response

    def _is_wanted(self, request: HttpRequest) -> bool:
        if not request.path.startswith((reverse("admin:index"), "/m/")):
            return False
        return request.user.is_authenticated and request.user.is_staff and not is_mfa_enabled(request.user)
