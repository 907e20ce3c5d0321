from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.dialects.sailpoint.sailpoint_app import SailPointApp


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[SailPointApp]:
    """The dialect with known calls; parametrized indirectly, with other options."""
    app = SailPointApp(options=getattr(request, "param", {}))
    yield app
    app.threads.close()


@pytest.fixture
async def client(app: SailPointApp) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks for acme's client, which may read everything; unexpected errors come as answers."""
    transport = httpx.ASGITransport(app=app.litestar(), raise_app_exceptions=False)  # type: ignore[arg-type]
    headers = {"Authorization": "Bearer acme-token"}
    async with httpx.AsyncClient(transport=transport, base_url="http://sailpoint", headers=headers) as client:
        yield client
