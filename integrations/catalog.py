"""The metric catalogue: what a Fact, a Metric and a Pack are, and the registry that domain apps fill in their `metrics.py`.

Pure Python: no models. A metric is declared once; history, delivery, the admin and `docs/events.md` all read the declaration.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from integrations.models import Connection, Customer, Merchant

UNIQUE_ID_LENGTH = 128
METRIC_NAME_LENGTH = 127
"""Klaviyo: a metric's name has fewer than 128 characters."""

CUSTOM_START = "custom_"
"""How the keys of custom metrics begin, and no others: no metric of the catalogue can ever take the key of one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """Something that happened in the domain. Domain apps subclass it; it is announced and never stored.

    `subject` names the thing that it happened to ("order:820982911946154508"): its events are one story, and wait together
    for an identity where there is none. `subject_at` is when that thing began (an order's placing), for launch windows.
    `followers` are others who asked to hear of it, and since when. `is_history`: it is of a past that the merchant asked to have
    recorded, whatever the launch window; it starts no flow.
    """

    merchant: Merchant
    customer: Customer | None
    subject: str
    subject_at: datetime
    order_number: str = ""
    tracking_number: str = ""
    followers: Sequence[tuple[Customer, datetime]] = ()
    is_history: bool = False


FactT = TypeVar("FactT", bound=Fact)


@dataclass(frozen=True, slots=True)
class Property(Generic[FactT]):
    """One property of an event: its name in Klaviyo, its JSON type, a line of documentation, and where it comes from.

    A value that is None, "" or an empty list is left out of the event: what is not known is not sent. `example` is a value
    as it might be sent; `choices` are all that there are, where they are few; `is_always_sent`: no event is without it.
    """

    name: str
    type: str
    doc: str
    read: Callable[[FactT], Any]
    example: Any = field(kw_only=True)
    choices: Sequence[str] = field(default=(), kw_only=True)
    is_always_sent: bool = field(default=False, kw_only=True)


@dataclass(frozen=True, slots=True)
class ProfileProperty:
    """A custom property of the shopper's profile, read from the customer's current state when an event is sent.

    A name with a place in it, such as "tier_name_{locale}", stands for one property for each word that may stand there: its value
    is read as a mapping of word -> value. `prefix` is how the name of one about loyalty begins, unless the merchant chose another
    word (`Merchant.loyalty_prefix`).
    """

    name: str
    type: str
    doc: str
    prefix: str = ""

    def name_for(self, merchant: Merchant) -> str:
        """The property's name in that merchant's Klaviyo account."""
        return merchant.loyalty_prefix + self.name.removeprefix(self.prefix) if self.prefix else self.name


@dataclass(frozen=True, slots=True)
class Pack:
    """A family of metrics that a merchant turns on together."""

    key: str
    label: str
    doc: str


CUSTOM = Pack(
    "custom", "Custom", "Metrics that the merchant declared itself. Its own systems report their events by the API."
)


@dataclass(frozen=True, slots=True)
class Draft:
    """An event about to be recorded: what a metric made of a fact."""

    unique_id: str
    occurred_at: datetime
    properties: dict[str, Any]
    value: Decimal | None = None
    value_currency: str = ""
    fresh_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric(Generic[FactT]):
    """A declared kind of event.

    `name` may contain `{prefix}`, the merchant's metric prefix. `unique_id` and `occurred_at` must be pure functions of
    stored domain data: the same fact seen twice gives the same event. `applies` says for which facts there is an event.
    `fresh_until` is the last instant at which an event may start a flow, where it grows old sooner than the
    connection's freshness limit says; later it is recorded as backfill. `launch_from_subject` judges the launch window
    by the subject's age, not the event's. `value` is an amount in major units with its ISO 4217 currency.
    `recheck` is the last look before sending: it names events that are not true any more, which are then not sent.
    `told_elsewhere` looks then, too: it names events of which a copy under another metric is told instead.
    `names_customer`: where the shopper has no full name, the company or the e-mail address stands in for it. `same_as`
    are keys of metrics that tell the shopper the same thing. `is_optional`: it is not turned on with its pack, only by itself.
    `told_apart_by` are the properties by which people tell its events of one order apart. `tells_followers`: whoever asked to
    hear of the thing gets an event, too, with an identity of its own: that of the shopper's, ":for:" and the customer's key.
    `follows` is the key of the metric whose event of the same `unique_id` a destination must have accepted before this one is
    sent there; without it this one never is.

    A sample of it (`integrations.samples`) has its properties' examples; `examples` are those that are others in this metric,
    None for one that is left out. `value_example` is an amount in the merchant's currency.
    """

    number: int
    key: str
    name: str
    pack: Pack
    fact: type[FactT]
    doc: str
    unique_id: Callable[[FactT], str]
    unique_id_example: str
    identity: str
    occurred_at: Callable[[FactT], datetime]
    properties: Sequence[Property[FactT]]
    profile: Sequence[ProfileProperty] = ()
    value: Callable[[FactT], tuple[Decimal, str] | None] = lambda fact: None
    applies: Callable[[FactT], bool] = lambda fact: True
    fresh_until: Callable[[FactT], datetime | None] = lambda fact: None
    recheck: Recheck | None = None
    told_elsewhere: Recheck | None = None
    launch_from_subject: bool = False
    names_customer: bool = False
    same_as: Sequence[str] = ()
    is_optional: bool = False
    examples: Mapping[str, Any] = field(default_factory=dict)
    value_example: Decimal | None = None
    told_apart_by: tuple[str, ...] = ()
    tells_followers: bool = False
    follows: str = ""
    profile_names: frozenset[str] = field(init=False, repr=False)
    _is_plain: bool = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "profile_names", frozenset(each.name for each in self.profile))
        object.__setattr__(self, "_is_plain", not any(each.prefix or "{" in each.name for each in self.profile))

    def name_for(self, merchant: Merchant) -> str:
        """The metric's name in that merchant's Klaviyo account."""
        return self.name.format(prefix=merchant.metric_prefix)[:METRIC_NAME_LENGTH]

    def spelled_out(self, properties: dict[str, Any], merchant: Merchant) -> dict[str, Any]:
        """Profile properties as they are sent: by the merchant's names, with one for each word where one stands for many."""
        if self._is_plain:
            return properties
        sent: dict[str, Any] = {}
        for declared in self.profile:
            if declared.name in properties:
                name, value = declared.name_for(merchant), properties[declared.name]
                start, opening, rest = name.partition("{")
                words = (
                    {f"{start}{word}{rest.partition('}')[2]}": each for word, each in value.items()} if opening else {}
                )
                sent |= words if opening else {name: value}
        return sent

    def draft(self, fact: FactT) -> Draft:
        """Build the event of a fact."""
        read = ((each.name, each.read(fact)) for each in self.properties)
        value, currency = self.value(fact) or (None, "")
        return Draft(
            unique_id=bounded_identity(self.unique_id(fact)),
            occurred_at=self.occurred_at(fact).replace(microsecond=0),
            properties={name: known for name, known in read if is_known(known)},
            value=value,
            value_currency=currency,
            fresh_until=self.fresh_until(fact),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported(Fact):
    """A merchant's own system reports an event of a custom metric. `value` is as a metric's."""

    metric: Metric[Reported]
    unique_id: str
    occurred_at: datetime
    properties: Mapping[str, Any]
    value: tuple[Decimal, str] | None = None


def custom_metric(key: str, name: str, doc: str, properties: Sequence[Property[Reported]]) -> Metric[Reported]:
    """The metric that a merchant declared, with properties that were made by `reported`."""
    return Metric(
        number=0,
        key=key,
        name=name,
        pack=CUSTOM,
        fact=Reported,
        doc=doc,
        unique_id=lambda fact: fact.unique_id,
        unique_id_example="as-reported",
        identity="as reported",
        occurred_at=lambda fact: fact.occurred_at,
        properties=properties,
        value=lambda fact: fact.value,
    )


def reported(name: str, type: str, doc: str, *, example: Any, is_always_sent: bool) -> Property[Reported]:
    """A property of a custom metric, which is sent as it was reported."""
    return Property(
        name, type, doc, lambda fact: fact.properties.get(name), example=example, is_always_sent=is_always_sent
    )


_ANY_CUSTOM = custom_metric(CUSTOM_START, "", "", [])
"""Stands for every custom metric: on its way to a destination none differs from the others."""


def is_known(value: Any) -> bool:
    """Whether a property's value is worth sending: not None, not "" and not an empty list or object."""
    return value is not None and value not in ("", [], {})


def bounded_identity(unique_id: str) -> str:
    """`unique_id` itself, or its SHA-256 where it is longer than 128 characters."""
    if len(unique_id) <= UNIQUE_ID_LENGTH:
        return unique_id
    return hashlib.sha256(unique_id.encode()).hexdigest()


class Catalog:
    """All declared metrics, and the functions that read a customer's current profile properties.

    `following` has the keys of the metrics that follow another, by that one's key.
    """

    def __init__(self) -> None:
        self.metrics: dict[str, Metric[Any]] = {}
        self.following: dict[str, list[str]] = {}
        self._by_fact: dict[type[Fact], list[Metric[Any]]] = {}
        self._readers: dict[str, ProfileReader] = {}

    def __contains__(self, key: str) -> bool:
        """Whether events of that metric may be there: it is declared here, or its key is a custom metric's."""
        return key in self.metrics or key.startswith(CUSTOM_START)

    def __getitem__(self, key: str) -> Metric[Any]:
        """How events of that metric are treated. Of a custom metric neither name nor properties: those are its merchant's."""
        return _ANY_CUSTOM if key.startswith(CUSTOM_START) else self.metrics[key]

    def in_order(self) -> list[Metric[Any]]:
        """The metrics by number."""
        return sorted(self.metrics.values(), key=lambda metric: metric.number)

    def register(self, *metrics: Metric[Any]) -> None:
        """Declare metrics. Raises `ValueError` for a key, number or name that is taken, or a profile property nobody reads."""
        for metric in metrics:
            if metric.key.startswith(CUSTOM_START):
                raise ValueError(f"metric {metric.key!r}: keys that begin with {CUSTOM_START} are the merchants' own")
            for other in self.metrics.values():
                if metric.key == other.key or metric.number == other.number or metric.name == other.name:
                    raise ValueError(f"metric {metric.key!r} repeats the key, number or name of {other.key!r}")
            unread = [each.name for each in metric.profile if each.name not in self._readers]
            if unread:
                raise ValueError(f"metric {metric.key!r}: no reader is registered for {', '.join(unread)}")
            if metric.follows and metric.follows not in self.metrics:
                raise ValueError(f"metric {metric.key!r} follows {metric.follows!r}, which is not declared before it")
            self.metrics[metric.key] = metric
            if metric.follows:
                self.following.setdefault(metric.follows, []).append(metric.key)
            self._by_fact.setdefault(metric.fact, []).append(metric)

    def register_profile(self, reader: ProfileReader, *properties: ProfileProperty) -> None:
        """Say which function reads these profile properties; it is called once for a batch of customers."""
        for each in properties:
            if each.name in self._readers:
                raise ValueError(f"profile property {each.name!r} has a reader already")
            self._readers[each.name] = reader

    def built_from(self, fact: Fact) -> Sequence[Metric[Any]]:
        """The metrics declared on that kind of fact. Raises `LookupError` where there is none: nothing happens silently."""
        if isinstance(fact, Reported):
            return [fact.metric]
        try:
            return self._by_fact[type(fact)]
        except KeyError:
            raise LookupError(f"no metric is declared on {type(fact).__name__}") from None

    def packs(self) -> list[Pack]:
        """The packs, in order of their first metric."""
        return list({metric.pack.key: metric.pack for metric in self.in_order()}.values())

    def in_pack(self, key: str) -> list[Metric[Any]]:
        """The metrics of one pack, by number. Raises `LookupError` for an unknown pack."""
        found = [metric for metric in self.metrics.values() if metric.pack.key == key]
        if not found:
            raise LookupError(f"there is no pack {key!r}; packs are: {', '.join(pack.key for pack in self.packs())}")
        return sorted(found, key=lambda metric: metric.number)

    def turned_on_with(self, key: str) -> list[Metric[Any]]:
        """The metrics that are on when a pack is turned on, by number. Raises `LookupError` for an unknown pack."""
        return [metric for metric in self.in_pack(key) if not metric.is_optional]

    def profile_properties(self, merchant_id: int, wanted: Mapping[int, Collection[str]]) -> dict[int, dict[str, Any]]:
        """Read profile properties of a merchant's customers: id -> names wanted, answered as id -> name -> current value.

        Each reader runs once however many customers there are.
        """
        asked: dict[ProfileReader, tuple[set[int], set[str]]] = {}
        for customer_id, names in wanted.items():
            for name in names:
                ids, all_names = asked.setdefault(self._readers[name], (set(), set()))
                ids.add(customer_id)
                all_names.add(name)
        answers: dict[int, dict[str, Any]] = {customer_id: {} for customer_id in wanted}
        for reader, (ids, all_names) in asked.items():
            for customer_id, values in reader(merchant_id, ids, all_names).items():
                names = wanted[customer_id]
                answers[customer_id].update({k: v for k, v in values.items() if k in names and is_known(v)})
        return answers

    def overlaps(self, keys: Iterable[str]) -> list[tuple[Metric[Any], Metric[Any]]]:
        """Pairs among `keys` that tell the shopper the same thing, so that one of the two would do."""
        chosen = [self.metrics[key] for key in keys if key in self.metrics]
        names = {metric.key: metric for metric in chosen}
        return [(metric, names[other]) for metric in chosen for other in metric.same_as if other in names]


Recheck = Callable[["Connection", Mapping[str, Mapping[str, Any]], datetime], Collection[str]]
"""Finds what is not to be sent after all: (connection, unique_id -> properties of events about to be sent, the present
instant) -> unique_ids.
"""

ProfileReader = Callable[[int, Collection[int], Collection[str]], Mapping[int, Mapping[str, Any]]]
"""Reads current profile properties of many customers: (merchant's key, customers' keys, names asked for), one statement."""

catalog = Catalog()
