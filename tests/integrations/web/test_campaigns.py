"""Campaigns as merchants see them: drafted by a file or a filter, previewed, started, watched, cancelled, resumed."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from integrations.models import AuditEntry, Customer, Merchant
from loyalty import services
from loyalty.models import Campaign, LedgerEntry
from loyalty.services import campaigns as rules
from loyalty.services import programmes
from tests.loyalty.campaigning import draft, join, run, start
from tests.loyalty.rewarding import pooled
from tests.tracking.telling import AT, DAY

from .conftest import SignIn


@pytest.fixture
def running(merchant: Merchant) -> Merchant:
    """With a programme, and three members."""
    programmes.change(merchant, by=None, at=AT - 365 * DAY)
    for name in ("ann", "bob", "cid"):
        join(merchant, name, first_name=name.capitalize())
    return merchant


def said(client: Client, merchant: Merchant, content: str = "", **values: Any) -> str:
    """The page that follows when somebody sends the form."""
    file = {"file": SimpleUploadedFile("people.csv", content.encode())} if content else {}
    path = f"/m/{merchant.public_id}/loyalty/campaigns/new/"
    page = client.post(path, {"name": "Summer", **values, **file}, follow=True)
    return " ".join(page.content.decode().split())


def act(client: Client, merchant: Merchant, action: str, campaign: Campaign | None = None) -> str:
    row = campaign or Campaign.objects.get()
    path = f"/m/{merchant.public_id}/loyalty/campaigns/{row.pk}/{action}/"
    return " ".join(client.post(path, follow=True).content.decode().split())


def page_of(client: Client, merchant: Merchant, query: str = "", **headers: str) -> Any:
    path = f"/m/{merchant.public_id}/loyalty/campaigns/{Campaign.objects.latest('pk').pk}/{query}"
    return client.get(path, headers=headers)


def test_a_filter_is_previewed_and_then_given_once(running: Merchant, sign_in: SignIn) -> None:
    client = sign_in("editor")
    page = said(client, running, points="25", note="Thank you", balance_most="0", joined_before="2030-01-01")
    for text in (
        "3 members",
        "75 points",
        "Nothing is given yet",
        ">Ann</a>",
        "at most 0 points; ",
        "member before 2030",
    ):
        assert text in page.replace(
            "member before 2030-01-01; at most 0 points", "at most 0 points; member before 2030"
        )
    assert not LedgerEntry.objects.exists()

    assert "It has begun." in act(client, running, "start")
    assert "The campaign is in another state by now: running." in act(client, running, "start")
    run()
    page = page_of(client, running).content.decode()
    assert "3 of 3 given" in page
    entry = LedgerEntry.objects.latest("pk")
    assert (LedgerEntry.objects.count(), entry.note, entry.actor) == (3, "Thank you", "editor@alba.example")
    assert list(AuditEntry.objects.order_by("pk").values_list("what", "actor")) == [
        ("drafted a campaign", "editor@alba.example"),
        ("started a campaign", "editor@alba.example"),
    ]


def test_a_file_shows_whom_it_leads_to(running: Merchant, sign_in: SignIn) -> None:
    page = said(
        sign_in("editor"), running, "email,points\nann@shopper.example,5\neve@shopper.example,5\nfay@shopper.example,5"
    )

    for text in ("1 member<", "5 points<", ">Ann</a>", "2 lines</span>: nobody is known by that", "Lines 3, 4<"):
        assert text in page
    assert Customer.objects.count() == 3


@pytest.mark.parametrize(
    ("content", "values", "complaint"),
    [
        ("", {}, "Say how many points, or choose a reward."),
        ("", {"points": "0"}, "greater than or equal to 1"),
        ("", {"points": "5", "name": ""}, "This field is required"),
        ("email\nann\n,", {"points": "5"}, "Line 2: &#x27;ann&#x27; is no e-mail address."),
        ("email\nann@shopper.example", {}, "line 2 of the file says none"),
        ("email\nann@shopper.example", {"points": "5", "birth_month": "3"}, "with a file leave the filter empty"),
        ("name\nAnn", {"points": "5"}, "it must name one column email, phone or customer_id"),
        ("", {"reward": "999"}, "Select a valid choice"),
        ("", {"points": "5", "tiers": "999"}, "Select a valid choice"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_drafted(
    running: Merchant, sign_in: SignIn, content: str, values: dict[str, str], complaint: str
) -> None:
    assert complaint in said(sign_in("editor"), running, content, **values)
    assert not Campaign.objects.exists()


def test_too_few_codes_are_warned_of_and_who_got_none_is_shown(running: Merchant, sign_in: SignIn) -> None:
    reward, client = pooled(running, "A", "B"), sign_in("editor")
    page = said(client, running, reward=str(reward.pk))
    assert "2 codes left in its list" in page
    assert "There are too few codes: 1 member would get nothing." in page

    act(client, running, "start")
    run()
    page = " ".join(page_of(client, running, "?show=passed").content.decode().split())
    assert "2 of 3 given" in page
    assert "1 passed over</span>: no code was left." in page
    assert (">Cid</a>" in page, ">Bob</a>" in page) == (True, False)
    services.add_codes(reward, ["C"], by=None, at=AT)
    assert "It goes on." in act(client, running, "resume")
    run()
    assert "3 of 3 given" in page_of(client, running).content.decode()


def test_one_that_runs_is_cancelled_and_resumed(
    running: Merchant, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "BATCH", 2)
    client, campaign = sign_in("editor"), start(running, draft(running))
    services.give_campaign(running, campaign.pk, at=AT)
    fragment = page_of(client, running, **{"HX-Request": "true"}).content.decode().strip()
    assert fragment.startswith('<section class="card" id="progress" hx-get=')
    assert '<progress max="3" value="2"' in fragment

    assert "It is cancelled. What was given stays given." in act(client, running, "cancel")
    page = page_of(client, running).content.decode()
    assert ("1 is left." in page, "Resume" in page, "their turn has not come" in page) == (True, True, True)
    assert "It goes on." in act(client, running, "resume")
    run()
    assert "3 of 3 given" in page_of(client, running).content.decode()


def test_a_draft_is_discarded(running: Merchant, sign_in: SignIn) -> None:
    draft(running)
    assert "The draft is discarded." in act(sign_in("editor"), running, "discard")
    assert not Campaign.objects.exists()


def test_a_viewer_looks_and_does_nothing_and_another_merchants_campaign_does_not_exist(
    running: Merchant, sign_in: SignIn
) -> None:
    other = Merchant.objects.create(name="Birch")
    theirs, mine = draft(other), draft(running)
    viewer, editor = sign_in("viewer"), sign_in("editor")

    page = page_of(viewer, running).content.decode()
    assert ("3 members" in page, "Start" in page) == (True, False)
    path = f"/m/{running.public_id}/loyalty/campaigns/"
    assert viewer.get(f"{path}new/").status_code == 403
    assert viewer.post(f"{path}{mine.pk}/start/").status_code == 403
    assert [editor.get(f"{path}{theirs.pk}/").status_code, editor.post(f"{path}{theirs.pk}/start/").status_code] == [
        404,
        404,
    ]
    assert set(Campaign.objects.values_list("state", flat=True)) == {"draft"}


def test_lists_are_read_page_by_page_with_a_fixed_number_of_statements(running: Merchant, sign_in: SignIn) -> None:
    for number in range(52):
        join(running, f"m{number}")
    for _ in range(54):
        draft(running)
    start(running, draft(running))
    run()
    client = sign_in("viewer")
    for path, shown, total, most in (
        (f"/m/{running.public_id}/loyalty/campaigns/", "campaigns", 55, 6),
        (f"/m/{running.public_id}/loyalty/campaigns/{Campaign.objects.latest('pk').pk}/", "recipients", 55, 7),
    ):
        with CaptureQueriesContext(connection) as queries:
            first = client.get(path)
        second = client.get(f"{path}?{first.context['older']}")
        keys = [each.pk for page in (first, second) for each in page.context[shown]]
        assert (len(keys), len(set(keys)), second.context["older"]) == (total, total, "")
        assert len(queries) <= most
