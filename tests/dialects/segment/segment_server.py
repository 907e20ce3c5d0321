"""The dialect behind a real socket, for clients that nobody here wrote."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn

from calltally.server.path_normalizer import PathNormalizer
from tests.dialects.segment.segment_app import SegmentApp

TOKEN = "acme-token"


@dataclass(frozen=True)
class SegmentServer:
    """Where the server listens and who may speak to it."""

    base_url: str
    token: str
    app: SegmentApp


@contextmanager
def serving(**options: Any) -> Iterator[SegmentServer]:
    """A server with the known calls, for as long as the block lasts."""
    app = SegmentApp(options=options)
    front = PathNormalizer(app.litestar())  # type: ignore[arg-type] # the same ASGI, typed more closely
    server = uvicorn.Server(uvicorn.Config(front, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield SegmentServer(f"http://127.0.0.1:{port}", TOKEN, app)
    finally:
        server.should_exit = True
        thread.join()
        app.threads.close()
