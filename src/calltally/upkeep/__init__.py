"""What changes or proves what was counted: corrections, erasing, pruning, verifying, backups, exports."""

from calltally.upkeep.backup import BackupReport
from calltally.upkeep.call_name import CallName
from calltally.upkeep.pruning import PruneReport
from calltally.upkeep.upkeep import Upkeep

__all__ = ["BackupReport", "CallName", "PruneReport", "Upkeep"]
