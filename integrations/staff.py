"""Staff: the role of a CSM, and the people who have it.

A CSM works with all merchants, their connections and their history. People, roles, schedules and the queue are a superuser's.
"""

from __future__ import annotations

from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.db.models import Q

CSM = "CSM"

GRANTS: dict[str, dict[str, tuple[str, ...]]] = {
    "integrations": {
        "merchant": ("view", "add", "change"),
        "shopdomain": ("view", "add", "change", "delete"),
        "membership": ("view", "add", "change", "delete"),
        "sourcesecret": ("view", "add", "change"),
        "apitoken": ("view", "add", "change"),
        "connection": ("view", "change"),
        "lane": ("view",),
        "customer": ("view",),
        "datarequest": ("view",),
        "erasure": ("view", "add"),
        "merchantremoval": ("view", "add"),
        "event": ("view",),
        "delivery": ("view", "change"),
        "deliveryattempt": ("view",),
        "inboundmessage": ("view", "change"),
        "suppression": ("view",),
        "suppressioncheck": ("view",),
    },
    "tracking": {
        "order": ("view",),
        "orderline": ("view",),
        "shipment": ("view",),
        "scan": ("view",),
        "issue": ("view",),
        "stalledpolicy": ("view", "add"),
        "wishlistitem": ("view",),
    },
    "returns": {
        "return": ("view", "add"),
        "returnitem": ("view",),
    },
    "loyalty": {
        "member": ("view",),
        "ledgerentry": ("view", "add"),
        "lot": ("view",),
        "programme": ("view", "add"),
        "tier": ("view", "add", "change"),
        "tiertransition": ("view",),
        "reward": ("view", "add", "change"),
        "issuedreward": ("view", "change"),
    },
    "lifecycle": {
        "activity": ("view",),
        "logfeed": ("view",),
        "logsync": ("view",),
        "plan": ("view",),
        "lifecyclerules": ("view", "change"),
        "statuslist": ("view",),
    },
}
"""App -> model -> what a CSM may do. To change a delivery or a message means to send or handle it again, to change an issued
reward to take it back; to add a ledger entry, to adjust points by hand.
"""


def ensure_role() -> Group:
    """The group of CSMs with exactly the permissions above, made where it is missing."""
    wanted = Q(pk=None)
    for app, grants in GRANTS.items():
        for model, verbs in grants.items():
            names = [f"{verb}_{model}" for verb in verbs]
            wanted |= Q(content_type__app_label=app, content_type__model=model, codename__in=names)
    with transaction.atomic():
        group, _ = Group.objects.get_or_create(name=CSM)
        group.permissions.set(Permission.objects.filter(wanted))
    return group


def make_csm(username: str, password: str, *, email: str = "") -> tuple[User, bool]:
    """Make a CSM, or give the role to who is there already: (user, whether it is new). A known user's password stays."""
    group = ensure_role()
    user = User.objects.filter(username=username).first()
    is_new = user is None
    if user is None:
        user = User.objects.create_user(username, email=email, password=password)
    if not user.is_staff:
        user.is_staff = True
        user.save(update_fields=["is_staff"])
    user.groups.add(group)
    return user, is_new
