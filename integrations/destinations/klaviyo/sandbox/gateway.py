"""What every request to the API goes through: key, faults, limits, revision, scopes, media type, operation, headers."""

from __future__ import annotations

import re
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from integrations.destinations.sandbox import trouble
from integrations.destinations.sandbox.faults import BEFORE, FaultBook, FaultSettings
from integrations.destinations.sandbox.wire import Reply, Request

from . import client_side, problems
from .calls import Answer, Call, Operation, Options
from .events import unique_ids
from .journal import Entry, Journal
from .limits import Limiter
from .problems import Problem, Refused
from .routes import find_operation
from .rules import MAX_BODY_BYTES
from .shapes import REVISIONS
from .store import Account, Key, Store

_MEDIA_TYPES = ("application/json", "application/vnd.api+json")
_PREFLIGHT = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST",
    "Access-Control-Allow-Headers": "Content-Type, revision",
}
_REVISION = re.compile(r"\d{4}-\d\d-\d\d(?:\.[a-z]+)?")


@dataclass(slots=True)
class Visit:
    """One request on its way through the gateway, and what became known of it."""

    request: Request
    at: datetime
    request_id: str
    operation: Operation | None = None
    identifier: str = ""
    private_key: str = ""
    key: Key | None = None
    body: Any = None
    unique_ids: list[str] = field(default_factory=list)
    fault: FaultSettings | None = None
    processed: bool = False

    @property
    def account(self) -> Account | None:
        """The account of the key, if the key is known."""
        return self.key.account if self.key else None

    @property
    def revision(self) -> str | None:
        """The revision asked for."""
        return self.request.headers.get("revision")


@dataclass(slots=True)
class Gateway:
    """The API of all accounts. `clock` gives the epoch seconds."""

    store: Store
    limiter: Limiter
    faults: FaultBook
    journal: Journal
    options: Options
    clock: Callable[[], float]

    def now(self) -> datetime:
        """The sandbox's time."""
        return datetime.fromtimestamp(self.clock(), UTC)

    def answer(self, request: Request) -> Reply:
        """Answer one request, note it and count it. A browser's question before a call is answered, and no more."""
        if request.method == "OPTIONS" and request.path.startswith(client_side.PREFIX):
            return Reply(204, b"", dict(_PREFLIGHT))
        visit = Visit(request, self.now(), str(uuid.uuid4()))
        try:
            reply = self._answer(visit)
        except Refused as refused:
            reply = self._refusal(visit, refused)
        reply = replace(reply, headers={**self._headers(visit, reply.status), **reply.headers})
        if request.path.startswith(client_side.PREFIX):
            reply = replace(reply, headers={**reply.headers, "Access-Control-Allow-Origin": "*"})
        self._note(visit, reply)
        return reply

    def too_large(self, request: Request) -> Reply:
        """The answer to a body that was too long to be read."""
        visit = Visit(request, self.now(), str(uuid.uuid4()))
        reply = self._refusal(visit, problems.too_large(MAX_BODY_BYTES))
        self._note(visit, reply)
        return reply

    def _answer(self, visit: Visit) -> Reply:
        request = visit.request
        operation, visit.identifier = find_operation(request.method, request.path)
        visit.operation = operation
        if request.path.startswith(client_side.PREFIX):
            visit.key = self.store.public(request.query.get("company_id", ""))
        else:
            visit.private_key = _private_key(request.headers.get("authorization", ""))
            visit.key = self.store.key(visit.private_key)
        body_problem = _read_body(visit, operation)
        visit.fault = self._fault(visit, operation)
        if visit.fault and visit.fault.kind in BEFORE:
            return self._strike_before(visit, visit.fault)
        key = self._admit(visit, operation)
        if body_problem is not None:
            raise body_problem
        answer = self._run(visit, operation, key.account)
        body = b"" if answer.document is None else orjson.dumps(answer.document)
        content_type = {"Content-Type": "application/vnd.api+json"} if body else {}
        reply = Reply(answer.status, body, {**content_type, **answer.headers})
        return trouble.after(reply, visit.fault) if visit.fault else reply

    def _fault(self, visit: Visit, operation: Operation) -> FaultSettings | None:
        names = (visit.private_key, visit.account.public_key) if visit.account else (visit.private_key,)
        return self.faults.pick(names, operation.name, visit.unique_ids)

    def _strike_before(self, visit: Visit, fault: FaultSettings) -> Reply:
        """The answer of a fault that keeps the request from being processed."""
        if fault.kind == "throttle":
            raise problems.throttled(fault.seconds)
        if fault.kind == "revoke_key":
            if visit.key is not None:
                visit.key.revoked = True
            raise problems.not_authenticated()
        if fault.kind == "server_error":
            raise Refused([Problem("A server error occurred.", None, 500, "internal_error", "Server error.")])
        return trouble.before(fault)

    def _admit(self, visit: Visit, operation: Operation) -> Key:
        """Return the key, or raise Refused unless key, rate limits, revision and scopes let the request in."""
        if visit.key is None and visit.request.path.startswith(client_side.PREFIX):
            raise Refused([Problem("'company_id' names no account.", parameter="company_id")])
        if visit.key is None or visit.key.revoked:
            raise problems.not_authenticated()
        wait = self.limiter.take(visit.key.account.public_key, operation.name, visit.at.timestamp())
        if wait:
            raise problems.throttled(wait)
        _check_revision(visit.revision)
        missing = operation.scopes - visit.key.scopes
        if missing:
            raise problems.scope_missing(missing)
        return visit.key

    def _run(self, visit: Visit, operation: Operation, account: Account) -> Answer:
        request = visit.request
        account.settle(visit.at, self.options.first_flow_delay)
        answer = operation.run(
            Call(
                account=account,
                options=self.options,
                at=visit.at,
                base=request.base,
                revision=visit.revision or "",
                query=request.query,
                identifier=visit.identifier,
                body=visit.body,
                size=len(request.body),
            )
        )
        visit.processed = True
        return answer

    def _refusal(self, visit: Visit, refused: Refused) -> Reply:
        errors = [problem.document(visit.request_id, pointers=self.options.pointers) for problem in refused.problems]
        headers = {"Content-Type": "application/vnd.api+json", **refused.headers}
        return Reply(refused.status, orjson.dumps({"errors": errors}), headers)

    def _headers(self, visit: Visit, status: int) -> dict[str, str]:
        """The headers that Klaviyo was recorded to send with every answer of its own."""
        if visit.fault and visit.fault.kind in trouble.FOREIGN:
            return {}
        headers = {"X-Klaviyo-Req-Id": visit.request_id, "Content-Language": "en-us"}
        if visit.revision:
            headers["X-Klaviyo-Api-Revision"] = visit.revision
        if visit.account is None or status == 401:
            return headers
        headers["Cid"] = visit.account.public_key
        if status != 429 and visit.operation is not None:
            headers |= self.limiter.headers(visit.account.public_key, visit.operation.name, visit.at.timestamp())
        return headers

    def _note(self, visit: Visit, reply: Reply) -> None:
        account, unanswered = visit.account, reply.ending in ("reset", "close")
        status = 0 if unanswered else reply.status
        if account is not None:
            with account.lock:
                account.counters["requests"] += 1
                account.counters["faults"] += visit.fault is not None and visit.fault.kind != "none"
                account.counters["throttled"] += status == 429
                account.counters["refused"] += 400 <= status < 500 and status != 429
        self.journal.add(
            Entry(
                at=visit.at,
                account=account.public_key if account else None,
                method=visit.request.method,
                path=visit.request.path,
                operation=visit.operation.name if visit.operation else None,
                status=status,
                processed=visit.processed,
                fault=visit.fault.kind if visit.fault else None,
                request_id=visit.request_id,
                revision=visit.revision,
                bytes=len(visit.request.body),
                unique_ids=visit.unique_ids,
                body=visit.body,
            )
        )


def _private_key(authorization: str) -> str:
    kind, _, key = authorization.partition(" ")
    return key.strip() if kind.lower() == "klaviyo-api-key" else ""


def _check_revision(revision: str | None) -> None:
    """Klaviyo's description requires the header; what it answers without one is not documented, so this is a guess."""
    if revision is None:
        detail = "The revision header is required."
    elif _REVISION.fullmatch(revision) is None:
        detail = f"'{revision}' is not a valid revision."
    elif revision not in REVISIONS:
        detail = f"This sandbox serves the revisions {' and '.join(REVISIONS)}, not {revision}."
    else:
        return
    raise Refused([Problem(detail, parameter="revision")])


def _read_body(visit: Visit, operation: Operation) -> Refused | None:
    """Parse the body into the visit. What is wrong with it is returned, to be raised once the request is let in."""
    request = visit.request
    if request.method == "GET":
        return None
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in _MEDIA_TYPES:
        return problems.unsupported_media(f"Unsupported media type '{media_type}' in request.")
    try:
        visit.body = orjson.loads(_plain(request))
    except Refused as refused:
        return refused
    except orjson.JSONDecodeError:
        return Refused([Problem("The payload is not valid JSON.", "/data/", code="parse_error")])
    visit.unique_ids = unique_ids(visit.body, operation.name)
    return None


def _plain(request: Request) -> bytes:
    """The body without its compression. The limit of 5 MB holds for the decompressed body."""
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return request.body
    if encoding != "gzip":
        raise problems.unsupported_media(f"Unsupported content encoding '{encoding}' in request.")
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        plain = decompressor.decompress(request.body, MAX_BODY_BYTES + 1)
    except zlib.error:
        raise Refused([Problem("The payload is not valid gzip.", "/data/", code="parse_error")]) from None
    if len(plain) > MAX_BODY_BYTES:
        raise problems.too_large(MAX_BODY_BYTES)
    return plain
