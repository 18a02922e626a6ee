"""The demo from beginning to end. Runs in the demo's own environment: see `processes.environment`."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

import requests
from django.conf import settings
from django.utils import timezone
from rich.console import Console
from rich.live import Live

from config.demo import clock, fortnight, log_feed, month, past, scenario, stage, table, verdict
from config.demo.figures import Figures
from config.demo.log_feed import Feed
from config.demo.month import Moment
from config.demo.processes import Processes
from config.demo.stage import ADMIN, OWNER, Stage
from config.demo.steps import FORGED, Step
from config.demo.verdict import Verdict
from integrations.delivery.engine import Engine

LOOK_EVERY = 0.25
STREAM_SECONDS, HURRIED_STREAM_SECONDS = 30.0, 6.0
SETTLED_SECONDS = 90.0
MOMENT_SECONDS = 4.0
"""From one leap of the clock to the next."""

TRICKLE_EVERY = 1.5
"""Seconds from one webhook to the next once the script is told."""


LEFT_ALONE = (
    "Some orders and parcels were left alone. Now only the clock moves, for the demo's own sweep and delivery. The pages and"
    " the worker go by the real one: there, what is found lies in the days to come."
)


class WrongAnswer(Exception):
    """The product answered a webhook otherwise than it must. The text has the answer."""


def run(console: Console, directory: Path, *, once: bool, speed: float, days: int) -> bool:
    """Show it all. Returns whether every expected event arrived exactly once; without `once` it goes on until Ctrl-C.

    `speed` divides every pause, `days` are those of the month before that are told. Raises `ProcessEnded` and `WrongAnswer`.
    """
    stage.clear(directory)
    console.print("Starting the sandbox, the web server and a worker on a new database …")
    began = time.monotonic()
    began_at = timezone.now()
    subscribed = fortnight.before(began_at)
    feed = Feed(subscribed.log, until=began_at)
    with Processes(directory) as processes, log_feed.serving(feed):
        built = stage.build(processes, feed, began_at=began_at, since=month.begin(began_at))
        console.print("The shops live through the month before …")
        before = past.moments(began_at, subscribed, of_days=days)
        past.tell(before, built)
        stage.open_doors(processes)
        _welcome(console, built, time.monotonic() - began)
        show = Show(console, processes, built)
        try:
            steps = scenario.script(built.began_at)
            seconds = HURRIED_STREAM_SECONDS if once else STREAM_SECONDS
            show.tell(steps, pause=seconds / len(steps) / speed)
            show.settle()
            night = scenario.night(built.began_at)
            show.tell(night, pause=0)
            show.settle()
            steps += night
            show.move_clock(scenario.moments(steps, built.began_at), pause=0 if once else MOMENT_SECONDS / speed)
            found = show.judge(steps, before)
            if not once:
                console.print("New orders keep coming in until Ctrl-C.")
                show.tell(_endless(), pause=TRICKLE_EVERY / speed)
        finally:
            console.print("Stopping …")
    return not found.complaints


class Show:
    """Tells steps to the running product, under a live picture of what becomes of them."""

    def __init__(self, console: Console, processes: Processes, built: Stage) -> None:
        self._console = console
        self._processes = processes
        self._stage = built
        self._figures = Figures(built.sandbox, built.merchants)
        self._told: deque[str] = deque(maxlen=table.NEWEST)

    def tell(self, steps: Iterable[Step], *, pause: float) -> None:
        """Post the webhooks of `steps`, one every `pause` seconds. Raises `ProcessEnded` and `WrongAnswer`."""
        with self._picture() as look, requests.Session() as session:
            for step in steps:
                due_at = time.monotonic() + pause
                self._post(step, session)
                _wait_until(due_at, look)

    def settle(self) -> None:
        """Wait until nothing is under way any more, or it takes too long. Raises `ProcessEnded`."""
        with self._picture() as look:
            self._settle(look, lambda: time.sleep(LOOK_EVERY))

    def move_clock(self, moments: Sequence[datetime], *, pause: float) -> None:
        """Let the clock leap from one instant to the next, find what is due by then, and deliver it. Raises `ProcessEnded`."""
        self._console.print(f"It is {clock.shown(timezone.now())}. {LEFT_ALONE}\n")
        self._told.clear()
        for at in moments:
            due_at = time.monotonic() + pause
            deliver = partial(Engine(clock=clock.standing_at(at)).run, seconds=LOOK_EVERY)
            self._console.print(f"The clock moves forward to {clock.shown(at)}.", style="bold")
            self._console.print(*clock.sweep(at), sep="\n", soft_wrap=True)
            with self._picture() as look:
                self._settle(look, deliver)
                _wait_until(due_at, look)
        self._console.print()

    def _settle(self, look: Callable[[], None], meanwhile: Callable[[], object]) -> None:
        give_up_at = time.monotonic() + SETTLED_SECONDS
        while not self._figures.is_settled() and time.monotonic() < give_up_at:
            look()
            meanwhile()

    def judge(self, steps: Sequence[Step], before: Sequence[Moment]) -> Verdict:
        """Hold what arrived against what `steps`, and the month before them, must lead to, and say so."""
        past = [step for moment in before for step in moment.steps]
        due = [event for step in (*past, *steps) for event in (*step.leads_to, *step.later)]
        due += [event for moment in before for event in moment.read]
        self._figures.look()
        found = verdict.judge(
            due,
            self._figures.recorded(),
            self._figures.receipts(),
            self._stage.began_at,
            to_suppress={(step.shop.account, email) for step in steps for email in step.suppresses},
            suppressed=self._figures.suppressed(),
        )
        self._console.print(table.figures(self._figures.rows()))
        told = f"\n{len(steps)} webhooks and calls were posted, after {len(past):,} in the month before."
        self._console.print(told, table.judgement(found), soft_wrap=True)
        return found

    def _post(self, step: Step, session: requests.Session) -> None:
        hook = self._stage.hooks[step.shop.account, step.webhook.source]
        headers = step.webhook.signed("a guess" if step.answer == FORGED else hook.secret)
        answer = session.post(step.webhook.address(hook.address), data=step.webhook.body, headers=headers, timeout=30)
        at = timezone.now()
        if answer.status_code != step.answer:
            raise WrongAnswer(f"{step.says}: {answer.status_code} instead of {step.answer}: {answer.text[:300]}")
        self._figures.note_accepted(step, at)
        self._told.append(f"{at.astimezone():%H:%M:%S}  {step.shop.name:<20}{step.webhook.topic:<27}{step.says}")

    @contextmanager
    def _picture(self) -> Iterator[Callable[[], None]]:
        """A live picture, and what brings it up to date; only on a terminal, so that no log is filled with it."""
        looked_at = 0.0

        def look() -> None:
            nonlocal looked_at
            if time.monotonic() - looked_at < LOOK_EVERY:
                return
            self._processes.check()
            if self._console.is_terminal:
                live.update(table.picture(self._figures.rows(), list(self._told)))
            looked_at = time.monotonic()

        with Live(console=self._console, auto_refresh=self._console.is_terminal, transient=True) as live:
            yield look


def _welcome(console: Console, built: Stage, seconds: float) -> None:
    console.print(f"Ready after {seconds:.0f} s.\n")
    site = settings.PUBLIC_BASE_URL
    console.print(f"  A merchant's pages  {built.overview}   user {OWNER}, password {built.password}", soft_wrap=True)
    console.print(f"  Subscribers         {built.subscribers}   the same user", soft_wrap=True)
    console.print(f"  Admin               {site}/admin/   user {ADMIN}, the same password", soft_wrap=True)
    console.print(f"  Klaviyo sandbox     {built.sandbox.url}/\n", soft_wrap=True)


def _wait_until(end: float, look: Callable[[], None]) -> None:
    while (left := end - time.monotonic()) > 0:
        time.sleep(min(LOOK_EVERY, left))
        look()


def _endless() -> Iterator[Step]:
    for number in itertools.count():
        yield from scenario.trickle(number, timezone.now())
