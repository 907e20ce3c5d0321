"""A soak says how much it tried, and fails when a full one tried too little."""

from pathlib import Path

import pytest
from soak import kills
from soak.findings import Phase
from soak.phases import PHASES, TooLittleError, Trial


def test_the_phases_share_the_whole_time() -> None:
    assert sum(share for share, _ in PHASES.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("lives", "is_full", "fails"), [(99, True, True), (100, True, False), (3, False, False)]
)
def test_a_full_soak_that_resends_calls_of_too_few_earlier_lives_fails(
    lives: int, is_full: bool, fails: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run(*_: object, toll: kills.Toll, **__: object) -> None:
        toll.earlier_lives, toll.sent_again = lives, 4 * lives

    monkeypatch.setattr(kills, "run", run)
    phase = Phase("kills")
    trial = Trial(tmp_path, 1, 0, lambda _: None, is_full)

    if fails:
        with pytest.raises(TooLittleError, match="99 earlier lives"):
            PHASES["kills"][1](trial, phase)
    else:
        PHASES["kills"][1](trial, phase)

    assert phase.figures["earlier lives whose calls were sent again"] == lives
    assert phase.figures["calls of earlier lives sent again, each a duplicate"] == 4 * lives
