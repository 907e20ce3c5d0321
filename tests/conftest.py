"""What all tests share: where their chance comes from."""

from tests.support.seeds import DEEP, base_seed, load_hypothesis_profile

load_hypothesis_profile()


def pytest_report_header() -> str:
    if not DEEP:
        return "chance: the same every time"
    return f"chance: seed {base_seed()}; make deep SEED={base_seed()} runs the same again"
