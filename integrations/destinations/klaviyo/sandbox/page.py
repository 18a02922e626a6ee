"""The page at `/`: what arrived, for people. Plain HTML without a script; it reloads itself every few seconds."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from itertools import islice
from typing import Any
from urllib.parse import quote, urlencode

from integrations.destinations.sandbox.wire import Reply

from .calls import Options
from .page_style import STYLE
from .profiles import Profile
from .store import Account, Event

NEWEST_EVENTS = 60
NEWEST_PROFILES = 24
REFRESH_SECONDS = 4
SECURITY_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_TILES = (
    ("received", "events received"),
    ("recorded", "recorded"),
    ("duplicates", "duplicates ignored"),
    ("refused", "requests refused"),
    ("throttled", "answered 429"),
)


def render(
    accounts: list[Account],
    counters: Mapping[str, int],
    *,
    selected: str | None,
    paused: bool,
    at: datetime,
    base: str,
    options: Options,
    faults: int,
) -> Reply:
    """The whole page. `accounts` are all accounts; `selected` is the public key of the one to show, None for all."""
    shown = [account for account in accounts if selected in (None, account.public_key)]
    events = newest_events(shown)
    refresh = "" if paused else f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
    sections = _events(events, at, with_account=len(shown) > 1) + _profiles(
        newest_profiles(shown), with_account=len(shown) > 1
    )
    html = (
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<meta name=color-scheme content="light dark">'
        f"{refresh}<title>Klaviyo sandbox</title><style>{STYLE}</style></head><body>"
        f"{_header(selected, paused, options, faults)}<main>{_tabs(accounts, selected, paused)}{_tiles(counters)}"
        f"{sections if accounts else _welcome(base)}</main></body></html>"
    )
    return Reply(200, html.encode("utf-8", "replace"), dict(SECURITY_HEADERS))


def newest_events(accounts: Iterable[Account]) -> list[tuple[Account, Event]]:
    """The newest events of these accounts, newest first, each with its account."""
    newest: list[tuple[Account, Event]] = []
    for account in accounts:
        with account.lock:
            newest += ((account, event) for event in islice(reversed(account.events.values()), NEWEST_EVENTS))
    return sorted(newest, key=lambda found: (found[1].given.received_at, found[1].number), reverse=True)[:NEWEST_EVENTS]


def newest_profiles(accounts: Iterable[Account]) -> list[tuple[Account, Profile]]:
    """The profiles that changed last, newest first, each with its account."""
    profiles: list[tuple[Account, Profile]] = []
    for account in accounts:
        with account.lock:
            profiles += ((account, profile) for profile in account.profiles)
    return sorted(profiles, key=lambda found: found[1].updated, reverse=True)[:NEWEST_PROFILES]


def _header(selected: str | None, paused: bool, options: Options, faults: int) -> str:
    state = [
        "strict bulk" if options.strict_bulk else "",
        "" if options.pointers else "no pointers",
        f"{faults} fault{'s' if faults != 1 else ''} on" if faults else "",
        f"processing delay {options.processing_delay.total_seconds():g} s" if options.processing_delay else "",
    ]
    marks = "".join(f"<span class=badge>{escape(text)}</span>" for text in state if text)
    toggle = f'<a class=toggle href="{_address(selected, not paused)}">{"Resume" if paused else "Pause"}</a>'
    live = "<span class='live off'>paused</span>" if paused else "<span class=live>live</span>"
    return (
        "<header><div class=bar><div><h1>Klaviyo <em>sandbox</em></h1>"
        "<p>A local stand-in for Klaviyo. Nothing leaves this machine. <a href=/onsite/>Try a snippet</a></p></div>"
        f"<div class=state>{marks}{live}{toggle}</div></div></header>"
    )


def _tabs(accounts: list[Account], selected: str | None, paused: bool) -> str:
    if not accounts:
        return ""
    entries: list[tuple[str | None, str, int]] = []
    if len(accounts) > 1:
        entries.append((None, "All accounts", sum(len(account.events) for account in accounts)))
    entries += [(account.public_key, account.name, len(account.events)) for account in accounts]
    links = []
    for key, name, count in entries:
        current = " aria-current=page" if key == selected or len(entries) == 1 else ""
        title = f"{name} · {key}" if key else name
        links.append(
            f'<a href="{_address(key, paused)}" title="{escape(title)}"{current}>'
            f"<span>{escape(name)}</span><b>{count:,}</b></a>"
        )
    return f"<nav aria-label=Accounts>{''.join(links)}</nav>"


def _tiles(counters: Mapping[str, int]) -> str:
    tiles = list(_TILES)
    if counters["pending"]:
        tiles.insert(1, ("pending", "being processed"))
    cells = "".join(
        f"<div class='tile {name}{'' if counters[name] else ' zero'}'><dd>{counters[name]:,}</dd><dt>{label}</dt></div>"
        for name, label in tiles
    )
    return f"<dl class=tiles>{cells}</dl>"


def _events(events: list[tuple[Account, Event]], at: datetime, *, with_account: bool) -> str:
    if not events:
        return "<section><h2>Events</h2><p class=empty>No event has arrived yet.</p></section>"
    rows = "".join(_event(event, at, account.name if with_account else "") for account, event in events)
    note = f"the newest {NEWEST_EVENTS}" if len(events) == NEWEST_EVENTS else "newest first"
    return f"<section><h2>Events <small>{note}, times in UTC</small></h2><ol class=events>{rows}</ol></section>"


def _event(event: Event, at: datetime, account: str) -> str:
    given = event.given
    value = "" if given.value is None else f"{given.value:,.2f} {given.value_currency or ''}"
    if given.backfill:
        badge = "<span class='badge quiet' title='Recorded; flows are not triggered'>backfill</span>"
    elif event.would_trigger_flows:
        badge = "<span class='badge good' title='Would enter flows that this metric triggers'>triggers flows</span>"
    else:
        badge = "<span class='badge warn' title='Older than flows accept'>too late for flows</span>"
    details = " · ".join(f"{key} {_short(item)}" for key, item in islice(_plain(given.properties), 6))
    hue = zlib.crc32(event.metric.name.encode()) % 360
    return (
        f"<li style='--hue:{hue}'>"
        f"<time datetime='{event.time.isoformat()}' title='received {given.received_at:%d %b %H:%M:%S} UTC'>"
        f"<b>{_ago(at, given.received_at)}</b><span>{event.time:%d %b %H:%M:%S}</span></time>"
        f"<div class=what><strong>{escape(event.metric.name)}</strong>"
        f"<span class=details>{escape(details)}</span></div>"
        f"<div class=who>{escape(_name(event.profile))}<span>{escape(account)}</span></div>"
        f"<div class=value>{escape(value)}</div><div class=flow>{badge}</div>"
        f'<a class=json href="/sandbox/events/{quote(event.id)}">JSON</a></li>'
    )


def _profiles(profiles: list[tuple[Account, Profile]], *, with_account: bool) -> str:
    if not profiles:
        return ""
    cards = "".join(_profile(profile, account.name if with_account else "") for account, profile in profiles)
    return f"<section><h2>Profiles <small>last changed first</small></h2><ul class=profiles>{cards}</ul></section>"


def _profile(profile: Profile, account: str) -> str:
    full_name = " ".join(filter(None, (profile.fields.get("first_name"), profile.fields.get("last_name"))))
    count = len(profile.recorded)
    others = [value for value in profile.identifiers.values() if value != _name(profile)]
    about = " · ".join(filter(None, (account, full_name, *others, f"{count} event{'s' if count != 1 else ''}")))
    properties = "".join(
        f"<li><span>{escape(str(key))}</span> {escape(_short(value))}</li>"
        for key, value in islice(_plain(profile.properties), 8)
    )
    more = len(profile.properties) - 8
    rest = f"<li class=more>{more} more</li>" if more > 0 else ""
    listed = f"<ul class=properties>{properties}{rest}</ul>" if properties else ""
    return (
        f"<li><div class=top><strong>{escape(_name(profile))}</strong>"
        f'<a class=json href="/sandbox/profiles/{quote(profile.id)}">JSON</a></div>'
        f"<p>{escape(about)}</p>{listed}</li>"
    )


def _welcome(base: str) -> str:
    return (
        "<section class=welcome><h2>Waiting for the first request</h2><p>Point the product here and use any key that "
        "begins with <code>pk_sandbox_</code>; its account appears on first use.</p>"
        f"<pre>KLAVIYO_BASE_URL={escape(base)}</pre></section>"
    )


def _plain(properties: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """The properties worth a glance: those that are not empty."""
    return ((key, value) for key, value in list(properties.items()) if value not in (None, "", [], {}))


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{len(value)}}}"
    text = f"[{len(value)}]" if isinstance(value, list) else str(value)
    return text if len(text) <= 40 else f"{text[:39]}…"


def _name(profile: Profile) -> str:
    """What a person would call the profile: its e-mail address, else its next best identifier."""
    known = profile.identifiers
    return known.get("email") or next(iter(known.values()), profile.id)


def _ago(now: datetime, then: datetime) -> str:
    seconds = max(0, int((now - then).total_seconds()))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit} ago"
    return f"{seconds} s ago" if seconds else "just now"


def _address(selected: str | None, paused: bool) -> str:
    query = {**({"account": selected} if selected else {}), **({"pause": "1"} if paused else {})}
    return escape(f"/?{urlencode(query)}" if query else "/")
