from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.installations import Installation, open_installation


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    opened = open_installation(tmp_path)
    yield opened
    opened.database.close()
