"""Messages: shown as they came, and handled again."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from integrations.admin import show
from integrations.models import InboundMessage, Merchant

from . import rows

LIST = "/admin/integrations/inboundmessage/"
REPLAY = "/admin/integrations/inboundmessage/replay/"


def states() -> list[str]:
    return list(InboundMessage.objects.order_by("pk").values_list("state", flat=True))


def test_page_shows_body_note_and_traceback(csm: Client, merchant: Merchant) -> None:
    message = rows.message(merchant)
    page = csm.get(reverse("admin:integrations_inboundmessage_change", args=[message.pk])).content.decode()

    for text in ("  &quot;id&quot;: 42,", "KeyError", "Traceback: line 7"):
        assert text in page


def test_list_loads_no_bodies(csm: Client, merchant: Merchant) -> None:
    rows.message(merchant)
    with CaptureQueriesContext(connection) as captured:
        csm.get(LIST)

    assert not [query for query in captured.captured_queries if '"body"' in query["sql"] or '"error"' in query["sql"]]


@pytest.mark.parametrize("term", ["#1001", "1001", "ada@example.com"])
def test_messages_are_found_by_order_and_shopper(csm: Client, merchant: Merchant, term: str) -> None:
    rows.event(merchant)
    mine = rows.message(merchant)
    rows.message(merchant, "k2", reference="#1002")
    rows.message(rows.merchant("Other"), "k3", reference="#1003")
    answer = csm.get(LIST, {"q": term})

    assert [each.pk for each in answer.context["cl"].result_list] == [mine.pk]


def test_chosen_ones_are_handled_again(csm: Client, merchant: Merchant) -> None:
    failed, handled = rows.message(merchant, "a", "failed"), rows.message(merchant, "b", "handled")
    rows.message(merchant, "c", "failed")
    csm.post(LIST, {"action": "replay", "_selected_action": [failed.pk, handled.pk]})

    assert states() == ["received", "handled", "failed"]


def test_all_failed_ones_are_handled_again(csm: Client, merchant: Merchant) -> None:
    rows.message(merchant, "a", "failed")
    rows.message(merchant, "b", "handled")
    rows.message(rows.merchant("Other"), "c", "failed")
    csm.post(REPLAY)

    assert states() == ["received", "handled", "received"]


def test_all_failed_ones_of_one_merchant_only(csm: Client, merchant: Merchant) -> None:
    rows.message(merchant, "a", "failed")
    rows.message(rows.merchant("Other"), "b", "failed")
    csm.post(REPLAY, {"merchant": str(merchant.pk)})

    assert states() == ["received", "failed"]


def test_replay_is_never_done_by_following_a_link(csm: Client, merchant: Merchant) -> None:
    rows.message(merchant)

    assert (csm.get(REPLAY).status_code, states()) == (405, ["failed"])


def test_body_that_is_no_json_is_shown_as_it_is() -> None:
    assert show.raw_block(b"\xff<b>") == '<pre class="td-code" tabindex="0">\ufffd&lt;b&gt;</pre>'


def test_long_text_is_cut() -> None:
    assert "and 5 more characters" in show.block("x" * (show.LONGEST + 5))
