"""Where people come in: their merchants, and the place that an invitation offers."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django import forms
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache

from integrations import invitations
from integrations.invitations import NotInvited
from integrations.models import Invitation
from integrations.web import access


@login_required
def home(request: HttpRequest) -> HttpResponse:
    """The only merchant of a user, else a choice. Staff without a merchant go to the admin."""
    mine = access.merchants_of(request.user)
    if len(mine) == 1:
        return redirect("overview", mine[0].public_id)
    if not mine and request.user.is_staff:
        return redirect("admin:index")
    return render(request, "web/home.html", {"merchants": mine})


class PasswordForm(forms.Form):
    """A new user's password."""

    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text="At least 12 characters.",
    )

    def __init__(self, email: str, data: object = None) -> None:
        self._user = User(username=email[:150], email=email)
        super().__init__(data)  # type: ignore[arg-type]

    def clean_password(self) -> str:
        """Long, and not a common one."""
        password = str(self.cleaned_data["password"])
        validate_password(password, self._user)
        return password


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take a place: as who is signed in, or as a new user, whose address the link itself confirms."""
    at = timezone.now()
    try:
        found = invitations.find(token, at=at)
        user = User.objects.filter(email__iexact=found.email).first()
        if user is not None:
            return _of_known(request, found, user)
        form = PasswordForm(found.email, request.POST or None)
        if request.method == "POST" and form.is_valid():
            made = invitations.join(found, form.cleaned_data["password"], at=at)
            perform_login(request, made, email_verification="none")
            return redirect("overview", found.merchant.public_id)
    except NotInvited as error:
        return render(request, "web/invitation.html", {"refusal": str(error)}, status=410)
    return render(request, "web/invitation.html", {"invitation": found, "form": form})


def _of_known(request: HttpRequest, found: Invitation, user: User) -> HttpResponse:
    """Who has an account signs in first."""
    if request.user == user and request.method == "POST":
        invitations.accept(found, user, at=timezone.now())
        return redirect("overview", found.merchant.public_id)
    return render(request, "web/invitation.html", {"invitation": found, "is_known": request.user != user})
