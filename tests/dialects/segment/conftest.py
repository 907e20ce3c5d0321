from collections.abc import AsyncIterator, Iterator

import httpx
import pytest

from tests.dialects.segment.segment_app import SegmentApp


@pytest.fixture
def app(request: pytest.FixtureRequest) -> Iterator[SegmentApp]:
    """The dialect with known calls; parametrized indirectly, with other options."""
    app = SegmentApp(options=getattr(request, "param", {}))
    yield app
    app.threads.close()


@pytest.fixture
async def client(app: SegmentApp) -> AsyncIterator[httpx.AsyncClient]:
    """Speaks for acme's client, which may read everything; unexpected errors come as answers."""
    async with app.visitor() as client:
        yield client
