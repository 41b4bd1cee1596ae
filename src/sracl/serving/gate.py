"""What stands before every request: the size of its body, its token, its time, and what becomes of errors."""

import hmac
import json
import logging
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from starlette.exceptions import HTTPException

from sracl.serving.limits import BODY_BYTES
from sracl.serving.monitoring import Monitoring

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

OPEN = ("/", "/health", "/ready", "/metrics", "/static")
"""Paths that need no token: they tell nothing of users or items."""
TOO_LARGE = f"the body is larger than {BODY_BYTES:,} bytes"
logger = logging.getLogger("sracl.serving")


class Gate:
    """An ASGI layer: 413 for a large body, 401 without the token, counts and times, 500 without a word of why.

    token: what `Authorization: Bearer` must carry; None: nobody is asked.
    """

    def __init__(self, app: Callable[..., Awaitable[None]], monitoring: Monitoring, token: str | None) -> None:
        self.app, self.monitoring = app, monitoring
        self.expected = None if token is None else f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the request through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begin, status = time.perf_counter(), 500

        async def noting(message: MutableMapping[str, Any]) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._through(scope, receive, noting)
        finally:
            # The route's pattern, never the path itself, which may hold ids and would be without bound.
            route = scope.get("route")
            path = getattr(route, "path", "other")
            self.monitoring.requests.labels(path, str(status)).inc()
            self.monitoring.seconds.labels(path).observe(time.perf_counter() - begin)

    async def _through(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = dict(scope["headers"])
        if not self._may(scope["path"], headers):
            await _answer(send, 401, "a bearer token is needed", [(b"www-authenticate", b"Bearer")])
            return
        length = headers.get(b"content-length", b"0")
        if not length.isdigit() or int(length) > BODY_BYTES:
            await _answer(send, 413, TOO_LARGE, [(b"connection", b"close")])
            return
        started = False

        async def starting(message: MutableMapping[str, Any]) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, _bounded(receive), starting)
        except Exception:
            logger.exception("a request failed")
            if not started:
                await _answer(send, 500, "the service failed; its log says why")

    def _may(self, path: str, headers: dict[bytes, bytes]) -> bool:
        if self.expected is None or path in OPEN or path.startswith("/static/"):
            return True
        return hmac.compare_digest(headers.get(b"authorization", b""), self.expected)


def _bounded(receive: Receive) -> Receive:
    """The same, until the body is larger than its limit: one sent in chunks states no length."""
    read = 0

    async def bounded() -> MutableMapping[str, Any]:
        nonlocal read
        message = await receive()
        read += len(message.get("body", b""))
        if read > BODY_BYTES:
            raise HTTPException(413, TOO_LARGE, {"Connection": "close"})
        return message

    return bounded


async def _answer(send: Send, status: int, detail: str, headers: list[tuple[bytes, bytes]] | None = None) -> None:
    body = json.dumps({"detail": detail}).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), *(headers or [])]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": body})
