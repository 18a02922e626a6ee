"""One-time campaigns: drafted, started, cancelled, gone on with; and giving what they give, once to each recipient.

Who gets something is fixed when a campaign starts: a row for each recipient, which is marked in the transaction in which they are
given it, while their membership is locked. So one that breaks off goes on where it was, and nobody gets it twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F, QuerySet, Value

from integrations import audit, clean, history, wake
from integrations.audit import NAME_LENGTH, Actor
from integrations.models import Customer, Merchant
from integrations.statements import Among, insert_selected
from loyalty.campaign_file import Sheet
from loyalty.facts import PointsAdded
from loyalty.models import Campaign, CampaignRecipient, IssuedReward, Member, PointSource, Reward
from loyalty.services import audiences, members, posting, programmes, rewards
from loyalty.services.audiences import Wanted
from loyalty.services.points import NOTE_LENGTH
from loyalty.services.posting import Draft
from loyalty.services.rewards import Recipient

BATCH = 500
"""Members in one transaction: what they do waits meanwhile."""

ROWS = 5_000
"""Recipients of a file that are written in one statement."""

RUN = wake.register("run_campaigns", "loyalty.tasks.run_campaigns")

State, Reason = Campaign.State, CampaignRecipient.Reason
Served = Sequence[tuple[CampaignRecipient, Member]]


class NotNow(Exception):
    """The campaign does not stand where that could be done, as somebody else was faster. The text says where it stands."""


def draft_campaign(
    merchant: Merchant,
    *,
    name: str,
    audience: Wanted | Sheet,
    by: Actor,
    at: datetime,
    points: int | None = None,
    note: str = "",
    reward: Reward | None = None,
) -> Campaign:
    """Make a campaign that gives nothing yet. The customers of a file are looked up now, members who fit when it starts.

    Raises `ValidationError` that names each field which is wrong.
    """
    made = Campaign(merchant=merchant, name=clean.text(name, 100), note=clean.text(note, NOTE_LENGTH), created_at=at)
    made.points, made.reward, made.created_by = points, reward, by.user
    is_file = isinstance(audience, Sheet)
    made.audience = Campaign.Audience.FILE if is_file else Campaign.Audience.FILTER
    _check_gift(made, audience)
    made.full_clean(exclude=["created_by", "started_by"], validate_unique=False, validate_constraints=False)
    with transaction.atomic():
        if isinstance(audience, Sheet):
            _hold_off_merges(merchant)
            _keep_file(made, audience)
        else:
            made.wanted = audience.stored()
            made.save()
        audit.note(merchant, by, "drafted a campaign", [made.name, gift(made)], at=at)
    return made


def start_campaign(merchant: Merchant, key: int, *, by: Actor, at: datetime) -> Campaign:
    """Fix who gets something, and begin to give it. Raises `NotNow`, `ValidationError` and `Campaign.DoesNotExist`."""
    with transaction.atomic():
        _hold_off_merges(merchant)
        found = _locked(merchant, key, State.DRAFT)
        found.full_clean(exclude=["created_by", "started_by"], validate_unique=False, validate_constraints=False)
        if programmes.in_force(merchant, at) is None:
            raise ValidationError("There is no loyalty programme in force: nobody has points.")
        if found.audience == Campaign.Audience.FILTER:
            found.recipients = _fix_recipients(found, at=at)
        if not found.recipients:
            raise ValidationError("Nobody would get anything.")
        found.state, found.started_at, found.started_by = State.RUNNING, at, by.user
        found.save(update_fields=["state", "started_at", "started_by", "recipients"])
        audit.note(merchant, by, "started a campaign", [found.name, f"{found.recipients:,} members"], at=at)
        wake.after_commit(RUN)
    return found


def cancel_campaign(merchant: Merchant, key: int, *, by: Actor, at: datetime) -> Campaign:
    """Stop after what is being given just now; what was given stays. Raises `NotNow` and `Campaign.DoesNotExist`."""
    with transaction.atomic():
        found = _locked(merchant, key, State.RUNNING)
        found.state, found.ended_at = State.CANCELLED, at
        found.save(update_fields=["state", "ended_at"])
        audit.note(merchant, by, "cancelled a campaign", [found.name, f"{found.left:,} members are left"], at=at)
    return found


def resume_campaign(merchant: Merchant, key: int, *, by: Actor, at: datetime) -> Campaign:
    """Go on with a cancelled one; those for whom no code was left have their turn again, also of one that is done.

    Raises `NotNow`, where nobody is left, too, and `Campaign.DoesNotExist`.
    """
    with transaction.atomic():
        found = _locked(merchant, key, State.CANCELLED, State.DONE)
        without = _recipients(found).filter(reason=Reason.NO_CODE)
        found.passed_over -= without.update(done_at=None, reason=Reason.NONE)
        if not found.left:
            raise NotNow("Nobody is left to whom the campaign could give anything.")
        found.state, found.ended_at = State.RUNNING, None
        found.save(update_fields=["state", "ended_at", "passed_over"])
        audit.note(merchant, by, "resumed a campaign", [found.name, f"{found.left:,} members"], at=at)
        wake.after_commit(RUN)
    return found


def discard_campaign(merchant: Merchant, key: int, *, by: Actor, at: datetime) -> None:
    """Take a draft away. Raises `NotNow` and `Campaign.DoesNotExist`."""
    with transaction.atomic():
        found = _locked(merchant, key, State.DRAFT)
        found.delete()
        audit.note(merchant, by, "discarded a campaign", [found.name], at=at)


def give_campaign(merchant: Merchant, key: int, *, at: datetime) -> int:
    """Let the turn of the next recipients of a running campaign come; returns how many, 0 where it is over.

    A batch of members costs a fixed number of statements.
    """
    running = Campaign.objects.for_merchant(merchant).filter(pk=key, state=State.RUNNING)
    campaign = running.select_related("reward", "started_by").first()
    if campaign is None:
        return 0
    campaign.merchant = merchant
    waiting = _recipients(campaign).filter(done_at=None)
    keys = list(waiting.order_by("member").values_list("member", flat=True)[:BATCH])
    if not keys:
        _end(campaign, at=at)
        return 0
    locked = members.locked_many(merchant, keys)
    # Read once more: whoever held a member until now may have given it, or have made one member of two.
    due = [(each, locked[each.member_id]) for each in waiting.filter(Among(F("member_id"), keys)).order_by("member")]
    known = [pair for pair in due if pair[1].customer.status != Customer.Status.ERASED]
    given = _give_reward(campaign, known, at=at) if campaign.reward else _add_points(campaign, known, at=at)
    for each, member in due:
        if member.customer.status == Customer.Status.ERASED:
            each.reason = Reason.ERASED
    for each, _ in known[given:]:
        each.reason = Reason.RETIRED if campaign.reward and campaign.reward.retired_at else Reason.NO_CODE
    _mark(campaign, [each for each, _ in due], given, at=at)
    return len(keys)


def join_recipients(member: Member, theirs: Member) -> None:
    """Two members, both locked, are one from now on: a campaign that was for both is for one, and gives once.

    Who was given it stays its recipient, else whose turn has not come.
    """
    rows = CampaignRecipient.objects.for_merchant(member.merchant).filter(member__in=[member, theirs])
    of_both: dict[int, list[CampaignRecipient]] = defaultdict(list)
    for each in rows.order_by("pk"):
        of_both[each.campaign_id].append(each)
    lost = [max(pair, key=_forgone) for pair in of_both.values() if len(pair) > 1]
    rows.filter(Among(F("pk"), [each.pk for each in lost])).delete()
    unserved = [each.campaign_id for each in lost if each.done_at is None]
    if unserved:
        mine = Campaign.objects.for_merchant(member.merchant).filter(pk__in=unserved)
        mine.filter(state=State.DRAFT).update(recipients=F("recipients") - 1)
        mine.exclude(state=State.DRAFT).update(passed_over=F("passed_over") + 1)
    rows.filter(member=theirs).update(member=member)


def _forgone(recipient: CampaignRecipient) -> int:
    """The higher, the sooner a recipient is given up for another: passed over, still waiting, given."""
    return 2 if recipient.reason else 1 if recipient.done_at is None else 0


def gift(campaign: Campaign) -> str:
    """What it gives, for people."""
    if campaign.reward is not None:
        return campaign.reward.name
    return f"{campaign.points:,} points" if campaign.points else "points by its file"


def _check_gift(made: Campaign, audience: Wanted | Sheet) -> None:
    lines = audience.lines if isinstance(audience, Sheet) else []
    if made.reward is not None:
        said = next((each for each in lines if each.points is not None), None)
        if said is not None:
            raise ValidationError({"file": f"Line {said.number}: it says points, and the campaign gives a reward."})
    elif made.points is None:
        silent = next((each for each in lines if each.points is None), None)
        if not lines:
            raise ValidationError({"points": "Say how many points, or choose a reward."})
        if silent is not None:
            raise ValidationError({"points": f"Say how many points: line {silent.number} of the file says none."})


def _keep_file(made: Campaign, sheet: Sheet) -> None:
    matched = audiences.matched(made.merchant, sheet)
    made.recipients, made.left_out = len(matched.points), matched.told()
    made.save()
    CampaignRecipient.objects.bulk_create(
        (
            CampaignRecipient(merchant=made.merchant, campaign=made, member_id=member, points=points)
            for member, points in matched.points.items()
        ),
        batch_size=ROWS,
    )


def _fix_recipients(campaign: Campaign, *, at: datetime) -> int:
    chosen = audiences.chosen(campaign.merchant, Wanted.read(campaign.wanted), at=at)
    values = chosen.values_list(Value(campaign.merchant.pk), Value(campaign.pk), "pk", Value(""))
    return insert_selected(CampaignRecipient, ("merchant", "campaign", "member", "reason"), values)


def _add_points(campaign: Campaign, served: Served, *, at: datetime) -> int:
    merchant, rules = campaign.merchant, programmes.in_force(campaign.merchant, at)
    drafts = [
        Draft(
            member=member,
            points=each.points or campaign.points or 0,
            source=PointSource.ONE_TIME_CAMPAIGN,
            cause=_cause(campaign, member),
            effective_at=at,
            note=campaign.note,
            actor=_starter(campaign),
            programme=rules,
        )
        for each, member in served
    ]
    posted = posting.post(merchant, drafts, at=at)
    history.announce(*(PointsAdded.by(each.entry, expires_at=each.expires_at) for each in posted), at=at)
    return len(posted)


def _give_reward(campaign: Campaign, served: Served, *, at: datetime) -> int:
    """To how many it was given: they are the first."""
    reward: Any = campaign.reward
    to = [Recipient(member, _cause(campaign, member)) for _, member in served]
    facts = rewards.hand_out(reward, to, source=IssuedReward.Source.ONE_TIME_CAMPAIGN, issued_at=at, at=at)
    history.announce(*facts, at=at)
    return len(facts)


def _mark(campaign: Campaign, done: Sequence[CampaignRecipient], given: int, *, at: datetime) -> None:
    """The campaign's own row comes last: whoever waits for it holds none of its members."""
    by_reason: dict[str, list[int]] = defaultdict(list)
    for each in done:
        by_reason[each.reason].append(each.pk)
    for reason, keys in by_reason.items():
        _recipients(campaign).filter(Among(F("pk"), keys)).update(done_at=at, reason=reason)
    mine = Campaign.objects.for_merchant(campaign.merchant).filter(pk=campaign.pk)
    mine.update(given=F("given") + given, passed_over=F("passed_over") + len(done) - given)


def _end(campaign: Campaign, *, at: datetime) -> None:
    """It is done, unless somebody has cancelled it, or has let somebody's turn come again."""
    mine = Campaign.objects.for_merchant(campaign.merchant).filter(pk=campaign.pk, state=State.RUNNING)
    locked = mine.select_for_update().first()
    if locked is not None and not _recipients(campaign).filter(done_at=None).exists():
        mine.update(state=State.DONE, ended_at=at)


def _hold_off_merges(merchant: Merchant) -> None:
    """Until the transaction ends no two customers are merged: a member who is chosen is still there when that is written down."""
    Merchant.objects.select_for_update(no_key=True).get(pk=merchant.pk)


def _locked(merchant: Merchant, key: int, *states: Campaign.State) -> Campaign:
    """The campaign, which nobody else changes meanwhile. Raises `NotNow` where it is in none of these states."""
    mine = Campaign.objects.for_merchant(merchant).select_for_update(of=("self",)).select_related("reward")
    found: Campaign = mine.get(pk=key)
    if found.state not in states:
        raise NotNow(f"The campaign is in another state by now: {found.get_state_display().lower()}.")
    found.merchant = merchant
    return found


def _recipients(campaign: Campaign) -> QuerySet[CampaignRecipient]:
    found: QuerySet[CampaignRecipient] = CampaignRecipient.objects.for_merchant(campaign.merchant_id)
    return found.filter(campaign=campaign)


def _cause(campaign: Campaign, member: Member) -> str:
    return f"campaign:{campaign.pk}:{member.pk}"


def _starter(campaign: Campaign) -> str:
    return Actor(campaign.started_by).name[:NAME_LENGTH]
