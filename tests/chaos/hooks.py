"""Webhooks as a shop sends them: signed, over sockets of their own, several at once, again where no answer came."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import requests
from django.db import connection

from integrations import sources
from tests.support.world import Shop

TIMEOUT = 30
TRIES = 20


@dataclass(frozen=True, slots=True)
class Hook:
    """One message on its way. `key` is the shop's id of it."""

    url: str
    body: bytes
    headers: dict[str, str]
    key: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of posting it once: the status, 0 where the connection broke, and after how many seconds."""

    hook: Hook
    status: int
    seconds: float

    @property
    def is_taken(self) -> bool:
        """Whether the sender was told that the message is safe."""
        return 200 <= self.status < 300


def shopify_hook(shop: Shop, topic: str, payload: Any, key: str, domain: str) -> Hook:
    """A signed message for a shop's hook. `domain` is the shop's own name: no database is asked."""
    source, body = sources.get("shopify"), json.dumps(payload).encode()
    headers = {"content-type": "application/json", "x-shopify-webhook-id": key, "x-shopify-shop-domain": domain}
    headers |= source.headers_for(topic)
    url = f"{shop.world.site}/hooks/{shop.merchant.public_id}/shopify/"
    return Hook(url, body, headers | source.sign(body, shop.secrets["shopify"]), key)


def post(hook: Hook) -> Answer:
    """Post it once."""
    began = time.perf_counter()
    try:
        status = requests.post(hook.url, data=hook.body, headers=hook.headers, timeout=TIMEOUT).status_code
    except requests.RequestException:
        status = 0
    return Answer(hook, status, time.perf_counter() - began)


def post_all(
    hooks: Iterable[Hook], *, threads: int, after: Callable[[Answer], None] = lambda answer: None
) -> list[Answer]:
    """Post each until it is taken, many at once; returns every answer. `after` is called with each, in the same thread."""
    waiting: queue.SimpleQueue[Hook] = queue.SimpleQueue()
    for hook in hooks:
        waiting.put(hook)
    answers: list[Answer] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            while True:
                _post_until_taken(waiting.get_nowait(), answers, after)
        except queue.Empty:
            return
        except BaseException as error:
            errors.append(error)
        finally:
            connection.close()

    senders = [threading.Thread(target=work, daemon=True) for _ in range(threads)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    if errors:
        raise errors[0]
    return answers


def _post_until_taken(hook: Hook, answers: list[Answer], after: Callable[[Answer], None]) -> None:
    for _ in range(TRIES):
        answer = post(hook)
        answers.append(answer)
        after(answer)
        if answer.is_taken:
            return
