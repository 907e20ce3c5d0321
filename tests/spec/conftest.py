"""A meter for every promise."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.support.metering import Metering


@pytest_asyncio.fixture
async def meter(tmp_path: Path) -> AsyncIterator[Metering]:
    metering = Metering(tmp_path)
    await metering.up()
    yield metering
    await metering.down()
