"""The store in memory keeps the contract."""

import pytest

from calltally.store.memory.memory_store import MemoryUsageStore
from tests.contract.questions import Store
from tests.contract.usage_store_contract import UsageStoreContract


class TestMemoryUsageStore(UsageStoreContract):
    @pytest.fixture
    def store(self) -> Store:
        return MemoryUsageStore()
