from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.dialects.genesys.genesys_app import GenesysApp


@pytest.fixture
async def app(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[GenesysApp]:
    """The dialect with known calls; parametrized indirectly, with other options."""
    app = GenesysApp(tmp_path, **getattr(request, "param", {}))
    yield app
    await app.close()


@pytest.fixture
async def client(app: GenesysApp) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks for acme's client, which may read everything; unexpected errors come as answers."""
    async with app.client() as client:
        yield client
