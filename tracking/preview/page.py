"""See before you save: the preview of settings that are in the form, as pictures and tables. A bar's button opens its list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.exceptions import BadRequest, ValidationError
from django.http import HttpRequest
from django.utils import timezone

from integrations.models import Merchant
from tracking import preview
from tracking.models import StalledPolicy
from tracking.preview import PERIODS, Bar, Part
from tracking.services import policies

__all__ = ["PERIODS", "is_asked_for", "shown"]

HIGH = 100
"""Height of a picture, in units of its own; a bar is `WIDE` of them wide."""

WIDE = 10
TITLES = {"orders": "Orders", "parcels": "Parcels"}
WAITING = {"orders": "Hours until shipped or cancelled", "parcels": "Longest time without a scan, in hours"}


@dataclass(frozen=True, slots=True)
class Column:
    """A bar of a picture: where it stands, how high it is, and how much of it is flagged."""

    bar: Bar
    left: int
    top: float
    height: float
    flagged_top: float
    flagged_height: float
    begin: str


@dataclass(frozen=True, slots=True)
class Picture:
    """The histogram of orders or parcels. `limits` is (left, what it is called) of each line."""

    columns: list[Column]
    width: int
    limits: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Table:
    """Weekdays or carriers, each with its bar's length in percent of the longest."""

    head: str
    rows: list[tuple[Bar, float, float]]


@dataclass(frozen=True, slots=True)
class Panel:
    """Everything that the page shows of orders or of parcels."""

    part: Part
    title: str
    waiting: str
    picture: Picture
    tables: list[Table]


def is_asked_for(request: HttpRequest) -> bool:
    """Whether a form was sent to be looked at, and not to be saved."""
    return "preview" in request.POST or "behind" in request.POST


def shown(request: HttpRequest, merchant: Merchant, today: StalledPolicy, form: forms.Form) -> dict[str, Any]:
    """What the template is given; nothing where the reason why not is noted in the form. Raises `BadRequest`."""
    behind = request.POST.get("behind", "")
    days, _, bar = (behind or request.POST.get("preview", "")).partition(":")
    if days not in map(str, PERIODS):
        raise BadRequest("no such period")
    at = timezone.now()
    values = {name: form.cleaned_data[name] for name in policies.SETTINGS}
    try:
        new = policies.proposed(merchant, today, at=at, **values)
    except ValidationError as error:
        form.add_error(None, error)
        return {}
    given: dict[str, Any] = {"days": int(days), "at": at}
    seen = preview.preview(merchant, new, today, **given)
    context: dict[str, Any] = {"preview": seen, "panels": [_panel(part) for part in seen.parts], "new": new}
    if behind:
        known = {each.key: (part, each) for part in seen.parts for each in _bars(part)}
        if bar not in known:
            raise BadRequest("no such bar")
        part, chosen = known[bar]
        rows = preview.behind(merchant, new, today, **given, bar=bar)
        context |= {"chosen": chosen, "chosen_of": TITLES[part.kind], "rows": rows, "most": preview.LISTED}
    return context


def _bars(part: Part) -> list[Bar]:
    return [*part.hours, *part.weekdays, *part.carriers]


def _panel(part: Part) -> Panel:
    tables = [Table("Weekday", _lengths(part.weekdays))]
    if part.carriers:
        tables.append(Table("Carrier", _lengths(part.carriers)))
    return Panel(part, TITLES[part.kind], WAITING[part.kind], _picture(part), tables)


def _lengths(bars: list[Bar]) -> list[tuple[Bar, float, float]]:
    longest = max((max(each.flagged, each.today) for each in bars), default=0) or 1
    return [(each, _share(each.flagged, longest), _share(each.today, longest)) for each in bars]


def _share(count: int, most: int) -> float:
    return round(HIGH * count / most, 2)


def _picture(part: Part) -> Picture:
    highest = max(each.count for each in part.hours) or 1
    columns = []
    for number, bar in enumerate(part.hours):
        height, flagged = _share(bar.count, highest), _share(bar.flagged, highest)
        begin = str(number * part.width)
        columns.append(Column(bar, number * WIDE, HIGH - height, height, HIGH - flagged, flagged, begin))
    lines: dict[int, list[str]] = {}
    for name, hours in part.limits.items():
        lines.setdefault(hours, []).append(name)
    limits = [
        (hours * WIDE / part.width, f"{' and '.join(names).lower()}: {hours} h") for hours, names in lines.items()
    ]
    return Picture(columns, len(columns) * WIDE, [(left, name.capitalize()) for left, name in limits])
