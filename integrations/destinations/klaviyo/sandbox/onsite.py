"""What shops' pages load: a stand-in for Klaviyo's script, and a page on which a snippet is tried in a browser.

The stand-in is loaded by that page alone; pasted snippets name Klaviyo's own host, which the page replaces by the sandbox's.
"""

from __future__ import annotations

import re
from html import escape
from pathlib import Path

from integrations.destinations.sandbox.wire import Reply, Request

from .page_style import STYLE

PREFIX = "/onsite/"
_SCRIPT = re.compile(r"/onsite/js/(?:[A-Za-z0-9]{1,40}/)?klaviyo\.js")
_SOURCE = (Path(__file__).parent / "klaviyo.js").read_bytes()
_POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; connect-src *; style-src 'unsafe-inline'; base-uri 'none'; "
    "form-action 'none'"
)
_RUN = """\
function note(text, isBad) {
  var line = document.createElement("li");
  line.textContent = text;
  if (isBad) { line.className = "bad"; }
  document.getElementById("log").append(line);
}
var send = window.fetch;
window.fetch = function (address, asked) {
  var what = ((asked && asked.method) || "GET") + " " + address;
  return send.apply(window, arguments).then(function (answer) {
    note(what + ": " + answer.status, !answer.ok);
    return answer;
  }, function (error) {
    note(what + ": no answer that this page may read", true);
    throw error;
  });
};
window.addEventListener("error", function (event) {
  note(event.message || "could not load " + event.target.src, true);
}, true);
document.getElementById("run").addEventListener("click", function () {
  window.sandboxEventIds = document.getElementById("property").checked ? "property" : "unique_id";
  var text = document.getElementById("snippet").value.split("https://static.klaviyo.com").join(location.origin);
  note("ran " + text.length + " characters");
  document.getElementById("pasted").replaceChildren(document.createRange().createContextualFragment(text));
});
"""


def answer(request: Request) -> Reply | None:
    """The script or the page; None for what is neither."""
    if request.method != "GET":
        return None
    if _SCRIPT.fullmatch(request.path):
        return Reply(200, _SOURCE, {"Content-Type": "text/javascript; charset=utf-8", "Cache-Control": "no-store"})
    return _page(request.base) if request.path == PREFIX else None


def _page(base: str) -> Reply:
    html = (
        "<!DOCTYPE html><html lang=en><head><meta charset=utf-8>"
        '<meta name=viewport content="width=device-width, initial-scale=1">'
        '<meta name=color-scheme content="light dark">'
        f"<title>Try a snippet · Klaviyo sandbox</title><style>{STYLE}</style></head><body>"
        "<header><div class=bar><div><h1>Klaviyo <em>sandbox</em></h1><p>A page of a shop, on which snippets are tried. "
        "Nothing leaves this machine.</p></div></div></header><main><section class=welcome><h2>Try a snippet</h2>"
        "<p><label for=snippet>Paste what a page of the shop has, and run it. Each is run on this same page, one after the "
        f"other, as if the shopper went on. Klaviyo's script is the stand-in of {escape(base)}.</label></p>"
        "<p><textarea id=snippet rows=12 spellcheck=false></textarea></p>"
        "<p><label><input type=checkbox id=property> <code>$event_id</code> is a property like the others: Klaviyo does not "
        "say whether it counts as a <code>unique_id</code></label></p>"
        '<p class=state><button id=run type=button class=toggle>Run</button> <a href="/">See what came</a></p>'
        "<ol id=log aria-live=polite></ol></section>"
        f"<div id=pasted></div></main><script>{_RUN}</script></body></html>"
    )
    headers = {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": _POLICY,
    }
    return Reply(200, html.encode(), {**headers, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"})
