"""The pages say what there is: links lead somewhere, and what is named in the code is named in the pages."""

from __future__ import annotations

import itertools
import re
import shlex
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from config.schedules import SCHEDULES
from integrations import sources
from integrations.delivery import backoff
from integrations.models import Connection, Delivery
from tracking import statuses
from tracking.shopify import source as shopify

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
FENCE = re.compile(r"^ *```.*?^ *```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^]]*\]\(([^)\s]+)\)")
OUR_COMMANDS = [
    file.stem
    for app in ("config", "integrations", "lifecycle", "loyalty")
    for file in sorted((ROOT / app / "management" / "commands").glob("*.py"))
    if file.stem != "__init__"
]
VARIABLES = re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
REQUIREMENTS = [*PROJECT["project"]["dependencies"], *itertools.chain(*PROJECT["dependency-groups"].values())]


@cache
def text(page: Path) -> str:
    """The page as it is."""
    return page.read_text()


@cache
def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return FENCE.sub("", text(page))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as they are made from the headings' words."""
    headings = re.findall(r"^#+ +(.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links() -> Iterator[tuple[Path, str]]:
    """Every link to a place in the project: (page, target)."""
    for page in PAGES:
        for target in LINK.findall(prose(page)):
            if "://" not in target:
                yield page, target


def page(name: str) -> str:
    """A page of the folder docs."""
    return text(ROOT / "docs" / name)


def requirement(line: str) -> str:
    """A dependency's name with its extras, as the table has it."""
    return re.split(r"[<>=~!; ]", line, maxsplit=1)[0]


@pytest.mark.parametrize(("page", "target"), list(links()))
def test_link_leads_to_a_page_and_a_heading(page: Path, target: str) -> None:
    path, _, anchor = target.partition("#")
    aim = (page.parent / path).resolve() if path else page

    assert aim.exists()
    assert not anchor or anchor in anchors(aim)


@pytest.mark.parametrize("command", OUR_COMMANDS)
def test_command_is_explained(command: str) -> None:
    assert f"| `{command}` |" in page("operations.md")
    assert f"`{command}`" in text(ROOT / "CHANGELOG.md")


def test_commands_that_are_named_exist() -> None:
    named = {name for each in PAGES for name in re.findall(r"manage\.py (\w+)", text(each))}

    assert named - set(OUR_COMMANDS) <= {"migrate", "collectstatic", "check", "createsuperuser"}


@pytest.mark.parametrize("variable", VARIABLES)
def test_setting_is_explained(variable: str) -> None:
    assert re.search(rf"^\|[^|]*`{variable}`", page("operations.md"), re.MULTILINE)


@pytest.mark.parametrize("line", REQUIREMENTS)
def test_dependency_stands_in_the_table(line: str) -> None:
    assert re.search(rf"^\| {re.escape(requirement(line))} \| .+ \| .+ \|$", text(ROOT / "README.md"), re.MULTILINE)


def test_table_has_no_dependency_that_is_gone() -> None:
    section = text(ROOT / "README.md").partition("## Dependencies")[2].partition("## Licence")[0]
    rows = set(re.findall(r"^\| ([^ |]+) \|", section, re.MULTILINE)) - {"package", "---"}

    assert rows == {requirement(line) for line in REQUIREMENTS}


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_paths_that_are_named_exist(each: Path) -> None:
    named = re.findall(
        r"`((?:config|integrations|lifecycle|loyalty|returns|tracking|templates|tests|docs|requirements)/[\w./-]*)`",
        prose(each),
    )
    invented = {"tracking/carriers/pigeon.py", "tracking/warehouse.py", "tests/fixtures/pigeon/"}
    invented |= {"tests/tracking/test_carriers_pigeon.py", "integrations/destinations/postbox/destination.py"}

    # Topics of Shopify's look like paths of the folder of returns.
    invented |= {*shopify._ACTIONS, "returns/process"}

    assert [path for path in named if path not in invented and not (ROOT / path).exists()] == []


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_make_targets_that_are_named_exist(each: Path) -> None:
    targets = set(re.findall(r"^([\w./-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = re.findall(r"`make ([^`]+)`|^ *\$ make (.+)$", text(each), re.MULTILINE)
    words = {word for pair in named for word in shlex.split(" ".join(pair), comments=True) if "=" not in word}

    assert words <= targets


def test_every_source_and_topic_is_explained() -> None:
    table = page("sources.md")

    assert [kind for kind, _ in sources.choices() if f"`{kind}`" not in table] == []
    assert [topic for topic in shopify._ACTIONS if f"`{topic}`" not in table] == []


def test_table_of_statuses_is_the_code() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| ((?:yes|later|no)(?: \| (?:yes|later|no))*) \|$", page("sources.md"), re.MULTILINE
    )
    head = re.search(r"^\| from ↓ to → \| (.+) \|$", page("sources.md"), re.MULTILINE)
    assert head
    columns = head[1].split(" | ")

    told = {
        (current, new): cell for current, cells in rows for new, cell in zip(columns, cells.split(" | "), strict=True)
    }

    assert told == {(current, new): moves(current, new) for current in statuses.ALL for new in columns}


def moves(current: str, new: str) -> str:
    """The table's word for a scan an hour before and after the one that set the status."""
    at, hour = datetime(2026, 1, 1, tzinfo=UTC), timedelta(hours=1)
    if statuses.advances(current, at, new, at - hour):
        return "yes"
    return "later" if statuses.advances(current, at, new, at + hour) else "no"


def test_states_and_reasons_of_deliveries_are_explained() -> None:
    told = page("delivery.md")

    rows = {state: f"| `{state}` | {state.label.partition(':')[0]} |" for state in Delivery.State}
    assert [state for state, row in rows.items() if row not in told] == []
    assert [reason for reason in Delivery.Reason.values if reason and f"`{reason}`" not in told] == []


def test_pauses_of_connections_are_explained() -> None:
    pauses = [state.label for state in Connection.State if state != Connection.State.ACTIVE]

    assert [label for label in pauses if f"| {label} |" not in page("operations.md")] == []


def test_table_of_back_off_is_the_code() -> None:
    row = re.search(r"^\| wait \| (.+) \| dead", page("delivery.md"), re.MULTILINE)
    assert row
    unit = {"s": backoff.SECOND, "min": backoff.MINUTE, "h": backoff.HOUR}

    told = [int(number) * unit[word] for number, word in (cell.split() for cell in row[1].split(" | "))]

    assert tuple(told) == backoff.RETRY_AFTER


def test_ticks_are_explained() -> None:
    assert [name for name in SCHEDULES if f"| `{name}` |" not in page("architecture.md")] == []
