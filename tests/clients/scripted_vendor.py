"""A vendor that says what a test wrote for it, behind a real socket."""

import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Reply:
    """One response, after some ``seconds``; ``missing_bytes`` are promised by its length and never sent."""

    status: int = 200
    body: str | bytes | Mapping[str, Any] | list[Any] = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    missing_bytes: int = 0
    seconds: float = 0

    def content(self) -> bytes:
        if isinstance(self.body, bytes):
            return self.body
        return self.body.encode() if isinstance(self.body, str) else json.dumps(self.body).encode()


@dataclass(frozen=True)
class Heard:
    """A request as it came in; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class ScriptedVendor:
    """Gives ``replies`` and ``tokens`` in their order; without the latter, ``token-1``, ``token-2`` …"""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        self.tokens: list[Reply] = []
        self.heard: list[Heard] = []
        self.logins: list[Heard] = []
        self.base_url = ""
        self._lock = threading.Lock()

    def reply_to(self, heard: Heard) -> Reply:
        with self._lock:
            if heard.target == "/oauth/token":
                self.logins.append(heard)
                token = {"access_token": f"token-{len(self.logins)}", "expires_in": 3600}
                return self.tokens.pop(0) if self.tokens else Reply(body=token)
            self.heard.append(heard)
            return self.replies.pop(0) if self.replies else Reply(500, "the script is at its end")


@contextmanager
def scripted_vendor() -> Iterator[ScriptedVendor]:
    """A vendor that listens for as long as the block lasts."""
    vendor = ScriptedVendor()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            reply = vendor.reply_to(Heard(self.command, self.path, headers, body))
            time.sleep(reply.seconds)
            content = reply.content()
            self.send_response(reply.status)
            for name, value in ({"Content-Type": "application/json"} | dict(reply.headers)).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) + reply.missing_bytes))
            self.end_headers()
            self.wfile.write(content)
            self.close_connection = reply.missing_bytes > 0

        do_GET = do_POST = _answer  # noqa: N815 - the names that http.server looks for

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign] # a client may go away
    vendor.base_url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield vendor
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
