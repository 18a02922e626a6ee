"""The history: a change and the events that tell of it are committed together or not at all, and only once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as project
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from integrations import feed, history, wake
from integrations.catalog import Fact, catalog
from integrations.customers import resolve
from integrations.history import OutsideTransaction
from integrations.models import Connection, Customer, Delivery, Event, Lane, Merchant, Tick
from integrations.people import PersonInput
from tracking import facts
from tracking.dossier import Dossier
from tracking.models import Order

ALL_BUT_SUBSCRIBERS = [key for key, each in catalog.metrics.items() if each.pack.key != "subscription_lifecycle"]
AT = datetime(2026, 11, 20, 10, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def merchant_with(*metrics: str, **more: Any) -> Merchant:
    """A merchant that was launched a month ago, with these metrics on (all but those of subscribers if none is named)."""
    merchant = Merchant.objects.create(name="Alba")
    given = {
        "launch_at": AT - 30 * DAY,
        "launched_at": AT - 30 * DAY,
        "enabled_metrics": list(metrics or ALL_BUT_SUBSCRIBERS),
    }
    destination = Connection.objects.create(merchant=merchant, **{**given, **more})
    Lane.objects.create(merchant=merchant, connection=destination)
    return merchant


def loaded(merchant: Merchant) -> Merchant:
    """The merchant as workers hold it."""
    return Merchant.objects.prefetch_related("connections").get(pk=merchant.pk)


def order_of(merchant: Merchant, key: str = "1", *, customer: Customer | None = None, placed: datetime = AT) -> Dossier:
    """An order's row, put there without telling of it."""
    order = Order.objects.create(
        merchant=merchant,
        external_id=key,
        number=f"#{key}",
        customer=customer,
        placed_at=placed,
        source_updated_at=placed,
        recorded_at=placed,
    )
    return Dossier(order, [], [])


def ann(merchant: Merchant, **more: str) -> Customer:
    """A shopper."""
    return Customer.objects.create(merchant=merchant, **{"email": "ann@shopper.example", **more})


def announce(*happened: Fact, at: datetime = AT) -> list[Event]:
    """Announce in a transaction of its own."""
    with transaction.atomic():
        return history.announce(*happened, at=at)


@pytest.fixture
def merchant(db: None) -> Merchant:
    """A merchant with every metric on."""
    return merchant_with()


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded() -> None:
    dossier = order_of(merchant_with())

    with pytest.raises(OutsideTransaction):
        history.announce(facts.OrderPlaced.of(dossier, AT), at=AT)

    assert not Event.objects.exists()


def test_the_same_fact_again_is_one_event_with_one_delivery(merchant: Merchant) -> None:
    dossier = order_of(merchant, customer=ann(merchant))
    placed = facts.OrderPlaced.of(dossier, AT)

    counts = [len(announce(placed, placed, at=AT)), len(announce(placed, at=AT + HOUR))]

    assert (counts, Event.objects.count(), Delivery.objects.count()) == ([1, 0], 1, 1)
    assert Event.objects.get().recorded_at == AT


def test_the_same_identity_of_another_metric_or_merchant_is_another_event(merchant: Merchant) -> None:
    for each in (merchant, merchant_with()):
        dossier = order_of(each, customer=ann(each))
        announce(facts.OrderPlaced.of(dossier, AT), facts.OrderCancelled.of(dossier, AT))

    assert sorted(Event.objects.values_list("metric", flat=True)) == [
        "order_cancelled",
        "order_cancelled",
        "shopify_order_created",
        "shopify_order_created",
    ]


def test_what_an_event_keeps(merchant: Merchant) -> None:
    dossier = order_of(merchant, customer=ann(merchant))

    (event,) = announce(facts.OrderCancelled.of(dossier, AT - HOUR), at=AT)

    event.refresh_from_db()
    assert (event.metric_name, event.unique_id, event.subject) == ("Order cancelled", "order:1:cancelled", "order:1")
    assert (event.occurred_at, event.recorded_at, event.order_number) == (AT - HOUR, AT, "#1")
    assert event.properties == {
        "OrderNumber": "#1",
        "OrderId": "1",
        "Status": "cancelled",
        "StatusAt": "2026-11-20T09:00:00+00:00",
    }


def test_only_what_the_merchant_turned_on_is_recorded(db: None) -> None:
    dossier = order_of(merchant_with("order_cancelled"))

    announce(facts.OrderPlaced.of(dossier, AT), facts.OrderCancelled.of(dossier, AT))

    assert Event.objects.get().metric == "order_cancelled"


def test_fact_without_a_metric_is_an_error_and_not_silence(merchant: Merchant) -> None:
    class Unheard(facts.OrderFact):
        """Nobody declared a metric on this."""

    with pytest.raises(LookupError, match="Unheard"):
        announce(Unheard.of(order_of(merchant), AT))


@pytest.mark.django_db(transaction=True)
def test_rollback_leaves_neither_rows_nor_hints() -> None:
    merchant = merchant_with()
    Tick.objects.create(name=wake.DELIVER)

    def change(fails: bool) -> None:
        with transaction.atomic():
            dossier = order_of(merchant, customer=ann(merchant))
            history.announce(facts.OrderPlaced.of(dossier, AT), at=AT)
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        change(fails=True)
    after_failure = (
        Event.objects.count(),
        Delivery.objects.count(),
        OrmQ.objects.count(),
        Tick.objects.get().wanted_at,
    )
    change(fails=False)

    assert after_failure == (0, 0, 0, None)
    assert (Event.objects.count(), Delivery.objects.count(), OrmQ.objects.count()) == (1, 1, 1)


def mark() -> int:
    """On PostgreSQL one more statement says that a transaction records events (`integrations.feed`)."""
    return 1 if connection.vendor == "postgresql" else 0


@pytest.mark.parametrize("how_many", [1, 4])
def test_facts_of_one_change_cost_two_statements(merchant: Merchant, how_many: int) -> None:
    dossier = order_of(loaded(merchant), customer=ann(merchant))
    kinds = [facts.OrderProcessing, facts.OrderShipped, facts.OrderDelivered, facts.OrderCancelled]
    happened = [kind.of(dossier, AT) for kind in kinds[:how_many]]

    with transaction.atomic(), CaptureQueriesContext(connection) as statements:
        history.announce(*happened, at=AT)

    assert len(statements) == 2 + mark()
    assert Delivery.objects.count() == how_many


def test_facts_cost_the_same_where_the_merchant_came_without_its_connections(merchant: Merchant) -> None:
    dossier = order_of(Merchant.objects.get(pk=merchant.pk), customer=ann(merchant))
    kinds = [facts.OrderProcessing, facts.OrderShipped, facts.OrderDelivered, facts.OrderCancelled]

    with transaction.atomic(), CaptureQueriesContext(connection) as statements:
        history.announce(*(kind.of(dossier, AT) for kind in kinds), at=AT)

    assert len(statements) == 3 + mark()


@pytest.mark.postgres
def test_history_is_not_settled_while_its_writer_has_not_committed(merchant: Merchant) -> None:
    """Who follows it would else pass by events of lower keys that are committed later."""
    fact = facts.OrderProcessing.of(order_of(merchant, customer=ann(merchant)), AT)

    with transaction.atomic():
        [event] = history.announce(fact, at=AT)
        assert feed.settled_until() < event.pk


LAUNCH = AT
ADMISSIONS = [
    # happened, learnt, identity -> state, reason, backfill
    ("before the window", -3 * DAY - HOUR, -DAY, True, ("skipped", "before_window", False)),
    ("before the window, learnt after the launch", -3 * DAY - HOUR, HOUR, True, ("skipped", "before_window", False)),
    ("before the window, nobody's", -3 * DAY - HOUR, HOUR, False, ("skipped", "before_window", False)),
    ("the window's first instant", -3 * DAY, -DAY, True, ("held", "before_launch", True)),
    ("in the window, learnt before the launch", -DAY, -DAY, True, ("held", "before_launch", True)),
    ("in the window, nobody's", -DAY, -DAY, False, ("held", "before_launch", True)),
    ("in the window, learnt after the launch", -DAY, HOUR, True, ("pending", "", True)),
    ("in the window, learnt after the launch, nobody's", -DAY, HOUR, False, ("held", "no_identity", True)),
    ("at the launch", timedelta(0), timedelta(0), True, ("pending", "", False)),
    ("after the launch", HOUR, HOUR, True, ("pending", "", False)),
    ("after the launch, nobody's", HOUR, HOUR, False, ("held", "no_identity", False)),
    ("ahead of our clock, before the launch", HOUR, -HOUR, True, ("held", "before_launch", False)),
]


@pytest.mark.parametrize(
    ("happened", "learnt", "has_identity", "admitted"),
    [row[1:] for row in ADMISSIONS],
    ids=[row[0] for row in ADMISSIONS],
)
def test_admission(happened: timedelta, learnt: timedelta, has_identity: bool, admitted: tuple[str, str, bool]) -> None:
    destination, when = Connection(launch_at=LAUNCH, backfill_days=3), LAUNCH + happened

    assert history.admission(destination, when, when, has_identity, at=LAUNCH + learnt) == admitted


def test_order_status_is_admitted_by_the_orders_age_and_tracking_by_the_events(db: None) -> None:
    merchant = merchant_with(launch_at=AT - 2 * DAY, backfill_days=1)
    dossier = order_of(merchant, customer=ann(merchant), placed=AT - 10 * DAY)

    announce(facts.OrderPlaced.of(dossier, AT), facts.OrderShipped.of(dossier, AT))

    states = dict(Delivery.objects.values_list("event__metric", "state"))
    assert states == {"shopify_order_created": "pending", "order_shipped": "skipped"}


def test_news_of_an_order_from_the_launch_window_are_live(db: None) -> None:
    """Only what happened before the launch goes as backfill: "at launch the window is delivered as backfill, then live events
    flow"."""
    merchant = merchant_with("order_shipped", launch_at=AT - DAY, backfill_days=3)
    dossier = order_of(merchant, customer=ann(merchant), placed=AT - 2 * DAY)

    announce(facts.OrderShipped.of(dossier, AT))

    delivery = Delivery.objects.get()
    assert (delivery.state, delivery.is_backfill) == ("pending", False)


def test_events_without_a_shopper_go_when_one_is_known(merchant: Merchant) -> None:
    for key in "12":
        announce(facts.OrderPlaced.of(order_of(merchant, key), AT))
    customer = ann(merchant, email="", phone="+4915112345678")

    with transaction.atomic():
        let_go = history.identify(merchant, "order:1", customer, at=AT + HOUR)
        again = history.identify(merchant, "order:1", customer, at=AT + HOUR)

    one, other = Delivery.objects.order_by("id")
    assert (let_go, again) == (1, 0)
    assert (one.state, one.reason, one.identifier, one.not_before) == ("pending", "", "+4915112345678", AT + HOUR)
    assert (one.told.customer, other.told.customer, other.state) == (customer, None, "held")


def test_identity_counts_within_the_freshness_limit_of_the_connection(db: None) -> None:
    merchant = merchant_with("shopify_order_created", "order_cancelled", freshness_hours=5)
    dossier = order_of(merchant)
    announce(facts.OrderPlaced.of(dossier, AT - 6 * HOUR), facts.OrderCancelled.of(dossier, AT - 5 * HOUR))

    let_go = history.identify(merchant, "order:1", ann(merchant), at=AT)

    assert let_go == 1
    assert set(Delivery.objects.values_list("event__metric", "state", "reason")) == {
        ("shopify_order_created", "skipped", "no_identity"),
        ("order_cancelled", "pending", ""),
    }


def test_another_merchants_events_of_the_same_subject_stay_as_they_are(merchant: Merchant) -> None:
    other = merchant_with()
    for each in (merchant, other):
        announce(facts.OrderPlaced.of(order_of(each), AT))

    history.identify(merchant, "order:1", ann(merchant), at=AT)

    assert Event.objects.get(merchant=other).customer is None
    assert Delivery.objects.get(merchant=other).state == "held"


def _writes(path: Path, model: str) -> Iterator[tuple[str, str]]:
    """(function, method) of every write on a queryset that begins with that model's `objects`."""
    tree = ast.parse(path.read_text())
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef):
            for call in ast.walk(function):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                    begins_with_it = ast.unparse(call.func).startswith((f"{model}.objects", f"models.{model}.objects"))
                    if begins_with_it and call.func.attr in WRITES:
                        yield f"{path.relative_to(project.BASE_DIR)}:{function.name}", call.func.attr


WRITES = {
    *("update", "delete", "create", "bulk_create", "bulk_update", "get_or_create", "update_or_create"),
    *("_raw_delete", "aupdate", "adelete"),
}


@pytest.mark.parametrize(
    ("model", "written"),
    [
        ("Event", [("integrations/history.py:identify", "update")]),
        ("LedgerEntry", [("loyalty/privacy.py:_empty", "update"), ("loyalty/services/posting.py:post", "bulk_create")]),
        ("Allocation", [("loyalty/services/posting.py:_allocate", "bulk_create")]),
    ],
)
def test_what_was_recorded_is_changed_by_no_code_but_for_an_identity_that_arrives_late(
    model: str, written: list[tuple[str, str]]
) -> None:
    root = Path(project.BASE_DIR)
    code = [
        path
        for app in ("integrations", "lifecycle", "loyalty", "returns", "tracking")
        for path in (root / app).rglob("*.py")
        if "migrations" not in path.parts and "sandbox" not in path.parts
    ]

    assert len(code) > 50
    assert [write for path in code for write in _writes(path, model)] == written


def test_an_event_knows_who_the_shopper_is(merchant: Merchant) -> None:
    with transaction.atomic():
        customer = resolve(merchant, PersonInput(email="Ann@Shopper.example", phone="+4915112345678"), at=AT)
    announce(facts.OrderPlaced.of(order_of(merchant, customer=customer), AT))

    assert Delivery.objects.get().identifier == "ann@shopper.example"
