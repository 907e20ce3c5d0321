"""The dialect behind a real socket, with a real login, for clients that nobody here wrote."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn
from litestar import Litestar

from calltally.auth.token_endpoint import token_router
from calltally.server.path_normalizer import PathNormalizer
from tests.dialects.genesys.genesys_app import GenesysApp
from tests.installations import Installation, open_installation


@dataclass(frozen=True)
class GenesysServer:
    """Where the server listens, and a client of ``acme`` that may read everything."""

    base_url: str
    client_id: str
    client_secret: str
    app: GenesysApp
    installation: Installation

    def new_client(self, *permissions: str, organization: str = "acme") -> tuple[str, str]:
        """The id and the secret of another client."""
        client = self.installation.clients.create(organization, "Another", permissions)
        return client.client_id, client.client_secret


@contextmanager
def serving(directory: Path, **options: Any) -> Iterator[GenesysServer]:
    """A server with the known calls, for as long as the block lasts; options are those of the dialect."""
    installation = open_installation(directory)
    reader = installation.clients.create("acme", "Reader", ["usage:read"])
    app = GenesysApp(directory, options, authenticator=installation.authority)
    login = token_router(installation.authority, installation.clients)
    litestar = Litestar([login, app.dialect.router()], openapi_config=None, logging_config=None)
    front = PathNormalizer(litestar)  # type: ignore[arg-type] # the same ASGI, typed more closely
    server = uvicorn.Server(uvicorn.Config(front, port=0, log_config=None, lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        base_url = f"http://127.0.0.1:{port}"
        yield GenesysServer(base_url, reader.client_id, reader.client_secret, app, installation)
    finally:
        server.should_exit = True
        thread.join()
        app.threads.close()
        app.database.close()
        installation.database.close()
