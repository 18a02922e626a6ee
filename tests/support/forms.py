"""The forms of a page: what a browser would post, and how to post what a browser would not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote_from_bytes

from django.test import Client

FORM = "application/x-www-form-urlencoded"
TEXT = ("text", "password", "email", "search", "textarea")


@dataclass
class PageForm:
    """One form of a page: where it is posted to, each field's value, which fields take text, and which never show it."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    texts: set[str] = field(default_factory=set)
    secrets: set[str] = field(default_factory=set)

    @property
    def names(self) -> set[str]:
        """Every field of it, those too of which nothing is chosen."""
        return self.lists | set(self.values)


class _Forms(HTMLParser):
    """Collects the forms that are posted."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[PageForm] = []
        self._form: PageForm | None = None
        self._select = self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form begins, or has one more field."""
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PageForm(given.get("action", "")) if given.get("method", "").lower() == "post" else None
            if self._form:
                self.found.append(self._form)
        elif self._form:
            self._note(self._form, tag, given)

    def handle_endtag(self, tag: str) -> None:
        """A form, a select or an area ends."""
        self._form = None if tag == "form" else self._form
        self._select = "" if tag == "select" else self._select
        self._area = "" if tag == "textarea" else self._area

    def handle_data(self, data: str) -> None:
        """What stands in an area."""
        if self._form and self._area:
            self._form.values[self._area] += data

    def _note(self, form: PageForm, tag: str, given: Mapping[str, str]) -> None:
        name, kind = given.get("name", ""), given.get("type", "text" if tag == "input" else tag)
        if tag == "option" and self._select and "selected" in given:
            form.values[self._select] = given.get("value", "")
        if tag not in ("input", "select", "textarea") or not name or kind == "submit" or "__prefix__" in name:
            return
        if kind in ("checkbox", "radio") and "checked" not in given:
            return
        if "multiple" in given:
            form.lists.add(name)
        else:
            form.values[name] = given.get("value", "on" if kind == "checkbox" else "")
        self._select = name if tag == "select" else self._select
        self._area = name if tag == "textarea" else self._area
        if kind in TEXT:
            form.texts.add(name)
        if kind == "password":
            form.secrets.add(name)


def forms_of(page: str, address: str) -> Iterator[PageForm]:
    """The forms of a page that have any field, each address once; signing out is none of them."""
    parser = _Forms()
    parser.feed(page)
    seen = set()
    for form in parser.found:
        form.values.pop("csrfmiddlewaretoken", None)
        form.action = form.action or address
        if form.values and form.action not in seen and "logout" not in form.action:
            seen.add(form.action)
            yield form


def post_form(client: Client, address: str, values: Mapping[str, str]) -> Any:
    """Post fields as they are, lone surrogates too."""
    pairs = ((_quoted(name), _quoted(value)) for name, value in values.items())
    return client.post(address, "&".join(f"{name}={value}" for name, value in pairs), content_type=FORM)


def _quoted(text: str) -> str:
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")
