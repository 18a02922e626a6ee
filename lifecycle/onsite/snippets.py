"""What a merchant pastes into the pages of the shop, in three forms. Pure text: the values are examples, to be replaced."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from lifecycle.onsite import calls

KLAVIYO, LEGACY, FIRST_PARTY = "klaviyo", "legacy", "first_party"
FORMS = {
    KLAVIYO: "Klaviyo's script",
    LEGACY: "Klaviyo's script, old themes (_learnq)",
    FIRST_PARTY: "No script of a third party",
}

SCRIPT_HOST = "https://static.klaviyo.com"
EMAIL, FIRST_NAME, LAST_NAME, CUSTOMER_ID = "ann@shop.example", "Ann", "Example", "1141260"
STARTED_AT, STARTED_EPOCH = "2020-05-15T17:03:56Z", 1_589_562_236
SIGNED_UP_AT, SIGNED_UP_EPOCH = "2020-05-15T12:35:32Z", 1_589_546_132
CANCELLED_AT, CANCELLED_EPOCH = "2020-05-15T12:40:28Z", 1_589_546_428
VALUE = 47.95

SIGNED_UP: dict[str, Any] = {"Schedule": "Weekly", "SignUpDate": SIGNED_UP_AT, "Status": "Active"}
SIGNED_UP["HasFilledOutProfile"] = True
CANCELLED = {"Status": "Stopped"}
CHECKOUT: dict[str, Any] = {
    "ItemNames": ["Only Organic Small Box Fruits & Veggies"],
    "CheckoutURL": "https://shop.example/sign-up",
    "Categories": ["Boxes"],
    "Items": [
        {
            "ProductID": "705",
            "SKU": "ONLYORGANICSMALLBOXFRUITSVEGGIES",
            "ProductName": "Only Organic Small Box Fruits & Veggies",
            "Quantity": 1,
            "ItemPrice": VALUE,
            "RowTotal": VALUE,
            "ProductURL": "https://shop.example/item/only-organic-small-box",
            "ImageURL": "https://shop.example/images/small-box.jpg",
            "ProductCategories": ["Boxes"],
        }
    ],
}

_PROXY = (
    "!function(){if(!window.klaviyo){window._klOnsite=window._klOnsite||[];try{window.klaviyo=new Proxy({},{get:function(n,i){"
    'return"push"===i?function(){var n;(n=window._klOnsite).push.apply(n,arguments)}:function(){for(var n=arguments.length,'
    'o=new Array(n),w=0;w<n;w++)o[w]=arguments[w];var t="function"==typeof o[o.length-1]?o.pop():void 0,e=new Promise('
    "(function(n){window._klOnsite.push([i].concat(o,[function(i){t&&t(i),n(i)}]))}));return e}}})}catch(n){window.klaviyo="
    "window.klaviyo||[],window.klaviyo.push=function(){var n;(n=window._klOnsite).push.apply(n,arguments)}}}}();"
)
"""Klaviyo's own lines, which keep calls until its script has loaded."""


@dataclass(frozen=True, slots=True)
class Snippet:
    """One thing to paste: `where` says on which page, or when."""

    key: str
    title: str
    where: str
    text: str


def of(form: str, *, public_key: str, address: str) -> Sequence[Snippet]:
    """The snippets of a form. `public_key` is Klaviyo's of the merchant, `address` where our own calls go."""
    write = {KLAVIYO: _klaviyo, LEGACY: _legacy, FIRST_PARTY: _first_party}[form]
    texts = write(quote(public_key), address)
    return [Snippet(key, title, where, texts[key]) for key, title, where in _PLACES]


_PLACES = (
    (
        "setup",
        "On every page",
        "In the head, once the shopper has agreed to being tracked where the law asks for that.",
    ),
    (
        "identify",
        "Identify",
        "As soon as there is an e-mail address: the shopper is signed in, sent the contact form, or filled in the first page of "
        "the sign-up.",
    ),
    ("started", calls.STARTED_CHECKOUT, "When the sign-up's first page was filled in: box, name, e-mail and address."),
    ("completed", calls.COMPLETED_SIGNUP, "On the page that the shopper sees first after the sign-up."),
    ("cancelled", calls.CANCELLED_ACCOUNT, "When the shopper has confirmed that the account is to be cancelled."),
)


def _klaviyo(public_key: str, address: str) -> dict[str, str]:
    def track(metric: str, properties: dict[str, Any]) -> str:
        return f"klaviyo.track({_json(metric)}, {_json(properties)});"

    def identify(properties: dict[str, Any]) -> str:
        return f"klaviyo.identify({_json(properties)});"

    source = f"{SCRIPT_HOST}/onsite/js/{public_key}/klaviyo.js"
    return {
        "setup": f'<script async src="{source}"></script>\n<script>{_PROXY}</script>',
        **_calls(identify, track, {"email": EMAIL, "first_name": FIRST_NAME, "last_name": LAST_NAME}),
    }


def _legacy(public_key: str, address: str) -> dict[str, str]:
    def push(*call: Any) -> str:
        return f"var _learnq = _learnq || [];\n_learnq.push({_json(list(call))});"

    source = f"{SCRIPT_HOST}/onsite/js/klaviyo.js?company_id={public_key}"
    return {
        "setup": f'<script>var _learnq = _learnq || [];</script>\n<script async src="{source}"></script>',
        **_calls(
            lambda properties: push("identify", properties),
            lambda metric, properties: push("track", metric, properties),
            {"$email": EMAIL, "$first_name": FIRST_NAME, "$last_name": LAST_NAME},
        ),
    }


def _calls(identify: Any, track: Any, who: dict[str, Any]) -> dict[str, str]:
    """`$event_id` is the identity that our server gives the same event, so that it is counted once."""
    started = {"$event_id": f"{CUSTOMER_ID}_{STARTED_EPOCH}", "$value": VALUE, **CHECKOUT}
    completed = {"$event_id": f"signup:{CUSTOMER_ID}:{SIGNED_UP_EPOCH}", "Completed Signup": True}
    cancelled = {"$event_id": f"account_cancel:{CUSTOMER_ID}:{CANCELLED_EPOCH}", "Cancellation Date": CANCELLED_AT}
    return {
        "identify": _script(identify(who)),
        "started": _script(track(calls.STARTED_CHECKOUT, started)),
        "completed": _script(f"{identify(SIGNED_UP)}\n{track(calls.COMPLETED_SIGNUP, completed)}"),
        "cancelled": _script(f"{identify(CANCELLED)}\n{track(calls.CANCELLED_ACCOUNT, cancelled)}"),
    }


def _first_party(public_key: str, address: str) -> dict[str, str]:
    shopper = {"email": EMAIL, "first_name": FIRST_NAME, "last_name": LAST_NAME, "customer_id": CUSTOMER_ID, "hmac": ""}
    setup = f"""\
var tidings = {{
  // true once the shopper has agreed to being tracked: before that nothing leaves the page
  consent: false,
  // whoever is signed in; your server makes the hmac
  shopper: {_json(shopper)},
  tell: function (call) {{
    if (!tidings.consent || navigator.globalPrivacyControl || navigator.doNotTrack === "1") {{ return Promise.resolve(); }}
    var body = JSON.stringify(Object.assign({{}}, tidings.shopper, {{consent: true}}, call));
    return fetch({_json(address)}, {{method: "POST", body: body, keepalive: true, credentials: "omit"}});
  }}
}};"""

    def tell(**call: Any) -> str:
        return _script(f"tidings.tell({_json(call)});")

    started = {"time": STARTED_AT, "value": VALUE, "properties": CHECKOUT}
    completed = {"time": SIGNED_UP_AT, "properties": SIGNED_UP}
    cancelled = {"time": CANCELLED_AT, "properties": {"Cancellation Date": CANCELLED_AT}}
    return {
        "setup": _script(setup),
        "identify": _script('tidings.tell({call: "identify", time: new Date().toISOString()});'),
        "started": tell(call=calls.TRACK, metric=calls.STARTED_CHECKOUT, **started),
        "completed": tell(call=calls.TRACK, metric=calls.COMPLETED_SIGNUP, **completed),
        "cancelled": tell(call=calls.TRACK, metric=calls.CANCELLED_ACCOUNT, **cancelled),
    }


def _script(text: str) -> str:
    return f"<script>\n{text}\n</script>"


def _json(value: Any) -> str:
    """As it stands in a page: nothing in it ends the script."""
    return json.dumps(value, indent=2 if _is_long(value) else None, ensure_ascii=False).replace("</", "<\\/")


def _is_long(value: Any) -> bool:
    return len(json.dumps(value)) > 160
