"""The dialect behind a real socket, for clients that nobody here wrote."""

import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote

import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send

from tests.dialects.sailpoint.sailpoint_app import SailPointApp

CLIENT_ID = "acme-client"
CLIENT_SECRET = "s&c+ret"
TOKEN = "acme-token"


@dataclass(frozen=True)
class SailPointServer:
    """Where the server listens and who may speak to it."""

    base_url: str
    client_id: str
    client_secret: str
    token: str
    app: SailPointApp


@contextmanager
def serving(**options: Any) -> Iterator[SailPointServer]:
    """A server with the known calls, for as long as the block lasts."""
    app = SailPointApp(options=options)
    server = uvicorn.Server(uvicorn.Config(_front(app.litestar()), port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield SailPointServer(f"http://127.0.0.1:{port}", CLIENT_ID, CLIENT_SECRET, TOKEN, app)
    finally:
        server.should_exit = True
        thread.join()
        app.executor.shutdown()


def _front(dialect: ASGIApp) -> ASGIApp:
    """Stands in for what the whole application does in front: canonical paths, and tokens for secrets."""

    async def front(scope: Scope, receive: Receive, send: Send) -> None:
        raw_path = re.sub("/+", "/", scope["raw_path"].decode())
        if raw_path == "/oauth/token":
            await _answer_token_request(receive, send)
            return
        segments = (unquote(segment) for segment in raw_path.split("/"))
        scope["path"] = "/".join(text.replace("%", "%25").replace("/", "%2F") for text in segments)
        await dialect(scope, receive, send)

    return front


async def _answer_token_request(receive: Receive, send: Send) -> None:
    message: Any = await receive()
    form = parse_qs(message["body"].decode())
    right = (form["client_id"], form["client_secret"]) == ([CLIENT_ID], [CLIENT_SECRET])
    reply = {"access_token": TOKEN, "token_type": "bearer"} if right else {"error": "invalid_client"}
    headers = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200 if right else 401, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(reply).encode(), "more_body": False})
