"""A real HTTP server on loopback that speaks OpenAI's chat protocol, and misbehaves as it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Reply:
    """What to send. body: text as it stands, else a chat completion that says `text`; cut: close in the middle."""

    text: str = "A fine answer."
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: str | None = None
    finish_reason: str = "stop"
    seconds: float = 0.0
    cut: bool = False


Script = Callable[[dict[str, Any], int], Reply]
"""Told a request's body and how many came before it (from 0), says what to reply."""


class ChatServer:
    """Records what it was asked. most: requests under way at a time; keys: what clients sent as authorisation."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.most = self._now = 0
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                server.handle(self)

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_: object) -> None:
                """A client that has gone away is no matter."""

        self.http = Quiet(("127.0.0.1", 0), Handler)

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.http.server_address[1]}/v1"

    def handle(self, handler: BaseHTTPRequestHandler) -> None:
        body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
        with self._lock:
            number = len(self.bodies)
            self.bodies.append(body)
            self.keys.append(handler.headers.get("authorization", ""))
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            reply = self.script(body, number)
            time.sleep(reply.seconds)
        finally:
            with self._lock:
                self._now -= 1
        self._send(handler, body, reply)

    def _send(self, handler: BaseHTTPRequestHandler, body: dict[str, Any], reply: Reply) -> None:
        content = (reply.body if reply.body is not None else completion(body, reply)).encode()
        handler.send_response(reply.status)
        handler.send_header("content-type", "application/json")
        handler.send_header("content-length", str(len(content)))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if reply.cut else content)
        if reply.cut:
            handler.close_connection = True


def completion(body: dict[str, Any], reply: Reply) -> str:
    """A chat completion as OpenAI writes it."""
    return json.dumps(
        {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": body["model"],
            "choices": [
                {
                    "index": 0,
                    "finish_reason": reply.finish_reason,
                    "message": {"role": "assistant", "content": reply.text},
                }
            ],
            "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18},
        }
    )


@contextmanager
def chat_server(script: Script = lambda body, number: Reply()) -> Iterator[ChatServer]:
    """A server while the block lasts."""
    server = ChatServer(script)
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.http.shutdown()
        server.http.server_close()
        thread.join()
