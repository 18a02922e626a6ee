"""Who may see and do what on a merchant's pages. Strangers get a 404, so that no address tells whether a merchant exists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import structlog
from django.contrib.auth.models import User
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from integrations.audit import Actor
from integrations.models import Membership, Merchant

Role = Membership.Role
RANK = {Role.VIEWER: 0, Role.EDITOR: 1, Role.OWNER: 2}
"""Each role may do what those below it may. A viewer looks; an editor changes settings; an owner also decides on people and
keys.
"""

logger = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Access:
    """A signed-in user at a merchant. `as_staff`: a CSM, who is none of the merchant's people and may do what an owner may."""

    merchant: Merchant
    user: User
    role: Membership.Role
    as_staff: bool

    @property
    def actor(self) -> Actor:
        """For the audit trail."""
        return Actor(self.user, as_staff=self.as_staff)

    @property
    def may_edit(self) -> bool:
        """Whether settings may be changed, and events sent again."""
        return RANK[self.role] >= RANK[Role.EDITOR]

    @property
    def may_own(self) -> bool:
        """Whether people, keys and tokens may be changed."""
        return RANK[self.role] >= RANK[Role.OWNER]


class Visit(HttpRequest):
    """A request for a merchant's page."""

    access: Access


Page = Callable[..., HttpResponseBase]
"""A view of a merchant's page: it gets the visit, and the merchant that the visitor may see."""


def page(role: Membership.Role = Role.VIEWER) -> Callable[[Page], Page]:
    """Let only those see a page who have that role at the merchant in its address, or more, and CSMs, whose visits are logged."""

    def decorate(view: Page) -> Page:
        @wraps(view)
        def guarded(request: Any, merchant: str, **named: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            access = find_access(request.user, merchant)
            if RANK[access.role] < RANK[role]:
                raise PermissionDenied(f"This is for the {role.label.lower()}s of {access.merchant}.")
            if access.as_staff:
                logger.info("merchant.visited", merchant=access.merchant.pk, user=request.user.pk, path=request.path)
            request.access = access
            return view(request, access.merchant, **named)

        return guarded

    return decorate


def find_access(user: User, public_id: str) -> Access:
    """What a user may do at a merchant. Raises `Http404` for a stranger, as for a merchant that does not exist."""
    mine = Membership.objects.select_related("merchant").filter(merchant__public_id=public_id, user=user).first()
    if mine is not None:
        return Access(mine.merchant, user, Role(mine.role), as_staff=False)
    if user.is_staff and user.has_perm("integrations.view_merchant"):
        found = Merchant.objects.filter(public_id=public_id).first()
        if found is not None:
            return Access(found, user, Role.OWNER, as_staff=True)
    raise Http404


def visited(request: HttpRequest) -> dict[str, Any]:
    """For templates: the access of a visit to a merchant's page, and the merchant."""
    access: Access | None = getattr(request, "access", None)
    return {"access": access, "merchant": access.merchant} if access else {}


def merchants_of(user: Any) -> list[Merchant]:
    """The merchants at which a user has a role, by name."""
    return list(Merchant.objects.filter(memberships__user=user).order_by("name"))
