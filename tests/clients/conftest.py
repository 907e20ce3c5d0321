from collections.abc import Iterator

import pytest

from tests.clients.calltally_server import CalltallyServer, calltally_server
from tests.clients.conversations import Talk, talk_asynchronously, talk_synchronously
from tests.clients.scripted_vendor import ScriptedVendor, scripted_vendor


@pytest.fixture(params=[talk_synchronously, talk_asynchronously], ids=["sync", "async"])
def talk(request: pytest.FixtureRequest) -> Talk:
    """Each of the two kinds of clients."""
    chosen: Talk = request.param
    return chosen


@pytest.fixture
def vendor() -> Iterator[ScriptedVendor]:
    with scripted_vendor() as vendor:
        yield vendor


@pytest.fixture(scope="session")
def calltally(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CalltallyServer]:
    """Calltally with known calls; nobody changes them."""
    with calltally_server(tmp_path_factory.mktemp("calltally")) as server:
        yield server
