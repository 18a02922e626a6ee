"""The page that shows what the sandbox received, newest first. It asks for nothing from elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import orjson

from integrations.destinations.sandbox.wire import Reply

from .gateway import Entry
from .shops import Run, Shop

NEWEST = 50
_HEADERS = {
    "Content-Type": "text/html; charset=utf-8",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}
_STYLE = (
    ":root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;max-width:1100px;margin:0 auto;padding:20px}"
    "table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:6px 10px;"
    "border-bottom:1px solid #8884}pre{margin:0;white-space:pre-wrap;overflow-wrap:anywhere}"
)


def render(shops: Sequence[Shop], requests: Sequence[Entry]) -> Reply:
    """The page."""
    runs = sorted((run for shop in shops for run in list(shop.runs)), key=lambda run: run.at, reverse=True)
    refused = [each for each in reversed(requests) if '"userErrors":[]' not in each.words and each.root != "shop"]
    html = (
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        "<meta http-equiv=refresh content=5>"
        f"<title>Shopify Flow sandbox</title><style>{_STYLE}</style></head><body><h1>Shopify Flow sandbox</h1>"
        f"<p>{len(shops)} shops, {len(runs)} triggers accepted, {len(refused)} not. Nothing leaves this machine.</p>"
        f"<h2>Accepted</h2><table><tr><th>When<th>Shop<th>Trigger<th>Payload</tr>{''.join(map(_run, runs[:NEWEST]))}</table>"
        f"<h2>Not accepted</h2><table><tr><th>When<th>Shop<th>Status<th>Answer</tr>"
        f"{''.join(map(_refused, refused[:NEWEST]))}</table></body></html>"
    )
    return Reply(200, html.encode("utf-8", "replace"), dict(_HEADERS))


def _run(run: Run) -> str:
    shown = escape(orjson.dumps(run.payload, option=orjson.OPT_INDENT_2).decode()[:2000])
    return f"<tr><td>{run.at:%H:%M:%S}<td>{escape(run.shop)}<td>{escape(run.handle)}<td><pre>{shown}</pre></tr>"


def _refused(entry: Entry) -> str:
    answer = escape(entry.fault or entry.words)
    return (
        f"<tr><td>{entry.at:%H:%M:%S}<td>{escape(entry.shop)}<td>{entry.status or 'none'}<td><pre>{answer}</pre></tr>"
    )
