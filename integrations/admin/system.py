"""What only superusers see: people and roles, the scheduler's tables, and what keeps workers apart. Read-only but for people."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest
from django_q.models import Failure, OrmQ, Schedule, Success
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from integrations import tokens
from integrations.admin import show
from integrations.admin.deeds import Deed, DeedsMixin, Outcome, plural
from integrations.admin.site import ReadOnlyAdmin
from integrations.admin.theme import ModelAdmin, display
from integrations.models import Lane, Lease, StaffToken, Tick

for model in (User, Group, Schedule, Success, Failure, OrmQ):
    admin.site.unregister(model)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin[Any]):  # type: ignore[type-arg]
    """A person who signs in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    filter_horizontal = ()
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("What they may do", {"fields": ("is_active", "is_staff", "is_superuser", "groups")}),
        ("When", {"fields": ("last_login", "date_joined")}),
    )
    readonly_fields = ("last_login", "date_joined")


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin[Any]):
    """A role. `integrations.staff` says what a CSM may do; `manage.py create_staff` writes it."""

    filter_horizontal = ()


class SystemAdmin(ReadOnlyAdmin):
    """A small table that shows how the machinery is doing."""

    list_before_template = None
    list_filter_submit = False


@admin.register(Schedule)
class ScheduleAdmin(SystemAdmin):
    """A periodic job. `config/schedules.py` says which there are; `manage.py sync_schedules` writes them."""

    due = show.since("next_run", "Next run")
    list_display = ("name", "func", "minutes", "due")
    fields = ("name", "func", "minutes", "repeats", "due", "cluster")
    readonly_fields = ("due",)


class TaskAdmin(SystemAdmin):
    """What a run left behind, without its pickles."""

    began = show.since("started", "Began")
    ended = show.since("stopped", "Ended")
    heavy = ("args", "kwargs", "result")
    list_display = ("func", "began", "ended")
    fields: ClassVar[Any] = ("func", "began", "ended", "attempt_count")
    readonly_fields: ClassVar[Any] = ("began", "ended")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Pickles stay in the database."""
        return super().get_queryset(request).defer(*self.heavy)

    def get_ordering(self, request: HttpRequest) -> Any:
        """Task ids are random: the newest is the one that stopped last. The table is kept small by django-q2."""
        return ["-stopped"]

    def window(self, request: HttpRequest, queryset: QuerySet[Any], *, is_search: bool) -> QuerySet[Any]:
        """The whole table."""
        return queryset


@admin.register(Success)
class SuccessAdmin(TaskAdmin):
    """A run that ended well."""


@admin.register(Failure)
class FailureAdmin(TaskAdmin):
    """A run that failed, with what it said."""

    fields: ClassVar[Any] = (*TaskAdmin.fields, "said")
    wide = ("said",)
    readonly_fields = (*TaskAdmin.readonly_fields, "said")

    @display(description="What it said")
    def said(self, task: Any) -> Any:
        """The traceback, which django-q2 keeps as text."""
        return show.block(task.result if isinstance(task.result, str) else type(task.result).__name__)


@admin.register(OrmQ)
class OrmQAdmin(SystemAdmin):
    """A queued tick. What it holds is signed and pickled, and not shown."""

    taken = show.since("lock", "Free from")
    list_display = ("id", "key", "taken")
    fields = ("key", "taken")
    readonly_fields = ("taken",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Payloads stay in the database."""
        return super().get_queryset(request).defer("payload")


@admin.register(Tick)
class TickAdmin(SystemAdmin):
    """When each kind of periodic work last ran."""

    started = show.since("started_at", "Began")
    finished = show.since("finished_at", "Ended well")
    wanted = show.since("wanted_at", "Asked for")
    list_display = ("name", "started", "finished", "wanted")
    fields = ("name", "started", "finished", "wanted")
    readonly_fields = ("started", "finished", "wanted")


@admin.register(Lease)
class LeaseAdmin(SystemAdmin):
    """Who may work on what."""

    expires = show.since("until", "Until")
    list_display = ("key", "epoch", "expires")
    fields = ("key", "epoch", "expires")
    readonly_fields = ("expires",)


@admin.register(Lane)
class LaneAdmin(SystemAdmin):
    """How a connection's requests fare."""

    blocked = show.since("blocked_until", "Blocked until")
    succeeded = show.since("succeeded_at", "Last success")
    list_display = ("merchant", "blocked", "blocked_reason", "failures", "succeeded", "last_error")
    list_select_related = ("merchant",)
    fields = (
        "connection",
        "blocked",
        "blocked_reason",
        "failures",
        "opened",
        "limits",
        "served",
        "succeeded",
        "failed",
        "last_error",
    )
    wide = ("limits", "last_error")
    readonly_fields = ("blocked", "served", "succeeded", "failed")
    served = show.since("served_at", "Last served")
    failed = show.since("failed_at", "Last failure")


def revoke(chosen: QuerySet[StaffToken], at: datetime) -> Outcome:
    """Refuse tokens from now on."""
    return Outcome(f"{plural(sum(tokens.revoke(each, at=at) for each in chosen), 'token')} revoked.")


@admin.register(StaffToken)
class StaffTokenAdmin(DeedsMixin, SystemAdmin):
    """A CSM's API token. `manage.py create_staff_token` makes one and shows it once."""

    made = show.moment("created_at", "Made")
    used = show.since("last_used_at", "Last used")
    expires = show.moment("expires_at", "Expires")
    revoked = show.moment("revoked_at", "Revoked")
    is_deed_logged = True
    deeds = (Deed("revoke", "Revoke", "block", "integrations.change_stafftoken", revoke, tone="danger"),)
    list_display = ("name", "user", "prefix", "used", "expires", "revoked")
    list_select_related = ("user",)
    fields = ("name", "user", "prefix", "scopes", "made", "used", "expires", "revoked")
    readonly_fields = ("made", "used", "expires", "revoked")
