"""The demo from beginning to end. Runs in the demo's own environment: see `processes.environment`."""

from __future__ import annotations

import itertools
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests
from django.conf import settings
from django.utils import timezone
from rich.console import Console
from rich.live import Live

from config.demo import expected, scenario, stage, table
from config.demo.expected import Verdict
from config.demo.figures import Figures
from config.demo.processes import Processes
from config.demo.stage import ADMIN, Stage
from config.demo.steps import FORGED, Step

LOOK_EVERY = 0.25
STREAM_SECONDS, HURRIED_STREAM_SECONDS = 30.0, 6.0
SETTLED_SECONDS = 90.0
TRICKLE_EVERY = 1.5
"""Seconds from one webhook to the next once the script is told."""


class WrongAnswer(Exception):
    """The product answered a webhook otherwise than it must. The text has the answer."""


def run(console: Console, directory: Path, *, once: bool, speed: float) -> bool:
    """Show it all. Returns whether every expected event arrived exactly once; without `once` it goes on until Ctrl-C.

    `speed` divides every pause. Raises `ProcessEnded` and `WrongAnswer`.
    """
    stage.clear(directory)
    console.print("Starting the sandbox, the web server and a worker on a new database …")
    began = time.monotonic()
    with Processes(directory) as processes:
        built = stage.build(processes, at=timezone.now())
        _welcome(console, built, time.monotonic() - began)
        show = Show(console, processes, built)
        try:
            steps = scenario.script(built.began_at)
            seconds = HURRIED_STREAM_SECONDS if once else STREAM_SECONDS
            show.tell(steps, pause=seconds / len(steps) / speed)
            show.settle()
            verdict = show.judge(steps)
            if not once:
                console.print("New orders keep coming in until Ctrl-C.")
                show.tell(_endless(), pause=TRICKLE_EVERY / speed)
        finally:
            console.print("Stopping …")
    return not verdict.complaints


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
                look()
                while (left := due_at - time.monotonic()) > 0:
                    time.sleep(min(LOOK_EVERY, left))
                    look()

    def settle(self) -> None:
        """Wait until nothing is under way any more, or it takes too long. Raises `ProcessEnded`."""
        give_up_at = time.monotonic() + SETTLED_SECONDS
        with self._picture() as look:
            while not self._figures.is_settled() and time.monotonic() < give_up_at:
                look()
                time.sleep(LOOK_EVERY)

    def judge(self, steps: Sequence[Step]) -> Verdict:
        """Hold what arrived against what `steps` must lead to, and say so."""
        due = [event for step in steps for event in step.leads_to]
        self._figures.look()
        verdict = expected.judge(due, self._figures.recorded(), self._figures.receipts(), self._stage.began_at)
        self._console.print(table.figures(self._figures.rows()))
        self._console.print(f"\n{len(steps)} webhooks were posted.", table.judgement(verdict), soft_wrap=True)
        return verdict

    def _post(self, step: Step, session: requests.Session) -> None:
        hook = self._stage.hooks[step.shop.account, step.webhook.source]
        headers = step.webhook.signed("a guess" if step.answer == FORGED else hook.secret)
        answer = session.post(hook.address, data=step.webhook.body, headers=headers, timeout=30)
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
    admin = f"{settings.PUBLIC_BASE_URL}/admin/"
    console.print(f"  Admin            {admin}   user {ADMIN}, password {built.password}", soft_wrap=True)
    console.print(f"  Klaviyo sandbox  {built.sandbox.url}/\n", soft_wrap=True)


def _endless() -> Iterator[Step]:
    for number in itertools.count():
        yield from scenario.trickle(number, timezone.now())
