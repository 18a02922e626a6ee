"""The gate for JSON of strangers: what passes can be stored, logged and sent on."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from integrations import clean
from integrations.clean import Unclean


def nested(depth: int, opening: bytes = b"[", closing: bytes = b"]") -> bytes:
    """Lists or objects in each other."""
    return opening * depth + closing * depth


def objects(depth: int) -> bytes:
    """Objects in each other."""
    return b'{"a":' * depth + b"1" + b"}" * depth


REFUSED = {
    "empty": (b"", "JSON"),
    "blank": (b"  ", "JSON"),
    "cut": (b'{"a": ', "JSON"),
    "two documents": (b"{} {}", "JSON"),
    "trailing comma": (b"[1,]", "JSON"),
    "comment": (b"{} // end", "JSON"),
    "single quotes": (b"{'a': 1}", "JSON"),
    "byte order mark": (b"\xef\xbb\xbf{}", "JSON"),
    "UTF-16": ('{"a": 1}'.encode("utf-16"), "JSON"),
    "invalid UTF-8": (b'{"a": "\xff"}', "JSON"),
    "overlong UTF-8": (b'{"a": "\xc0\x80"}', "JSON"),
    "raw control character": (b'{"a": "\x01"}', "JSON"),
    "NaN": (b"[NaN]", "JSON"),
    "infinity": (b"[-Infinity]", "JSON"),
    "beyond a double": (b"[1e400]", "JSON"),
    "400 digits": (b"[1" + b"0" * 400 + b"]", "JSON"),
    "lone surrogate": (rb'["\ud800"]', "JSON"),
    "lone low surrogate in a key": (rb'{"\udc00": 1}', "JSON"),
    "NUL in a value": (rb'{"a": ["\u0000"]}', "NUL"),
    "NUL in a key": (rb'{"a\u0000b": 1}', "NUL"),
    "2^63": (b"[9223372036854775808]", "64 bits"),
    "33 lists": (nested(33), "32 levels"),
    "33 objects": (objects(33), "32 levels"),
    "100,000 lists": (nested(100_000), "JSON"),
    "100,000 unclosed objects": (b'{"a":' * 100_000, "JSON"),
    "5,001 keys": (orjson.dumps({str(number): 1 for number in range(5_001)}), "5000 keys"),
    "20,001 items": (orjson.dumps([0] * 20_001), "20000 items"),
}


@pytest.mark.parametrize(("body", "why"), REFUSED.values(), ids=REFUSED.keys())
def test_refused_with_a_reason_of_one_line(body: bytes, why: str) -> None:
    with pytest.raises(Unclean) as refused:
        clean.parse(body)

    assert why in str(refused.value)
    assert "\n" not in str(refused.value)


PASSED: dict[str, tuple[bytes, Any]] = {
    "null": (b"null", None),
    "a word": (b'"x"', "x"),
    "the last of a repeated key": (b'{"a": 1, "a": 2}', {"a": 2}),
    "2^63 - 1": (b"[9223372036854775807]", [2**63 - 1]),
    "-2^63": (b"[-9223372036854775808]", [-(2**63)]),
    "a pair of surrogates": (rb'["\ud83d\udce6"]', ["📦"]),
    "minus zero": (b"[-0.0]", [0.0]),
    "32 lists": (nested(32), orjson.loads(nested(32))),
    "5,000 keys": (orjson.dumps({str(number): 1 for number in range(5_000)}), {str(n): 1 for n in range(5_000)}),
    "20,000 items": (orjson.dumps([0] * 20_000), [0] * 20_000),
    "a boolean": (b"[true]", [True]),
}


@pytest.mark.parametrize(("body", "data"), PASSED.values(), ids=PASSED.keys())
def test_passed_as_it_is(body: bytes, data: Any) -> None:
    assert clean.parse(body) == data


@pytest.mark.parametrize("body", [b"[18446744073709551616]", b"[1" + b"0" * 30 + b"]", b"[-9223372036854775809]"])
def test_whole_numbers_beyond_64_bits_are_refused_and_not_rounded(body: bytes) -> None:
    with pytest.raises(Unclean):
        clean.parse(body)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("  Wool jumper\t", "Wool jumper"),
        ("a\nb\rc\x00d\x7fe", "a b c d e"),
        ("x" * 50, "x" * 10),
        ("Zoë 📦", "Zoë 📦"),
        ("\n\t ", ""),
    ],
)
def test_text_for_one_line_of_a_column(given: str, kept: str) -> None:
    assert clean.text(given, 10 if len(given) == 50 else 40) == kept


@pytest.mark.parametrize("character", ["\x85", "\x9b", "\u2028", "\u2029"])
def test_text_has_no_other_line_ends_either(character: str) -> None:
    assert clean.text(f"a{character}b", 40) == "a b"


def test_cut_text_has_no_blank_at_its_end() -> None:
    assert clean.text("Wool jumper", 5) == "Wool"
