"""Whole requests that are no message: broken JSON, broken Unicode, and JSON of great depth, breadth and number."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator

_GOOD = json.dumps({"id": 1, "created_at": "2026-11-20T10:00:00Z"}).encode()


def broken_json() -> Iterator[bytes]:
    """Documents that are cut, doubled, commented, of another dialect, or no object."""
    yield from b"null true 1 \"x\" [] [{}] {} {}{} [1,] {'a':1} {a:1} {,} NaN [Infinity] [-Infinity] [1e400]".split()
    yield from b"[01] [+1] [.5] [0x1] [1_0] [1E+1000000] [-000] <xml/> a=1&b=2 %PDF-1.4 {}# /**/{} \\u007b\\u007d".split()
    yield from (b"", b" ", b"{} {}", b"// c\n{}", b"--x\r\nContent-Disposition: form-data")
    yield from (b"[" + b"9" * digits + b"]" for digits in (19, 20, 400, 4_300, 5_000, 100_000))
    yield from (b"\x1f\x8b\x08\x00" * 9, b"PK\x03\x04", b"\x80\x04\x95")
    yield from (_GOOD[:end] for end in range(1, len(_GOOD), 3))
    yield from (_GOOD + tail for tail in (b"\x00", b"}", b"]", b",", b"x"))
    yield from (_GOOD[:at] + b"\x00" + _GOOD[at:] for at in range(0, len(_GOOD), 6))


def broken_unicode() -> Iterator[bytes]:
    """Bytes that are no UTF-8, other encodings, and escapes of what cannot be stored."""
    raw = [b"\xff", b"\xfe", b"\xc0\x80", b"\xc1\xbf", b"\xe0\x80\x80", b"\xf0\x80\x80\x80", b"\xed\xa0\x80", b"\xc3"]
    raw += [
        b"\xed\xbf\xbf",
        b"\xf4\x90\x80\x80",
        b"\xe2\x82",
        b"\xf8\x88\x80\x80\x80",
        b"\x00",
        b"\x01",
        b"\x1f",
        b"\n",
    ]
    escapes = rb"\u0000 \ud800 \udfff \udc00\ud800 \ud83d \ud800\ud800 \uD83Dx \u12 \uzzzz \x00 \0".split()
    for bad in [*raw, *escapes]:
        yield from (b'{"id": "%s"}' % bad, b'{"%s": 1}' % bad, bad + b"{}")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "utf-7", "cp037"):
        yield '{"id": "é"}'.encode(encoding, "replace")
    yield from (rb'{"id": "\\u0000"}', b'{"id": "' + b"\xcc\x81" * 10_000 + b'"}')


def large_json() -> Iterator[bytes]:
    """Documents of great depth, breadth and number, below the limit on their bytes."""
    for opening, inner, closing in ((b"[", b"", b"]"), (b'{"a":', b"1", b"}"), (b'[{"a":', b"1", b"}]")):
        for depth in (31, 33, 100, 1_000, 10_000, 100_000):
            yield from (opening * depth + inner + closing * depth, opening * depth)
    yield json.dumps({str(number): number for number in range(100_000)}).encode()
    yield json.dumps({"id": 1, "line_items": [{}] * 100_000}).encode()
    yield b"[" + b"[]," * 400_000 + b"[]]"
    yield b"{" + b'"a":1,' * 400_000 + b'"a":2}'
    yield b'{"id": "' + b"x" * 4_000_000 + b'"}'
    yield b'{"id": "' + rb"\u0061" * 600_000 + b'"}'
    yield b"[" + b",".join([b"[" + b"1," * 19_990 + b"1]"] * 100) + b"]"
    yield b" " * 4_000_000 + b"{}"


BODIES = list(dict.fromkeys(itertools.chain(broken_json(), broken_unicode(), large_json())))
"""All of them, each once."""
