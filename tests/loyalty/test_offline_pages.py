"""The page on which a shopper uses a code, and the merchant's pages on which codes are made, printed and withdrawn."""

from __future__ import annotations

import csv
import html
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.cache import caches
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from time_machine import travel

from integrations.models import AuditEntry, Customer, Membership, Merchant
from loyalty import services
from loyalty.models import LedgerEntry, OfflineBatch
from loyalty.services import offline_codes, programmes
from loyalty.services.offline_codes import Named
from loyalty.web import offline, shoppers
from loyalty.web.shopper_words import ENGLISH, GERMAN
from tests.loyalty.telling import MAY, merchant_with_programme
from tests.tracking.page.test_words import blanks
from tests.tracking.telling import AT, DAY
from tracking.models import PostCount, TrackingPage
from tracking.page import visitors

MIDNIGHT = datetime(2027, 1, 31, 23, tzinfo=UTC)
"""The end of January in Berlin."""

ANN = {"contact": "ann@shopper.example"}


@pytest.fixture(autouse=True)
def _nobody_asked() -> Iterator[None]:
    """Requests are counted in memory, over tests too."""
    caches["visitors"].clear()
    yield
    caches["visitors"].clear()


@pytest.fixture(autouse=True)
def _present() -> Iterator[None]:
    """Today is the day of the tests, and an hour lasts as long as they do."""
    with travel(AT, tick=False):
        yield


@pytest.fixture
def merchant(db: Any) -> Merchant:
    return merchant_with_programme()


def batch_of(merchant: Merchant, **more: Any) -> OfflineBatch:
    """Three codes of 50 points each, until the end of January."""
    values: dict[str, Any] = {"name": "Tea tins", "points": 50, "size": 3, "last_day": date(2027, 1, 31)}
    return services.make_offline_batch(merchant, by=MAY, at=AT, **(values | more))


@pytest.fixture
def batch(merchant: Merchant) -> OfflineBatch:
    return batch_of(merchant)


def path(batch: OfflineBatch, number: int = 1) -> str:
    """The page of a code."""
    return f"/p/{offline_codes.write(Named(batch.pk, number))}/"


def text_of(answer: Any) -> str:
    """What a page says."""
    body = re.sub("<(style|script)>.*?</(style|script)>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub("<[^>]*>", " ", body).split())


def heading(answer: Any) -> str:
    """What it says first."""
    found = re.search("<h1>(.*?)</h1>", answer.content.decode())
    assert found
    return found[1]


# The shopper's


def test_both_languages_have_the_same_blanks() -> None:
    told = [{name: text for name, text in asdict(words).items() if name != "shared"} for words in (ENGLISH, GERMAN)]

    assert blanks(told[0]) == blanks(told[1])
    assert [words.points(count) for words in (ENGLISH, GERMAN) for count in (1, 1250)] == [
        "1 point",
        "1,250 points",
        "1 Punkt",
        "1.250 Punkte",
    ]


def test_from_the_code_to_the_points(batch: OfflineBatch, client: Client) -> None:
    asked = client.get(path(batch))
    assert (asked.status_code, heading(asked)) == (200, "50 points for you")
    assert "The code can be used until Sun, 31 Jan 2027." in text_of(asked)

    posted = client.post(path(batch), ANN)
    assert (posted.status_code, posted.headers["Location"]) == (303, f"{path(batch)}?lang=en&done=1")
    done = client.get(posted.headers["Location"])
    assert (done.status_code, heading(done)) == (200, "You have got 50 points")
    assert "ann@shopper.example" not in done.content.decode()
    assert LedgerEntry.objects.get().points == 50
    assert client.cookies == {}
    languages = re.findall(r'href="(\?lang=[^"]+)"', done.content.decode())
    said = [heading(client.get(path(batch) + html.unescape(each))) for each in languages]
    assert said == ["You have got 50 points", "Du hast 50 Punkte bekommen"], languages


def test_the_page_is_the_merchants_in_words_and_look_and_nobody_keeps_or_finds_it(
    merchant: Merchant, batch: OfflineBatch, client: Client
) -> None:
    TrackingPage.objects.create(
        merchant=merchant, language="de", accent="#123456", logo_url="https://shop.example/logo.png", footer="Alba GmbH"
    )
    answer = client.get(path(batch))

    assert (heading(answer), answer.headers["Content-Language"]) == ("50 Punkte für dich", "de")
    page = answer.content.decode()
    assert all(each in page for each in ("--accent:#123456", "https://shop.example/logo.png", "Alba GmbH"))
    assert heading(client.get(path(batch), headers={"Accept-Language": "en-GB"})) == "50 points for you"
    assert {answer.headers[name] for name in ("Cache-Control", "X-Robots-Tag", "Referrer-Policy")} == {
        "no-store",
        "noindex, nofollow",
        "no-referrer",
    }
    policy = answer.headers["Content-Security-Policy"]
    assert ("default-src 'none'" in policy, "form-action 'self'" in policy, "unsafe" in policy) == (True, True, False)


def test_a_code_that_was_used_gives_nothing_more_to_anybody(batch: OfflineBatch, client: Client) -> None:
    client.post(path(batch), ANN)
    again = [
        client.get(path(batch)),
        client.post(path(batch), ANN),
        client.post(path(batch), {"contact": "b@b.example"}),
    ]

    assert [(each.status_code, heading(each)) for each in again] == [(410, "This code was used already")] * 3
    assert len({each.content for each in again}) == 1, "whose it is is not told"
    assert (LedgerEntry.objects.count(), Customer.objects.count()) == (1, 1)


def test_an_address_that_is_known_is_answered_as_one_that_is_not(
    merchant: Merchant, batch: OfflineBatch, client: Client
) -> None:
    Customer.objects.create(merchant=merchant, email="ann@shopper.example", first_name="Ann")
    said = []
    for number, contact in ((1, "ann@shopper.example"), (2, "zoe@shopper.example")):
        posted = client.post(path(batch, number), {"contact": contact})
        said.append(
            (
                posted.status_code,
                client.get(posted.headers["Location"]).content.replace(path(batch, number).encode(), b""),
            )
        )

    assert said[0] == said[1]


def test_withdrawn_and_over_are_said_plainly(batch: OfflineBatch, client: Client) -> None:
    with travel(MIDNIGHT, tick=False):
        over = [client.get(path(batch)), client.post(path(batch), ANN)]
    services.withdraw_offline_batch(batch, by=MAY, at=AT)
    withdrawn = [client.get(path(batch)), client.post(path(batch), ANN)]

    assert {(each.status_code, heading(each)) for each in over + withdrawn} == {
        (410, "This code is not valid any more")
    }
    assert all("It could be used until Sun, 31 Jan 2027." in text_of(each) for each in over)
    assert all(f"{batch.merchant.name} has withdrawn it." in text_of(each) for each in withdrawn)
    assert not LedgerEntry.objects.exists()


def test_a_code_that_was_made_up_is_refused_without_asking_the_database(client: Client) -> None:
    """The test has no database."""
    for code in ("A" * 20, "x", "ABCD-EFGH-JKMN-PQRS-TVWX", "é" * 500):
        for answer in (client.get(f"/p/{code}/"), client.post(f"/p/{code}/", ANN)):
            assert (answer.status_code, heading(answer)) == (404, "There is no such code")


def test_a_code_that_no_batch_has_is_none(batch: OfflineBatch, client: Client) -> None:
    for number in (0, 4):
        assert client.get(path(batch, number)).status_code == 404
    assert client.get(f"/p/{offline_codes.write(Named(batch.pk + 1, 1))}/").status_code == 404


def test_a_code_is_typed_as_it_is_printed(batch: OfflineBatch, client: Client) -> None:
    code = offline_codes.write(Named(batch.pk, 2))
    assert heading(client.get("/p/")) == "Type your code"
    found = client.get("/p/", {"code": offline_codes.spelled(code).lower(), "lang": "de"})
    assert found.headers["Location"] == f"/p/{code}/?lang=de"

    wrong = client.get("/p/", {"code": "<b>2222"})
    assert (wrong.status_code, heading(wrong)) == (404, "There is no such code")
    assert 'value="&lt;b&gt;2222"' in wrong.content.decode()


def test_what_is_mistyped_is_shown_again_with_what_is_wrong(batch: OfflineBatch, client: Client) -> None:
    answer = client.post(path(batch), {"contact": 'ann@"><b>'})

    assert answer.status_code == 422
    assert "Please look at the e-mail address once more." in text_of(answer)
    assert 'value="ann@&quot;&gt;&lt;b&gt;"' in answer.content.decode()


def test_a_form_that_another_site_sends_is_refused(batch: OfflineBatch, client: Client) -> None:
    answer = client.post(path(batch), ANN, headers={"Sec-Fetch-Site": "cross-site"})

    assert (answer.status_code, LedgerEntry.objects.count(), PostCount.objects.count()) == (404, 0, 0)


def test_whoever_tries_too_often_waits(batch: OfflineBatch, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = [
        client.post(path(batch), {"contact": f"ann{number}@"}).status_code
        for number in range(shoppers.USES.of_token + 1)
    ]
    assert tried == [422] * shoppers.USES.of_token + [429]

    monkeypatch.setattr(visitors, "MOST_OF_ADDRESS", len(tried) + 1)
    asked = [client.get(f"/p/guess{number}/") for number in range(2)]
    assert [each.status_code for each in asked] == [404, 429]
    assert asked[1].headers["Retry-After"] == str(visitors.WINDOW)


def test_a_page_costs_three_queries(batch: OfflineBatch, client: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        client.get(path(batch))

    assert len(queries) == 3


# The merchant's


@pytest.fixture
def sign_in(merchant: Merchant) -> Callable[[str], Client]:
    """The client of somebody with that role."""

    def sign_in(role: str) -> Client:
        user = User.objects.create_user(f"{role}@alba.example", f"{role}@alba.example")
        Membership.objects.create(merchant=merchant, user=user, role=role)
        client = Client()
        client.force_login(user)
        return client

    return sign_in


def pages(merchant: Merchant, rest: str = "") -> str:
    return f"/m/{merchant.public_id}/loyalty/codes/{rest}"


FORM = {"name": "Tea tins", "points": "50", "size": "300", "last_day": "2027-01-31", "note": "Spring fair"}


def test_an_editor_makes_prints_and_withdraws_codes(merchant: Merchant, sign_in: Any) -> None:
    editor = sign_in("editor")
    made = editor.post(pages(merchant), FORM)
    batch = OfflineBatch.objects.get()
    assert made.headers["Location"] == pages(merchant, f"{batch.pk}/")
    assert (batch.size, batch.ends_at, batch.note) == (300, MIDNIGHT, "Spring fair")
    assert batch.created_by == User.objects.get()

    sheet = [editor.get(pages(merchant, f"{batch.pk}/sheet/?from={start}")).content.decode() for start in (1, 241)]
    assert [each.count("<svg") for each in sheet] == [240, 60]
    typed = re.findall('class="typed">([^<]+)<', "".join(sheet))
    assert [offline_codes.read(each) for each in typed] == [Named(batch.pk, number) for number in range(1, 301)]
    assert ("50 points" in sheet[0], "Until Sun, 31 Jan 2027" in sheet[0], "<style" in sheet[0]) == (True, True, False)

    told = b"".join(editor.get(pages(merchant, f"{batch.pk}/addresses.csv")).streaming_content).decode()
    rows = list(csv.DictReader(told.splitlines()))
    assert (len(rows), rows[6]["code"], rows[6]["address"]) == (
        300,
        typed[6],
        offline_codes.address(typed[6].replace("-", "")),
    )

    editor.post(pages(merchant, f"{batch.pk}/withdraw/"))
    page = editor.get(pages(merchant, f"{batch.pk}/")).content.decode()
    assert ("Withdrawn" in page, "Withdraw the codes" in page) == (True, False)
    gone = [editor.get(pages(merchant, f"{batch.pk}/{each}")).status_code for each in ("sheet/", "addresses.csv")]
    assert gone == [404, 404]
    assert AuditEntry.objects.filter(actor="editor@alba.example").count() == 2


def test_what_cannot_be_is_said_at_the_field(merchant: Merchant, sign_in: Any) -> None:
    editor = sign_in("editor")
    page = editor.post(
        pages(merchant), FORM | {"points": "0", "size": "10001", "last_day": "2020-01-01"}
    ).content.decode()
    assert ("greater than or equal to 1" in page, "less than or equal to 10000" in page) == (True, True)

    late = editor.post(pages(merchant), FORM | {"last_day": "2020-01-01"}).content.decode()
    assert "It must not be in the past" in late
    assert not OfflineBatch.objects.exists()


def test_a_viewer_looks_and_gets_no_code(merchant: Merchant, batch: OfflineBatch, sign_in: Any) -> None:
    viewer = sign_in("viewer")
    seen = "".join(viewer.get(pages(merchant, rest)).content.decode() for rest in ("", f"{batch.pk}/"))
    assert ("Tea tins" in seen, "Make codes" in seen, "Print" in seen, "Withdraw" in seen) == (
        True,
        False,
        False,
        False,
    )

    viewer.post(pages(merchant), FORM)
    refused = [viewer.get(pages(merchant, f"{batch.pk}/{each}")) for each in ("sheet/", "addresses.csv")]
    refused.append(viewer.post(pages(merchant, f"{batch.pk}/withdraw/")))
    assert [each.status_code for each in refused] == [403, 403, 403]
    assert OfflineBatch.objects.get().withdrawn_at is None


def test_another_merchants_codes_do_not_exist(merchant: Merchant, sign_in: Any) -> None:
    other = Merchant.objects.create(name="Birch")
    programmes.change(other, by=None, at=AT - DAY)
    theirs, owner = batch_of(other), sign_in("owner")

    answers = [owner.get(pages(merchant, f"{theirs.pk}/{rest}")) for rest in ("", "sheet/", "addresses.csv")]
    answers.append(owner.post(pages(merchant, f"{theirs.pk}/withdraw/")))
    assert [each.status_code for each in answers] == [404] * 4
    assert "Tea tins" not in owner.get(pages(merchant)).content.decode()


def test_lists_are_paged_and_cost_the_same_however_long_they_are(merchant: Merchant, sign_in: Any) -> None:
    batch, viewer = batch_of(merchant, size=60), sign_in("viewer")
    for number in range(1, 53):
        found = services.find_offline_code(Named(batch.pk, number))
        assert found
        services.use_offline_code(found, contact=f"shopper{number}@shopper.example", at=AT + number * DAY / 24)
    batches = [batch_of(merchant, name=f"Batch {number}") for number in range(3)]
    with CaptureQueriesContext(connection) as queries:
        first = viewer.get(pages(merchant, f"{batch.pk}/"))
    spent = len(queries)
    second = viewer.get(pages(merchant, f"{batch.pk}/?{first.context['older']}"))

    numbers = [each.number for page in (first, second) for each in page.context["uses"]]
    assert (numbers, spent) == (list(range(52, 0, -1)), 5)
    with CaptureQueriesContext(connection) as queries:
        listed = viewer.get(pages(merchant)).context["batches"]
    assert ([each.pk for each, _ in listed], len(queries)) == ([each.pk for each in [*batches[::-1], batch]], 5)
    assert listed[-1][0].used == 52


def test_the_sheet_is_in_the_shoppers_language(
    merchant: Merchant, batch: OfflineBatch, sign_in: Any, settings: Any
) -> None:
    settings.PUBLIC_BASE_URL = "https://tidings.example"
    TrackingPage.objects.create(merchant=merchant, language="de")
    sheet = text_of(sign_in("editor").get(pages(merchant, f"{batch.pk}/sheet/")))

    assert sheet.count("50 Punkte") == 3
    assert "tippe den Code ein auf tidings.example/p:" in sheet
    assert offline.ON_A_SHEET % offline.ON_A_PAGE == 0
