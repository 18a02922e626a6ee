"""Follow a feed page by page: `python -m benchmarks.apis.walking PORT ADDRESS START PAGES HEADERS`.

The next page is asked for when the one before is there, on one connection. Prints the milliseconds of each and the bytes of all.
"""

from __future__ import annotations

import http.client
import json
import sys
import time
from collections.abc import Mapping
from urllib.parse import quote

NEXT = b'"next":"'


def walked(port: int, address: str, start: str, pages: int, headers: Mapping[str, str]) -> dict[str, object]:
    """Ask for `address` with `start`, then with what each answer says is next, `pages` times or until nothing is.

    Raises `RuntimeError` for any answer but 200.
    """
    connection = http.client.HTTPConnection("127.0.0.1", port)
    took, size, place = list[float](), 0, start
    for _ in range(pages):
        began = time.perf_counter()
        connection.request("GET", address + quote(place), headers=dict(headers))
        response = connection.getresponse()
        body = response.read()
        took.append((time.perf_counter() - began) * 1000)
        if response.status != 200:
            raise RuntimeError(f"not answered: {response.status} {body[:300]!r}")
        before, place = place, body[body.rindex(NEXT) + len(NEXT) :].partition(b'"')[0].decode()
        size += len(body)
        if place == before:
            break
    return {"milliseconds": took, "bytes": size}


if __name__ == "__main__":
    port, address, start, pages, headers = sys.argv[1:]
    print(json.dumps(walked(int(port), address, start, int(pages), json.loads(headers))))
