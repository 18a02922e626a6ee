"""A merchant's own people."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db.models import Q
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integrations.admin.theme import TabularInline
from integrations.models import Membership


class MemberForm(forms.ModelForm[Membership]):
    """A person is named, not picked: a CSM may not leaf through everybody who signs in."""

    who = forms.CharField(label="User name or e-mail", max_length=254, widget=UnfoldAdminTextInputWidget())
    role = forms.ChoiceField(choices=Membership.Role, widget=UnfoldAdminSelectWidget())

    class Meta:
        model = Membership
        fields = ("role",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["who"].initial = self.instance.user.get_username()
            self.fields["who"].disabled = True

    def clean_who(self) -> str:
        """Somebody who can sign in already."""
        who: str = self.cleaned_data["who"].strip()
        if self.instance.pk:
            return who
        found = list(get_user_model().objects.filter(Q(username=who) | Q(email__iexact=who))[:2])
        if len(found) != 1:
            raise ValidationError("Nobody signs in under this name: a superuser makes users.")
        merchant = self.instance.merchant_id
        if merchant and Membership.objects.for_merchant(merchant).filter(user=found[0]).exists():
            raise ValidationError("Is a member already.")
        self.instance.user = found[0]
        return who


class MembershipInline(TabularInline[Any, Any]):
    """Who of the merchant may sign in, and as what."""

    model = Membership
    form = MemberForm
    fields = ("who", "role")
    extra = 0
    hide_title = True

    def get_queryset(self, request: Any) -> Any:
        """With the people."""
        return super().get_queryset(request).select_related("user")
