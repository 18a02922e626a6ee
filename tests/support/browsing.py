"""Debian's chromium with one window for all tests of a module, and what must not be on its pages."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

CHROMIUM = "/usr/bin/chromium"
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PHONE: ViewportSize = {"width": 360, "height": 740}
DESKTOP: ViewportSize = {"width": 1280, "height": 900}


class Watched:
    """A page, with everything on it that should not be."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin = page, origin
        self.faults: list[str] = []
        page.on("console", self._console)
        page.on("pageerror", self._error)
        page.on("request", self._request)

    def open(self, path: str) -> None:
        """Go there and wait until all is loaded."""
        self.page.goto(self.origin + path, wait_until="load")

    def sign_in(self, user: User) -> None:
        """As if they had gone through the form."""
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        self.page.context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": self.origin}])

    @property
    def overhang(self) -> int:
        """Pixels by which the page is wider than the window."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))

    def leave(self) -> None:
        """Forget who was signed in and what the pages kept, and end what is still on its way."""
        self.open("/healthz")
        self.page.evaluate("localStorage.clear(); sessionStorage.clear()")
        self.page.context.clear_cookies()
        for event, heard in (("console", self._console), ("pageerror", self._error), ("request", self._request)):
            self.page.remove_listener(event, heard)

    def _console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)

    def _error(self, error: Any) -> None:
        self.faults.append(str(error))

    def _request(self, request: Any) -> None:
        if not request.url.startswith((self.origin, "data:")):
            self.faults.append(f"asked {request.url}")


def resize(page: Page, size: ViewportSize) -> None:
    """The phone is in the dark."""
    page.set_viewport_size(size)
    page.emulate_media(color_scheme="dark" if size is PHONE else "light")


@pytest.fixture(scope="module")
def browser(django_db_setup: None) -> Iterator[Browser]:
    """The test database is made before: made while Playwright's event loop runs, it belongs to a connection of that loop."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="module")
def page(browser: Browser) -> Page:
    """One for all tests of a module: each new one would be a process more, which reads every script anew."""
    return browser.new_context().new_page()


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def window(request: pytest.FixtureRequest, page: Page) -> Page:
    """The page in one of two sizes."""
    resize(page, request.param)
    return page
