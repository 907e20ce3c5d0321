"""Through any number of lives of a directory every call is counted exactly once."""

import asyncio
from pathlib import Path

import pytest

from tests.properties.lives import Lives
from tests.support.seeds import luck, seeds


@pytest.mark.parametrize("seed", seeds(4))
def test_whatever_happened_in_lives_before_a_call_is_counted_once(seed: int, tmp_path: Path) -> None:
    lives = Lives(tmp_path, luck(seed))

    asyncio.run(lives.live(140))

    assert lives.counted["starts"] > 20
    assert lives.counted["send again"] > 10
