"""The people of a merchant: inviting them, taking the place, another role, and leaving."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.models import User
from django.core.mail import send_mail
from django.db import transaction

from integrations import audit
from integrations.audit import Actor
from integrations.models import Invitation, Membership, Merchant

VALID_FOR = timedelta(days=7)


class NotInvited(Exception):
    """The link is wrong, was used, or is too old; or somebody else was meant. The text says it to the one who holds it."""


def invite(merchant: Merchant, email: str, role: str, *, by: Actor, at: datetime) -> tuple[Invitation, str]:
    """Invite somebody by e-mail; (the invitation, the link). An earlier invitation of the same address is void."""
    token = secrets.token_urlsafe(32)
    email = email.strip().lower()
    with transaction.atomic():
        Invitation.objects.for_merchant(merchant).filter(email=email, accepted_at=None).delete()
        invitation = Invitation.objects.create(
            merchant=merchant,
            email=email,
            role=role,
            digest=_digest(token),
            invited_by=by.user,
            created_at=at,
            expires_at=at + VALID_FOR,
        )
        audit.note(merchant, by, "invited", [f"{email} as {role}"], at=at)
    link = f"{settings.PUBLIC_BASE_URL}/invitations/{token}/"
    send_mail(
        f"{by.name} invites you to {merchant.name} on Tidings",
        f"Take your place as {role} of {merchant.name} within {VALID_FOR.days} days:\n\n{link}\n\n"
        "If you do not expect this, ignore it.",
        None,
        [email],
    )
    return invitation, link


def find(token: str, *, at: datetime) -> Invitation:
    """The invitation that a link is for. Raises `NotInvited`."""
    # Whose it is, the link alone says: it belongs to one merchant, which is not known before.
    found = Invitation.objects.select_related("merchant").filter(digest=_digest(token)).first()
    if found is None or found.accepted_at is not None:
        raise NotInvited("This link was used or withdrawn. Ask for a new invitation.")
    if found.expires_at <= at:
        raise NotInvited("This link is too old. Ask for a new invitation.")
    return found


def accept(invitation: Invitation, user: User, *, at: datetime) -> Membership:
    """Take the place. Raises `NotInvited` where another address was invited, or somebody was quicker."""
    if user.email.lower() != invitation.email:
        raise NotInvited(f"The invitation is for {invitation.email}. Sign out, and open the link again.")
    with transaction.atomic():
        mine = Invitation.objects.for_merchant(invitation.merchant).filter(pk=invitation.pk, accepted_at=None)
        if not mine.update(accepted_at=at):
            raise NotInvited("This link was used. Sign in instead.")
        membership, _ = Membership.objects.update_or_create(
            merchant=invitation.merchant, user=user, defaults={"role": invitation.role}
        )
        audit.note(invitation.merchant, Actor(user), "joined", [f"as {invitation.role}"], at=at)
    return membership


def join(invitation: Invitation, password: str, *, at: datetime) -> User:
    """Make an account for the address that was invited, which the link confirms, and take the place. Raises `NotInvited`."""
    with transaction.atomic():
        user = User.objects.create_user(invitation.email[:150], invitation.email, password)
        EmailAddress.objects.create(user=user, email=invitation.email, verified=True, primary=True)
        accept(invitation, user, at=at)
    return user


class LastOwner(Exception):
    """A merchant keeps at least one owner."""


def withdraw(merchant: Merchant, pk: int, *, by: Actor, at: datetime) -> None:
    """Void an invitation that nobody took."""
    mine = Invitation.objects.for_merchant(merchant).filter(pk=pk, accepted_at=None)
    with transaction.atomic():
        emails = list(mine.values_list("email", flat=True))
        if emails:
            mine.delete()
            audit.note(merchant, by, "withdrew an invitation", emails, at=at)


def change_role(merchant: Merchant, pk: int, role: str, *, by: Actor, at: datetime) -> None:
    """Give somebody another role; "" takes the place away. Raises `LastOwner`, and `Membership.DoesNotExist` for a stranger."""
    with transaction.atomic():
        # All of them, so that two owners cannot take each other's place at the same time.
        everyone = list(Membership.objects.for_merchant(merchant).select_for_update().select_related("user"))
        found = next((each for each in everyone if each.pk == pk), None)
        if found is None:
            raise Membership.DoesNotExist
        owners = [each for each in everyone if each.role == Membership.Role.OWNER]
        if owners == [found] and role != Membership.Role.OWNER:
            raise LastOwner(f"{merchant} needs an owner: make somebody else one first.")
        name = Actor(found.user).name
        if role:
            audit.note(merchant, by, "changed a role", [f"{name}: {found.role} → {role}"], at=at)
            found.role = role
            found.save(update_fields=["role"])
        else:
            audit.note(merchant, by, "removed somebody", [f"{name}, {found.role}"], at=at)
            found.delete()


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
